import type { Decision } from '../../engine/decision/decision.ts';
import { decideExchange } from '../../engine/order/decide-exchange.ts';
import { decideReservation } from '../../engine/order/decide-reservation.ts';
import { progressOf } from '../../engine/order/pending.ts';
import type {
  ExchangeOrder,
  ReservationOrder,
  ReservationProgress,
  ReservationRefusal,
  ReservationVerdict,
} from '../../engine/order/reservation-order.ts';
import type { Instant } from '../../lease/lease.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation, ReservationRecord } from '../../lease/reservation/reservation.ts';
import { changesBetween, type MemberChange } from '../../lease/reservation/reservation-changes.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import type { Outcome, WhatIsWritten } from '../../store/lease-store.ts';
import type { Memory } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import { changeIn, contextOf, type OrderIntake, type OrderRun } from './order-intake.ts';

/** Calls of `check` from one look at removed reservations to the next; one is made each second. */
const LOOK_EVERY = 30;
/** Removed reservations that one look forgets. */
const FORGET_LIMIT = 64;
/** Who has ordered what nobody has. */
const OURSELVES = 'gateway';

/**
 * The result of an order about a reservation. committed: it is durable. unchanged: it was so already. decided: of a dry run.
 * unknown: it may have been stored or not; the same order may be given again.
 */
export type ReservationResult =
  | (ReservationProgress & {
      readonly outcome: 'committed' | 'decided';
      readonly id: OutsideId;
      readonly isNew: boolean;
      readonly address: Ipv4;
      /** What was changed; none of one that is new or removed. */
      readonly changes: readonly MemberChange[];
      /** As it is now; undefined: it is removed and forgotten, another order came after this one, or it was a dry run. */
      readonly reservation: Reservation | undefined;
    })
  | (ReservationProgress & {
      readonly outcome: 'unchanged';
      readonly id: OutsideId;
      readonly reservation: Reservation;
    })
  | {
      readonly outcome: 'refused';
      readonly refusal: ReservationRefusal | { readonly why: 'busy' | 'stopped' };
    }
  | { readonly outcome: 'conflict' | 'failed' | 'unknown' };

const NO_PROGRESS: ReservationProgress = { pending: undefined, stillHeld: undefined };

/** What the log says of an order. */
type LoggedOrder = ReservationOrder | (OrderedBy & { readonly kind: 'exchange'; readonly id: OutsideId });

/** Carries out orders about reservations, and forgets those whose time is over. */
export class ReservationIntake {
  readonly #parts: ServerParts;
  readonly #orders: OrderIntake;
  readonly #memory: () => Memory | undefined;
  #checks = 0;

  constructor(parts: ServerParts, orders: OrderIntake, memory: () => Memory | undefined) {
    this.#parts = parts;
    this.#orders = orders;
    this.#memory = memory;
  }

  get reservations(): Reservations | undefined {
    return this.#memory()?.store.reservations;
  }

