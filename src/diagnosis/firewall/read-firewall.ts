import { existsSync, readFileSync } from 'node:fs';
import { outputOf, type ProgramOutput } from '../program-output.ts';
import type { AskedMessage } from './asked-message.ts';
import { chainsOfIptables, tableNamesIn } from './iptables.ts';
import { chainsOfNft, ownTablesIn } from './nft.ts';
import { type BaseChain, type Dropping, droppingRules } from './ruleset.ts';

/** How long one program may take: milliseconds. */
const PATIENCE = 2000;

/**
 * The rules of this machine's firewall that certainly drop a new guest's message. Runs programs and waits for them, each
 * two seconds at the most: for commands, not for the server.
 *
 * @returns undefined where the rules cannot be read: a right or a program is missing, or there are too many of them. One that
 * drops the message is named all the same.
 * @param isForwarded True: those that drop what the bridge of this name forwards from one port to another.
 */
export function droppingRulesFor(
  interfaceName: string,
  isForwarded = false,
): readonly Dropping[] | undefined {
  const outputs = [
    outputOf('iptables-save', [], PATIENCE),
    outputOf('nft', ['-j', 'list', 'ruleset'], PATIENCE),
  ];
  if (outputs.every(({ kind }) => kind === 'not-installed' || kind === 'failed')) return undefined;
  // The kernel may have those of the older iptables beside them, also where iptables-save has nothing to print.
  if (hasLegacyTables()) outputs.push(outputOf('iptables-legacy-save', [], PATIENCE));
  const rules = rulesIn(interfaceName, isForwarded, outputs.map(printedText));
  return rules.length === 0 && outputs.some(({ kind }) => kind === 'cut-short') ? undefined : rules;
}

function printedText(output: ProgramOutput): string {
  return output.kind === 'printed' ? output.text : '';
}

/** @param printed By iptables-save, nft and iptables-legacy-save. */
function rulesIn(
  interfaceName: string,
  isForwarded: boolean,
  printed: readonly string[],
): readonly Dropping[] {
  const [ofIptables = '', ofNft = '', ofOlder = ''] = printed;
  const isInNft = /\(nf_tables\)|use 'nft' tool/.test(ofIptables);
  const byNft = isInNft ? ownTablesIn(ofNft) : [];
  const byIptables = isInNft ? tableNamesIn(ofIptables).filter((name) => !byNft.includes(name)) : [];
  const asked: AskedMessage = {
    interfaceName,
    isForwarded,
    isBridge: existsSync(`/sys/class/net/${interfaceName}/bridge`),
    mayBeUntracked: /notrack/i.test(`${ofIptables} ${ofNft} ${ofOlder}`),
  };
  const chains: BaseChain[] = [
    ...chainsOfIptables(ofIptables, asked, byNft),
    ...chainsOfNft(ofNft, asked, byIptables),
    ...chainsOfIptables(ofOlder, asked, [], 'iptables-legacy'),
  ];
  // A rule that both programs print is the first one's.
  return [
    ...new Map(
      droppingRules(chains)
        .map((one) => [one.text, one] as const)
        .reverse(),
    ).values(),
  ].reverse();
}

/** Asked before iptables-legacy-save, which would load kernel modules only to find no rules. */
function hasLegacyTables(): boolean {
  try {
    return readFileSync('/proc/net/ip_tables_names', 'latin1').trim() !== '';
  } catch {
    return false;
  }
}
