import type { Pending, ReservationRefusal } from '../engine/order/reservation-order.ts';
import type { Lease } from '../lease/lease.ts';
import type { OrderedBy } from '../lease/lease-view.ts';
import type { OutsideId } from '../lease/outside-id.ts';
import { isObject } from '../lease/reservation/field-kinds.ts';
import { readEntry } from '../lease/reservation/read-entry.ts';
import type { Reservation, ReservationEntry, ReservationSource } from '../lease/reservation/reservation.ts';
import type { Reservations } from '../lease/reservation/reservation-view.ts';
import type { ReservationIntake, ReservationResult } from './reservation-intake.ts';

/** Orders of one run that are under way at once. */
const AT_ONCE = 32;

/** All reservations that are to have a label of this value. */
export interface Scope {
  readonly label: string;
  readonly value: string;
}

export interface ReconcileRequest extends OrderedBy {
  readonly scope: Scope;
  /** Each as JSON, with its id. One without the scope's label gets it. */
  readonly entries: readonly unknown[];
  readonly source?: ReservationSource;
  /** True: it is said what would happen, and nothing is written. */
  readonly isDryRun?: boolean;
  /** True: an empty set removes all of the scope. */
  readonly mayBeEmpty?: boolean;
}

/** An entry that is not as it should be; it changes nothing else. */
export interface RefusedEntry {
  /** Its position in the request, from 0; undefined: of a reservation that was to be removed. */
  readonly entry: number | undefined;
  readonly id: string | undefined;
  readonly refusal:
    | Extract<ReservationResult, { outcome: 'refused' }>['refusal']
    | { readonly why: 'conflict' | 'failed' | 'unknown' };
}

/** One entry that is as it should be now. */
export interface ReconciledEntry {
  readonly id: OutsideId;
  readonly address: Reservation['address'];
  readonly pending: Pending | undefined;
}

export type ReconcileResult =
  | {
      readonly kind: 'done';
      readonly added: readonly ReconciledEntry[];
      readonly changed: readonly ReconciledEntry[];
      readonly unchanged: number;
      readonly removed: readonly OutsideId[];
      readonly refused: readonly RefusedEntry[];
      /** Leases that run, and that no reservation explains. */
      readonly unexplained: readonly Lease[];
    }
  /** empty: a set without entries, which was not said to be wanted so. stopped: the server is not running. */
  | { readonly kind: 'empty' | 'stopped' };

interface Wanted {
  readonly entry: ReservationEntry;
  readonly position: number;
}

export interface ReconcileParts {
  readonly intake: ReservationIntake;
  /** The leases that run and that no reservation names, read in steps that delay no packet. */
  unexplained(): Promise<readonly Lease[]>;
}

/** Makes the reservations of a scope the desired set. Runs of one scope are serial. */
export class Reconciler {
  readonly #parts: ReconcileParts;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(parts: ReconcileParts) {
    this.#parts = parts;
  }

  reconcile(request: ReconcileRequest): Promise<ReconcileResult> {
    const { label, value } = request.scope;
    const key = `${label}=${value}`;
    const run = (this.#last.get(key) ?? Promise.resolve()).then(() => this.#run(request));
    const settled = run
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    return run;
  }

  async #run(request: ReconcileRequest): Promise<ReconcileResult> {
    const { reservations } = this.#parts.intake;
    if (reservations === undefined) return { kind: 'stopped' };
    if (request.entries.length === 0 && request.mayBeEmpty !== true) return { kind: 'empty' };
    const refused: RefusedEntry[] = [];
    const wanted = readEntries(request, refused);
    const named = new Set([...wanted.map(({ entry }) => entry.id as string), ...idsOf(request.entries)]);
    const leaving = inScope(reservations, request.scope).filter(({ id }) => !named.has(id));

    // First what goes: the card of a guest may have a new id.
    const removed = await this.#remove(request, leaving, refused);
    const beside = new Set(leaving.map(({ id }) => id));
    const first = await this.#put(request, wanted, beside);
    // What was held may be free now.
    const held = first.filter(({ result }) => isHeld(result));
    const second =
      request.isDryRun === true
        ? held
        : await this.#put(
            request,
            held.map(({ one }) => one),
            beside,
          );
    const all = [...first.filter(({ result }) => !isHeld(result)), ...second];
    return {
      kind: 'done',
      ...sorted(all, refused),
      removed,
      refused,
      unexplained: await this.#parts.unexplained(),
    };
  }

  async #remove(
    request: ReconcileRequest,
    leaving: readonly Reservation[],
    refused: RefusedEntry[],
  ): Promise<readonly OutsideId[]> {
    const results = await inGroups(leaving, ({ id, version }) =>
      this.#parts.intake.submit({ ...orderOf(request), kind: 'remove', id, expectedVersion: version }),
    );
    const removed: OutsideId[] = [];
    for (const [index, result] of results.entries()) {
      const id = leaving[index]?.id;
      if (id === undefined) continue;
      if (result.outcome === 'committed' || result.outcome === 'decided') removed.push(id);
      // Somebody has changed it meanwhile: it may be in another scope by now.
      else if (!isOvertaken(result)) refused.push({ entry: undefined, id, refusal: refusalOf(result) });
    }
    return removed;
  }

  async #put(
    request: ReconcileRequest,
    wanted: readonly Wanted[],
    beside: ReadonlySet<OutsideId>,
  ): Promise<readonly { readonly one: Wanted; readonly result: ReservationResult }[]> {
    const { source = 'api', isDryRun = false } = request;
    const results = await inGroups(wanted, async (one) => ({
      one,
      result: await this.#parts.intake.submit({
        ...orderOf(request),
        ...{ kind: 'put', entry: one.entry, source },
        ...(isDryRun ? { beside } : {}),
      }),
    }));
    return results;
  }
}