  async submit(order: ReservationOrder): Promise<ReservationResult> {
    const run = await this.#orders.run(
      (input, { reservations }) => decideReservation(order, { ...input, reservations }),
      (verdict) => (verdict.kind === 'refused' || order.isDryRun === true ? undefined : verdict.decision),
    );
    const result = this.#resultOf(order, run);
    if (order.isDryRun !== true) this.#log(order, result);
    return result;
  }

  /** Several entries by one change. 'impossible': one of them cannot be put, and nothing was written. */
  async exchange(order: ExchangeOrder): Promise<readonly ReservationResult[] | 'impossible'> {
    const run = await this.#orders.run(
      (input, { reservations }) => decideExchange(order, { ...input, reservations }),
      (verdict) => (verdict.kind === 'change' && order.isDryRun !== true ? verdict.decision : undefined),
    );
    if (!('verdict' in run)) {
      const refused = { outcome: 'refused', refusal: { why: run.outcome } } as const;
      return order.entries.map(() => refused);
    }
    const { outcome, verdict } = run;
    if (verdict.kind === 'impossible') return 'impossible';
    const results = verdict.each.map((each) =>
      this.#resultOf(order, { outcome, verdict: { ...verdict, ...each } }),
    );
    if (order.isDryRun !== true)
      for (const [index, entry] of order.entries.entries())
        this.#log({ ...order, kind: 'exchange', id: entry.id }, results[index] ?? { outcome: 'failed' });
    return results;
  }

  /** How far a reservation, one that is there or is to be, is from being so. */
  progressOf(reservation: Reservation | ReservationRecord | 'removed' | undefined): ReservationProgress {
    const memory = this.#memory();
    if (memory === undefined || reservation === undefined || reservation === 'removed') return NO_PROGRESS;
    if (reservation.retiredUntil !== undefined) return NO_PROGRESS;
    const input = { leases: memory.store.leases, now: this.#parts.clock.now(), context: contextOf(memory) };
    return progressOf(reservation, input);
  }

  /** Once a second: forgets removed reservations whose time is over, some at a time. */
  check(trustsClock: boolean): void {
    this.#checks += 1;
    const reservations = this.reservations;
    if (this.#checks % LOOK_EVERY !== 0 || !trustsClock || reservations === undefined) return;
    const now = this.#parts.clock.now();
    let left = FORGET_LIMIT;
    for (const { id, retiredUntil } of [...reservations.retired()]) {
      if (!isOver(retiredUntil, now)) continue;
      void this.submit({ kind: 'forget', id, author: OURSELVES });
      left -= 1;
      if (left === 0) return;
    }
  }

  #resultOf(
    { isDryRun = false }: { readonly isDryRun?: boolean },
    run: OrderRun<ReservationVerdict>,
  ): ReservationResult {
    if (!('verdict' in run)) return { outcome: 'refused', refusal: { why: run.outcome } };
    const { outcome, verdict } = run;
    if (verdict.kind === 'refused') return { outcome: 'refused', refusal: verdict.refusal };
    if (verdict.kind === 'unchanged') {
      const { reservation } = verdict;
      const isConfirmed = isDryRun || outcome === 'committed';
      if (outcome === 'nothing' && !isDryRun) return { outcome: 'refused', refusal: { why: 'stopped' } };
      if (outcome !== 'nothing' && !isConfirmed) return this.#refusedFor(outcome, verdict.decision);
      return { outcome: 'unchanged', id: reservation.id, reservation, ...this.progressOf(reservation) };
    }
    const { id, isNew, before, address, next } = verdict;
    const changes = isNew || before === undefined || next === 'removed' ? [] : changesBetween(before, next);
    const decided = { id, isNew, address, changes };
    if (isDryRun)
      return (
        this.#unreadable(writtenBy(verdict)) ?? {
          outcome: 'decided',
          ...decided,
          reservation: undefined,
          ...this.progressOf(next),
        }
      );
    if (outcome === 'nothing') return { outcome: 'refused', refusal: { why: 'stopped' } };
    if (outcome !== 'committed') return this.#refusedFor(outcome, verdict.decision);
    const reservation = this.reservations?.get(id);
    return { outcome, ...decided, reservation, ...this.progressOf(reservation) };
  }

  /** Others have been faster each time, or the store has a value that it cannot read. */
  #refusedFor(outcome: Exclude<Outcome, 'committed'>, decision: Decision): ReservationResult {
    return (outcome === 'conflict' ? this.#unreadable(changeIn(decision)) : undefined) ?? { outcome };
  }

  #unreadable(change: WhatIsWritten | undefined): ReservationResult | undefined {
    const detail = this.#orders.unreadable(change);
    if (detail === undefined) return undefined;
    return { outcome: 'refused', refusal: { why: 'unreadable-key', problems: [{ pointer: '', detail }] } };
  }

  #log(order: LoggedOrder, result: ReservationResult): void {
    const { author, note, kind } = order;
    const fields = {
      order: kind,
      author,
      note,
      id: 'id' in result ? result.id : 'entry' in order ? order.entry.id : order.id,
      address: 'address' in result ? ipv4ToText(result.address) : undefined,
      outcome: result.outcome,
      refusal: 'refusal' in result ? result.refusal.why : undefined,
    };
    this.#parts.log.info(fields, 'order about a reservation');
  }
}

/** What a change would write whose dry run has no decision. */
function writtenBy({ id, before, next }: Extract<ReservationVerdict, { kind: 'change' }>): WhatIsWritten {
  const addresses = [before?.address, next === 'removed' ? undefined : next.address];
  return {
    writes: [...new Set(addresses)]
      .filter((address) => address !== undefined)
      .map((address) => ({ address, expectedVersion: 0, next: 'precondition-only' })),
    reservations: [{ id, expectedVersion: before?.version ?? 0, next }],
  };
}

function isOver(end: Instant | undefined, now: Instant): boolean {
  return end !== undefined && end <= now;
}
