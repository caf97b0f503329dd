import { ClaimModel } from '../../engine/order/claim-model.ts';
import { groupOrders } from '../../engine/order/order-groups.ts';
import { orderOfPuts, type PutStep } from '../../engine/order/order-of-puts.ts';
import type {
  ExchangeOrder,
  ReservationOrder,
  ReservationRefusal,
} from '../../engine/order/reservation-order.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';
import type { ReservationResult } from '../../server/order/reservation-intake.ts';
import type { Unexplained } from '../../server/order/unexplained.ts';
import { readWanted, type Wanted } from './read-wanted.ts';
import type {
  ReconciledEntry,
  ReconcileRequest,
  ReconcileResult,
  RefusedEntry,
  RemovedEntry,
  Scope,
} from './reconcile-result.ts';

/** What it works with. None of it may hold the packets' thread for long. */
export interface ReconcileParts {
  /** All reservations, in force or retired. They may be a little older than what an order is decided by. */
  reservations(): Promise<readonly Reservation[]>;
  /**
   * Carries out some orders that do not depend on each other, MOST_AT_ONCE at most. The results are in their order.
   */
  submit(orders: readonly ReservationOrder[]): Promise<readonly ReservationResult[]>;
  /** The results are in the order of the entries. 'impossible': nothing was written. */
  exchange(order: ExchangeOrder): Promise<readonly ReservationResult[] | 'impossible'>;
  /** The leases that run and that no reservation names. */
  unexplained(): Promise<Unexplained>;
}

/**
 * Makes the reservations of a scope the desired set. Runs of one scope are serial. What to do is planned here, in the management
 * thread, from the lease file; each order is decided by what is true then, a few of them in one message to the packets' thread.
 */
export class Reconciler {
  readonly #parts: ReconcileParts;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(parts: ReconcileParts) {
    this.#parts = parts;
  }

  /** @param signal Ends it between two groups of orders; what is done by then stays. */
  reconcile(request: ReconcileRequest, signal?: AbortSignal): Promise<ReconcileResult> {
    const key = JSON.stringify([request.scope?.label, request.scope?.value]);
    const run = (this.#last.get(key) ?? Promise.resolve()).then(() => {
      signal?.throwIfAborted();
      return new Reconciliation(this.#parts, request, signal).result();
    });
    const settled = run
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    return run;
  }
}

const NOTHING_REMOVED = { removed: [], refused: [] } as const;
const NONE_UNEXPLAINED: Unexplained = { leases: [], total: 0 };

/** One run. */
class Reconciliation {
  readonly #parts: ReconcileParts;
  readonly #request: ReconcileRequest;
  readonly #signal: AbortSignal | undefined;
  /** The newest result of each entry. */
  readonly #results = new Map<OutsideId, ReservationResult>();

  constructor(parts: ReconcileParts, request: ReconcileRequest, signal: AbortSignal | undefined) {
    this.#parts = parts;
    this.#request = request;
    this.#signal = signal;
  }