function orderOf({ author, note, isDryRun = false }: ReconcileRequest) {
  return { author, isDryRun, ...(note === undefined ? {} : { note }) };
}

function readEntries({ entries, scope }: ReconcileRequest, refused: RefusedEntry[]): readonly Wanted[] {
  const wanted: Wanted[] = [];
  const seen = new Set<string>();
  for (const [position, json] of entries.entries()) {
    const read = readEntry(json);
    const problems = 'problems' in read ? read.problems : wrongInScope(read.entry, scope, seen);
    if (problems.length > 0 || 'problems' in read) {
      refused.push({ entry: position, id: idOf(json), refusal: { why: 'invalid', problems } });
      continue;
    }
    seen.add(read.entry.id);
    const labels = { ...read.entry.labels, [scope.label]: scope.value };
    wanted.push({ position, entry: { ...read.entry, labels } });
  }
  return wanted;
}

function wrongInScope({ id, labels }: ReservationEntry, { label, value }: Scope, seen: ReadonlySet<string>) {
  const found = labels[label];
  const problems = [];
  if (seen.has(id)) problems.push({ pointer: '/id', detail: `is ${id}, as of an entry before it` });
  if (found !== undefined && found !== value)
    problems.push({ pointer: `/labels/${label}`, detail: `is ${found}, and the scope's is ${value}` });
  return problems;
}

function idOf(json: unknown): string | undefined {
  const id = isObject(json) ? json['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

function idsOf(entries: readonly unknown[]): readonly string[] {
  return entries.map(idOf).filter((id) => id !== undefined);
}

/** Those of the settings file are never touched. */
function inScope(reservations: Reservations, { label, value }: Scope): readonly Reservation[] {
  return [...reservations.all()].filter(
    ({ labels, source, retiredUntil }) =>
      retiredUntil === undefined &&
      source !== 'file' &&
      Object.hasOwn(labels, label) &&
      labels[label] === value,
  );
}

function sorted(
  all: readonly { readonly one: Wanted; readonly result: ReservationResult }[],
  refused: RefusedEntry[],
) {
  const added: ReconciledEntry[] = [];
  const changed: ReconciledEntry[] = [];
  let unchanged = 0;
  for (const { one, result } of all) {
    if (result.outcome === 'committed' || result.outcome === 'decided') {
      const { id, address, pending, isNew } = result;
      (isNew ? added : changed).push({ id, address, pending });
    } else if (result.outcome === 'unchanged') unchanged += 1;
    else refused.push({ entry: one.position, id: one.entry.id, refusal: refusalOf(result) });
  }
  return { added, changed, unchanged };
}

function refusalOf(result: ReservationResult): RefusedEntry['refusal'] {
  if (result.outcome === 'refused') return result.refusal;
  if (result.outcome === 'conflict' || result.outcome === 'unknown') return { why: result.outcome };
  return { why: 'failed' };
}

function isHeld(result: ReservationResult): boolean {
  return result.outcome === 'refused' && result.refusal.why === 'held';
}

function isOvertaken(result: ReservationResult): boolean {
  const overtaken: readonly ReservationRefusal['why'][] = ['another-version', 'unknown'];
  return result.outcome === 'refused' && overtaken.some((why) => why === result.refusal.why);
}

async function inGroups<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE)
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(run))));
  return results;
}
