import { EXIT_STATUS } from '../../errors.ts';
import type { Place, SourceFault } from '../../importing/found.ts';
import { jsonText } from '../output/json.ts';
import { type Column, writeTable } from '../output/output.ts';
import type { CommandSurroundings } from '../surroundings.ts';

/** What became of one lease, host or line of the files. */
export interface ImportOutcome extends Place {
  /**
   * leased: the lease is taken over. reserved: there is a new reservation. changed: one has changed. known: it is here already.
   * refused: it stays out. unknown: it may have been stored or not. fault: what stands there is no lease and no host.
   */
  readonly what: 'leased' | 'reserved' | 'changed' | 'known' | 'refused' | 'unknown' | 'fault';
  readonly address: string | null;
  readonly mac: string | null;
  /** Of a reservation. */
  readonly id: string | null;
  readonly hostname: string | null;
  /** When the lease ends; of no reservation. */
  readonly expires: string | null;
  readonly remark: string | null;
}

const COLUMNS: readonly Column<ImportOutcome>[] = [
  { heading: 'WHAT', cell: ({ what }) => what },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'MAC', cell: ({ mac }) => mac },
  { heading: 'NAME', cell: ({ id, hostname }) => id ?? hostname, most: 30, least: 8 },
  { heading: 'UNTIL', cell: ({ expires }) => expires },
  { heading: 'FROM', cell: ({ file, line }) => `${file}:${line}`, least: 12 },
  { heading: 'REMARK', cell: ({ remark }) => remark, wraps: true, least: 20 },
];

export function faultOutcome({ file, line, what: remark }: SourceFault): ImportOutcome {
  const nothing = { address: null, mac: null, id: null, hostname: null, expires: null };
  return { what: 'fault', file, line, ...nothing, remark };
}

type Form = { readonly json?: boolean; readonly dryRun?: boolean };

/** Prints what became of each. */
export function writeOutcomes(
  outcomes: readonly ImportOutcome[],
  leftOut: ReadonlyMap<string, number>,
  { json, dryRun }: Form,
  { output }: Pick<CommandSurroundings, 'output'>,
): void {
  if (json === true)
    output.write(
      jsonText({ items: outcomes, left_out: Object.fromEntries(leftOut), dry_run: dryRun === true }),
    );
  else if (outcomes.length > 0) writeTable(output, COLUMNS, outcomes);
}

/** Prints what became of all; the exit status says whether any was refused or is no lease. */
export function tellOutcomes(
  outcomes: readonly ImportOutcome[],
  leftOut: ReadonlyMap<string, number>,
  form: Form,
  surroundings: CommandSurroundings,
): void {
  const { remark, exitWith } = surroundings;
  const { dryRun } = form;
  writeOutcomes(outcomes, leftOut, form, surroundings);
  const count = (...kinds: readonly ImportOutcome['what'][]) =>
    outcomes.filter(({ what }) => kinds.includes(what)).length;
  const counts: readonly (readonly [string, number])[] = [
    ['leased', count('leased')],
    ['reserved', count('reserved')],
    ['changed', count('changed')],
    ['known', count('known')],
    ['refused', count('refused')],
    ['unknown', count('unknown')],
    [count('fault') === 1 ? 'fault' : 'faults', count('fault')],
  ];
  const told = counts.filter(([, number]) => number > 0).map(([what, number]) => `${number} ${what}`);
  remark(`${dryRun === true ? 'would be: ' : ''}${told.join(', ') || 'nothing'}${leftOutText(leftOut)}`);
  if (dryRun === true) remark('this was a dry run: nothing was changed');
  if (count('unknown') > 0) exitWith(EXIT_STATUS['outcome-unknown']);
  else if (count('refused', 'fault') > 0) exitWith(EXIT_STATUS.refused);
}

function leftOutText(leftOut: ReadonlyMap<string, number>): string {
  if (leftOut.size === 0) return '';
  return `; left out: ${[...leftOut].map(([why, number]) => `${number} ${why}`).join(', ')}`;
}