  async result(): Promise<ReconcileResult> {
    const { entries, scope, onlyOf, mayBeEmpty, isDryRun = false } = this.#request;
    if (entries.length === 0 && mayBeEmpty !== true) return { kind: 'empty' };
    const { wanted, named, refused: faulty } = readWanted(entries, scope);
    const reservations = await this.#parts.reservations();
    const leaving = (scope === undefined ? [] : inScope(reservations, scope)).filter(
      ({ id, source }) => !named.has(id) && (onlyOf === undefined || source === onlyOf),
    );
    const model = new ClaimModel(reservations);

    // Removals come first: the new set may name the same card under another id.
    const { removed, refused } = scope === undefined ? NOTHING_REMOVED : await this.#remove(leaving, scope);
    for (const { id } of removed) model.retire(id);
    const groups = orderOfPuts(
      wanted.map(({ entry }) => entry),
      model,
    );
    if (isDryRun) await this.#tryOut(groups, model, new ClaimModel(reservations));
    else await this.#putAll(groups, wanted);
    const results = [...this.#results.values()];
    if (removed.length === 0 && results.length > 0 && results.every(isStopped)) return { kind: 'stopped' };
    const sorted = this.#sorted(wanted);
    return {
      kind: 'done',
      ...sorted,
      removed,
      refused: [...faulty, ...refused, ...sorted.refused],
      unexplained: scope === undefined ? NONE_UNEXPLAINED : await this.#parts.unexplained(),
    };
  }

  async #remove(leaving: readonly Reservation[], { label: name, value }: Scope) {
    const removed: RemovedEntry[] = [];
    const refused: RefusedEntry[] = [];
    for (const group of groupOrders(leaving, itself)) {
      const results = await this.#submit(
        group.map(({ id }) => ({ ...this.#order, kind: 'remove', id, label: { name, value } })),
      );
      for (const [index, result] of results.entries()) {
        const id = group[index]?.id;
        if (id === undefined) continue;
        if (result.outcome === 'committed' || result.outcome === 'decided')
          removed.push({ id, address: result.address });
        // It is gone, or in another scope by now.
        else if (!isRefused(result, 'unknown'))
          refused.push({ entry: undefined, id, refusal: refusalOf(result) });
      }
    }
    return { removed, refused };
  }

  async #putAll(groups: readonly (readonly PutStep[])[], wanted: readonly Wanted[]): Promise<void> {
    for (const group of groups) {
      const single = group.filter((step) => step.length === 1).flat();
      if (single.length > 0) await this.#put(single);
      for (const step of group) if (step.length > 1) await this.#exchange(step);
    }
    // Refused because another reservation had its address or card: try once more, for that one may be gone by now.
    const held = wanted.filter(({ entry }) => isHeld(this.#results.get(entry.id)));
    for (const group of groupOrders(held, ({ entry }) => entry))
      await this.#put(group.map(({ entry }) => entry));
  }

  async #put(entries: readonly ReservationEntry[]): Promise<void> {
    const { source = 'api' } = this.#request;
    const orders = entries.map((entry) => ({ ...this.#order, kind: 'put', entry, source }) as const);
    this.#note(entries, await this.#submit(orders));
  }

  /** If the exchange is impossible, each entry is put alone, so that each has its own reason. */
  async #exchange(entries: PutStep): Promise<void> {
    this.#signal?.throwIfAborted();
    const { source = 'api' } = this.#request;
    const results = await this.#parts.exchange({ ...this.#order, entries, source });
    if (results !== 'impossible') this.#note(entries, results);
    else for (const group of groupOrders(entries, itself)) await this.#put(group);
  }

  /** The puts of a dry run. What an earlier step would give up counts as free. */
  async #tryOut(
    groups: readonly (readonly PutStep[])[],
    model: ClaimModel,
    before: ClaimModel,
  ): Promise<void> {
    const { source = 'api' } = this.#request;
    for (const group of groups) {
      for (const step of group) if (step.length > 1 && !isHeldOutside(step, model)) take(step, model);
      const entries = group.flat();
      for (const some of groupOrders(entries, itself)) {
        const orders = some.map((entry) => {
          const held = model.holdersOf(entry);
          const beside = new Set([...before.holdersOf(entry)].filter((id) => !held.has(id)));
          return { ...this.#order, kind: 'put', entry, source, beside } as const;
        });
        this.#note(some, await this.#submit(orders));
      }
      for (const entry of entries) this.#tried(entry, model, before);
    }
  }

  /** What an entry before it would have by then, it does not get. */
  #tried(entry: ReservationEntry, model: ClaimModel, before: ClaimModel): void {
    if (isFailed(this.#results.get(entry.id))) return;
    const problems = model.newlyHeld(entry, before);
    if (problems.length === 0) model.take(entry);
    else this.#results.set(entry.id, { outcome: 'refused', refusal: { why: 'held', problems } });
  }

  async #submit(orders: readonly ReservationOrder[]): Promise<readonly ReservationResult[]> {
    this.#signal?.throwIfAborted();
    return await this.#parts.submit(orders);
  }

  get #order() {
    const { author, note, isDryRun = false } = this.#request;
    return { author, isDryRun, ...(note === undefined ? {} : { note }) };
  }

  #note(entries: readonly ReservationEntry[], results: readonly ReservationResult[]): void {
    for (const [index, { id }] of entries.entries())
      this.#results.set(id, results[index] ?? { outcome: 'failed' });
  }

  #sorted(wanted: readonly Wanted[]) {
    const added: ReconciledEntry[] = [];
    const changed: ReconciledEntry[] = [];
    const refused: RefusedEntry[] = [];
    const unchanged: ReconciledEntry[] = [];
    for (const { entry, position } of wanted) {
      const result = this.#results.get(entry.id) ?? { outcome: 'failed' };
      if (result.outcome === 'committed' || result.outcome === 'decided') {
        const { id, address, changes, pending, stillHeld, isNew } = result;
        (isNew ? added : changed).push({ entry: position, id, address, changes, pending, stillHeld });
      } else if (result.outcome === 'unchanged') {
        const { id, reservation, pending, stillHeld } = result;
        const { address } = reservation;
        unchanged.push({ entry: position, id, address, changes: [], pending, stillHeld });
      } else refused.push({ entry: position, id: entry.id, refusal: refusalOf(result) });
    }
    return { added, changed, unchanged, refused };
  }
}

/** Reservations in force with the scope's label; those that a settings file holds are never touched. */
function inScope(reservations: readonly Reservation[], { label, value }: Scope): readonly Reservation[] {
  return reservations.filter(
    ({ labels, source, retiredUntil }) =>
      retiredUntil === undefined &&
      source !== 'file' &&
      Object.hasOwn(labels, label) &&
      labels[label] === value,
  );
}

/** True if another one than those of a step has what one of them claims. */
function isHeldOutside(step: PutStep, model: ClaimModel): boolean {
  return step.some((entry) =>
    [...model.holdersOf(entry)].some((holder) => !step.some(({ id }) => id === holder)),
  );
}

function take(entries: readonly ReservationEntry[], model: ClaimModel): void {
  for (const entry of entries) model.take(entry);
}

function refusalOf(result: ReservationResult): RefusedEntry['refusal'] {
  if (result.outcome === 'refused') return result.refusal;
  if (result.outcome === 'conflict' || result.outcome === 'unknown') return { why: result.outcome };
  return { why: 'failed' };
}

function isRefused(
  result: ReservationResult | undefined,
  why: ReservationRefusal['why'] | 'stopped',
): boolean {
  return result?.outcome === 'refused' && result.refusal.why === why;
}

function isHeld(result: ReservationResult | undefined): boolean {
  return isRefused(result, 'held');
}

function isStopped(result: ReservationResult): boolean {
  return isRefused(result, 'stopped');
}

function isFailed(result: ReservationResult | undefined): boolean {
  return result === undefined || !['committed', 'decided', 'unchanged'].includes(result.outcome);
}

function itself<Item>(item: Item): Item {
  return item;
}
