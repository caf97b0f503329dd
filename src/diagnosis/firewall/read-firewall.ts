import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from '../find-program.ts';
import type { AskedMessage } from './asked-message.ts';
import { chainsOfIptables, tableNamesIn } from './iptables.ts';
import { chainsOfNft, ownTablesIn } from './nft.ts';
import { type BaseChain, type Dropping, droppingRules } from './ruleset.ts';

/** How long one program may take: milliseconds. */
const PATIENCE = 2000;
const OUTPUT_LIMIT = 16 << 20;

/**
 * The rules of this machine's firewall that certainly drop a new guest's message. Runs programs and waits for them, each
 * two seconds at the most: for commands, not for the server.
 *
 * @returns undefined where no rules can be read: a right or a program is missing.
 */
export function droppingRulesFor(interfaceName: string): readonly Dropping[] | undefined {
  const printed = [outputOf('iptables-save'), outputOf('nft', '-j', 'list', 'ruleset')];
  if (printed.every((each) => each === undefined)) return undefined;
  const [ofIptables = '', ofNft = ''] = printed;
  // The kernel may have those of the older iptables beside them, also where iptables-save has nothing to print.
  const ofOlder = hasLegacyTables() ? (outputOf('iptables-legacy-save') ?? '') : '';
  const isInNft = /\(nf_tables\)|use 'nft' tool/.test(ofIptables);
  const byNft = isInNft ? ownTablesIn(ofNft) : [];
  const byIptables = isInNft ? tableNamesIn(ofIptables).filter((name) => !byNft.includes(name)) : [];
  const asked: AskedMessage = {
    interfaceName,
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

/** What the program prints; undefined: it is not installed, lacks a right, or takes too long. */
function outputOf(name: string, ...words: readonly string[]): string | undefined {
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const { status, stdout } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_LIMIT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : undefined;
}

/** Asked before iptables-legacy-save, which would load kernel modules only to find no rules. */
function hasLegacyTables(): boolean {
  try {
    return readFileSync('/proc/net/ip_tables_names', 'latin1').trim() !== '';
  } catch {
    return false;
  }
}
