import type { Command } from 'commander';
import { EXIT_STATUS } from '../../errors.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { ApiRefusal } from '../api/refusal.ts';
import { jsonText } from '../output/json.ts';
import { type Column, writeTable } from '../output/output.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { readEntries } from './read-entries.ts';
import { type Ordered, pathOf, remarkOf } from './reservation-order.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** What became of one entry. */
export interface EntryOutcome {
  /** unchanged: it was so already. unexplained: a lease that no reservation is about. */
  readonly what: 'added' | 'changed' | 'unchanged' | 'removed' | 'refused' | 'unexplained';
  readonly id: string | null;
  readonly address: string | null;
  readonly remark: string | null;
}

export const OUTCOME_COLUMNS: readonly Column<EntryOutcome>[] = [
  { heading: 'WHAT', cell: ({ what }) => what },
  { heading: 'ID', cell: ({ id }) => id, least: 8 },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'REMARK', cell: ({ remark }) => remark, wraps: true, least: 20 },
];

/** Adds `reservations import`. */
export function addImportCommand(reservations: Command, surroundings: CommandSurroundings): void {
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
  const api = apiOf(options, surroundings.environment);
  const outcomes: SetEntry[] = [];
  try {
    for (const [position, entry] of entries.entries())
      outcomes.push(await setOne(api, position, entry, options));
    if (options.dryRun !== true) while (await setHeld(api, entries, outcomes, options));
  } catch (error) {
    if (outcomes.length > 0)
      surroundings.remark(
        `${outcomes.length} of ${entries.length} entries were dealt with; the same file may be imported again`,
      );
    throw error;
  }
  tell(
    outcomes.map(({ isHeld: _, ...outcome }) => outcome),
    options,
    surroundings,
  );
}

/** isHeld: refused because another reservation has what it claims. */
type SetEntry = EntryOutcome & { readonly isHeld?: true };

/**
 * Sets once more what another reservation was in the way of: one that stands later in the file may have given it up by now.
 * True: that was so of some, and of others it may be so now.
 */
async function setHeld(
  api: GatewayApi,
  entries: readonly unknown[],
  outcomes: SetEntry[],
  options: Options,
): Promise<boolean> {
  let isAnySet = false;
  for (const [position, { id: own, isHeld }] of outcomes.entries()) {
    // Of two entries of one id the later one counts.
    if (isHeld !== true || outcomes.findLastIndex(({ id }) => id === own) > position) continue;
    const outcome = await setOne(api, position, entries[position], options);
    outcomes[position] = outcome;
    isAnySet ||= outcome.what !== 'refused';
  }
  return isAnySet;
}

async function setOne(
  api: GatewayApi,
  position: number,
  entry: unknown,
  { reason, dryRun }: Options,
): Promise<SetEntry> {
  const id = isObject(entry) && typeof entry['id'] === 'string' ? entry['id'] : undefined;
  if (id === undefined || id === '') return refused(null, `entry ${position + 1} of the file has no id`);
  try {
    const known = await api.find<Ordered>(pathOf(id));
    const done = await api.order<Ordered>({
      method: 'PUT',
      path: pathOf(id),
      query: { reason, dry_run: dryRun === true ? 'true' : undefined },
      body: entry,
    });
    const remark = remarkOf(done);
    return { what: whatWasDone(known, done), id, address: done.address, remark };
  } catch (error) {
    if (!(error instanceof ApiRefusal) || !['refused', 'bad-settings'].includes(error.code)) throw error;
    return { ...refused(id, error.summary), ...(error.word === 'held' && { isHeld: true }) };
  }
}

/** Each change makes another version; a dry run says what it would be. */
function whatWasDone(known: Ordered | undefined, done: Ordered): EntryOutcome['what'] {
  if (known === undefined) return 'added';
  return done.change === 'unchanged' || done.version === known.version ? 'unchanged' : 'changed';
}

function refused(id: string | null, remark: string): EntryOutcome {
  return { what: 'refused', id, address: null, remark };
}

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
