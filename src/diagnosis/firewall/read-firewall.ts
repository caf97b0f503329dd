import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from '../find-program.ts';
import { chainsOfIptables, tableNamesIn } from './iptables.ts';
import { chainsOfNft, ownTablesIn } from './nft.ts';
import { type Asked, type BaseChain, droppingRules } from './ruleset.ts';

/** How long one program may take: milliseconds. */
const PATIENCE = 2000;
const OUTPUT_LIMIT = 16 << 20;

/**
 * Rules of this machine that keep a new guest's message from the gateway; empty: none is sure to. Undefined: none can be
 * read, for want of a right or of a program.
 */
export function droppingRulesFor(interfaceName: string): readonly string[] | undefined {
  const asked: Asked = { interfaceName, isBridge: existsSync(`/sys/class/net/${interfaceName}/bridge`) };
  const printed = [outputOf('iptables-save'), outputOf('nft', '-j', 'list', 'ruleset')];
  if (printed.every((each) => each === undefined)) return undefined;
  const [ofIptables = '', ofNft = ''] = printed;
  const isInNft = /\(nf_tables\)|use 'nft' tool/.test(ofIptables);
  const byNft = isInNft ? ownTablesIn(ofNft) : [];
  const byIptables = isInNft ? tableNamesIn(ofIptables).filter((name) => !byNft.includes(name)) : [];
  const chains: BaseChain[] = [
    ...chainsOfIptables(ofIptables, asked, byNft),
    ...chainsOfNft(ofNft, asked, byIptables),
  ];
  if (isInNft && hasLegacyTables())
    chains.push(...chainsOfIptables(outputOf('iptables-legacy-save') ?? '', asked));
  return droppingRules(chains);
}

/** Undefined: it is not there, has not the right, or takes too long. */
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

/** Asked first, so that nothing is loaded into the kernel only to see that it is empty. */
function hasLegacyTables(): boolean {
  try {
    return readFileSync('/proc/net/ip_tables_names', 'latin1').trim() !== '';
  } catch {
    return false;
  }
}
