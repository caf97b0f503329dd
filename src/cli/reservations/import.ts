import type { Command } from 'commander';
import { EXIT_STATUS } from '../../errors.ts';
import type { MemberChange } from '../../lease/reservation/reservation-changes.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { jsonText } from '../output/json.ts';
import { type Column, writeTable } from '../output/output.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { readEntries } from './read-entries.ts';
import { type Progress, remarkOf } from './reservation-order.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** Entries that the API takes at once. */
const AT_ONCE = 10_000;

/** Why an entry is refused, as the API answers it. */
export interface Refusal {
  readonly why: string | null;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

interface ImportedEntry extends Refusal, Progress {
  readonly what: EntryOutcome['what'];
  readonly id: string | null;
  readonly address: string | null;
}

/** What became of one entry. */
export interface EntryOutcome {
  /** unchanged: it was so already. unexplained: a lease that no reservation is about. */
  readonly what: 'added' | 'changed' | 'unchanged' | 'removed' | 'refused' | 'unexplained';
  readonly id: string | null;
  readonly address: string | null;
  readonly remark: string | null;
  /** What of it was changed, or would be. */
  readonly changes?: readonly MemberChange[];
}

export const OUTCOME_COLUMNS: readonly Column<EntryOutcome>[] = [
  { heading: 'WHAT', cell: ({ what }) => what },
  { heading: 'ID', cell: ({ id }) => id, least: 8 },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'REMARK', cell: ({ remark }) => remark, wraps: true, least: 20 },
];

/** Adds `reservations import`. */
export function addReservationsImport(reservations: Command, surroundings: CommandSurroundings): void {
  withReason(
    apiCommand(
      reservations,
      'import',
      'sets all reservations of a file; others stay; a bad one is refused by name',
    )
      .argument('<file>', 'JSON: a list of entries, each with its id; -: standard input')
      .option('--dry-run', 'only say what would be'),
  ).action((file: string, options: Options) => importFile(file, options, surroundings));
}

async function importFile(file: string, options: Options, surroundings: CommandSurroundings): Promise<void> {
  const entries = readEntries(file);
  const { reason, dryRun = false } = options;
  const api = apiOf(options, surroundings.environment);
  const outcomes: EntryOutcome[] = [];
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const { items } = await api.order<{ readonly items: readonly ImportedEntry[] }>({
      method: 'POST',
      path: '/reservations/import',
      body: { entries: entries.slice(from, from + AT_ONCE), dry_run: dryRun, reason },
      isLong: true,
    });
    outcomes.push(...items.map((item, index) => outcomeOf(item, from + index)));
  }
  tell(outcomes, options, surroundings);
}

function outcomeOf(item: ImportedEntry, position: number): EntryOutcome {
  const { what, id, address } = item;
  const { changes = [] } = item;
  if (what !== 'refused') return { what, id, address, remark: remarkOf(item), changes };
  if (id === null) return { what, id, address, remark: `entry ${position + 1} of the file has no id` };
  return { what, id, address, remark: refusalText(item) };
}

/** Each fault of a refused entry; without any, what the refusal means. */
export function refusalText({ why, errors }: Refusal): string {
  const faults = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  return faults.join('; ') || (REFUSALS[why ?? ''] ?? why ?? '');
}

const REFUSALS: Readonly<Record<string, string>> = {
  'needs-shared-store':
    'other gateways do not share the reservations: name its address, and import the file at each of them',
  'pool-full': 'no address of the pool is free for it',
};

/** Prints the outcomes; the exit status says whether any was refused. */
export function tell(
  outcomes: readonly EntryOutcome[],
  { json, dryRun }: Options,
  { output, remark, exitWith }: CommandSurroundings,
): void {
  if (json === true) output.write(jsonText({ items: outcomes, dry_run: dryRun === true }));
  else {
    if (outcomes.length > 0) writeTable(output, OUTCOME_COLUMNS, outcomes);
    output.write(`${dryRun === true ? 'would be: ' : ''}${countsOf(outcomes)}\n`);
  }
  const refusals = countOf(outcomes, 'refused');
  if (dryRun === true) remark('this was a dry run: nothing was changed');
  if (refusals === 0) return;
  remark(`${refusals} refused; the others stand`);
  exitWith(EXIT_STATUS.refused);
}

function countsOf(outcomes: readonly EntryOutcome[]): string {
  const counts = (['added', 'changed', 'refused'] as const).map(
    (what) => `${countOf(outcomes, what)} ${what}`,
  );
  return [...counts, `${countOf(outcomes, 'unchanged')} as they were`].join(', ');
}

function countOf(outcomes: readonly EntryOutcome[], wanted: EntryOutcome['what']): number {
  return outcomes.filter(({ what }) => what === wanted).length;
}
