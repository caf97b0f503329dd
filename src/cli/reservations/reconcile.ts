import type { Command } from 'commander';
import { EXIT_STATUS } from '../../errors.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { jsonText } from '../output/json.ts';
import { type Output, writeTable } from '../output/output.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { type EntryOutcome, OUTCOME_COLUMNS, type Refusal, refusalText } from './import.ts';
import { readEntries } from './read-entries.ts';
import { type LeftLease, removedGuestText } from './removed-guest.ts';
import { labelFrom } from './reservation-filter.ts';
import { type Progress, remarkOf } from './reservation-order.ts';

interface Options extends ApiOptions {
  readonly scope: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly allowEmpty?: boolean;
}

interface Converged extends Progress {
  readonly id: string;
  readonly address: string;
}

interface Reconciled {
  readonly added: readonly Converged[];
  readonly changed: readonly Converged[];
  readonly unchanged: number;
  readonly removed: readonly string[];
  /** Leases of the addresses of removed reservations; absent: the gateway is of an older version. */
  readonly still_leased?: readonly LeftLease[];
  readonly refused: readonly (Refusal & {
    readonly entry: number | null;
    readonly id: string | null;
    readonly holder: string | null;
  })[];
  readonly unexplained: readonly {
    readonly address: string;
    readonly mac: string | null;
    readonly hostname: string | null;
    readonly since: string | null;
  }[];
}

/** Adds `reservations reconcile`. */
export function addReconcileCommand(reservations: Command, surroundings: CommandSurroundings): void {
  withReason(
    apiCommand(
      reservations,
      'reconcile',
      'makes a file the whole set of those with one label; no others are touched',
    )
      .argument('<file>', 'JSON: a list of entries, each with its id; -: standard input')
      .requiredOption('--scope <name=text>', 'the label that all of them have: node=pve1')
      .option('--allow-empty', 'also if the file has none: all of the scope are removed')
      .option('--dry-run', 'only say what would be'),
  ).action((file: string, options: Options) => reconcile(file, options, surroundings));
}

async function reconcile(
  file: string,
  options: Options,
  { output, environment, remark, exitWith }: CommandSurroundings,
): Promise<void> {
  const { json, reason, dryRun = false, allowEmpty = false } = options;
  const [label, value] = labelFrom('--scope', options.scope);
  const done = await apiOf(options, environment).order<Reconciled>({
    method: 'POST',
    path: '/reservations/reconcile',
    body: {
      scope: { label, value },
      entries: readEntries(file),
      reason,
      dry_run: dryRun,
      allow_empty: allowEmpty,
    },
    isLong: true,
    remedies: { 'empty-set': '--allow-empty says that all of them are to go' },
  });
  if (json === true) output.write(jsonText(done));
  else writeReconciled(output, done, dryRun);
  if (done.refused.length === 0) return;
  remark(`${done.refused.length} refused; the others stand`);
  exitWith(EXIT_STATUS.refused);
}

function writeReconciled(output: Output, done: Reconciled, isDryRun: boolean): void {
  const outcomes = outcomesOf(done, isDryRun);
  if (outcomes.length > 0) writeTable(output, OUTCOME_COLUMNS, outcomes);
  const { added, changed, removed, unchanged, refused } = done;
  const counts = Object.entries({ added, changed, removed, refused }).map(
    ([what, { length }]) => `${length} ${what}`,
  );
  output.write(`${isDryRun ? 'would be: ' : ''}${[...counts, `${unchanged} as they were`].join(', ')}\n`);
}

function outcomesOf(
  { added, changed, removed, still_leased: left = [], refused, unexplained }: Reconciled,
  isDryRun: boolean,
): readonly EntryOutcome[] {
  const converged = (what: 'added' | 'changed', all: readonly Converged[]) =>
    all.map(({ id, address, ...progress }) => ({ what, id, address, remark: remarkOf(progress) }));
  return [
    ...converged('added', added),
    ...converged('changed', changed),
    ...removed.map((id) => {
      const lease = left.find((each) => each.id === id);
      const remark = lease === undefined ? null : removedGuestText(lease, isDryRun);
      return { what: 'removed', id, address: lease?.address ?? null, remark } as const;
    }),
    ...refused.map(
      ({ entry, id, ...refusal }) =>
        ({
          what: 'refused',
          id: id ?? (entry === null ? null : `entry ${entry + 1}`),
          address: null,
          remark: refusalText(refusal),
        }) as const,
    ),
    ...unexplained.map(
      ({ address, mac, hostname, since }) =>
        ({
          what: 'unexplained',
          id: null,
          address,
          remark: [mac, hostname, since && `since ${since}`].filter((part) => part).join(', '),
        }) as const,
    ),
  ];
}
