import type { Pending, ReservationOrder } from '../engine/order/reservation-order.ts';
import type { Reservation } from '../lease/reservation/reservation.ts';
import type { Reservations } from '../lease/reservation/reservation-view.ts';
import type { OrderIntake } from './order-intake.ts';
import { type ReconcileRequest, type ReconcileResult, Reconciler } from './reconcile.ts';
import { ReservationIntake, type ReservationResult } from './reservation-intake.ts';
import type { ServerParts } from './server-parts.ts';
import type { Memory } from './server-state.ts';
import { unexplainedLeases } from './unexplained.ts';

/** The reservations of a server, for those who read and order them. It may be used while no sockets are open. */
export class ReservationControl {
  readonly #intake: ReservationIntake;
  readonly #reconciler: Reconciler;

  constructor(parts: ServerParts, orders: OrderIntake, memory: () => Memory | undefined) {
    this.#intake = new ReservationIntake(parts, orders, memory);
    this.#reconciler = new Reconciler({
      intake: this.#intake,
      unexplained: () => unexplainedLeases(() => memory()?.store, parts.clock),
    });
  }

  /** As they are now. Undefined: the server has not started, or has stopped. */
  get current(): Reservations | undefined {
    return this.#intake.reservations;
  }

  /** Carries out an order. It is durable when this resolves, and holds with the next message. The history names its author. */
  submit(order: ReservationOrder): Promise<ReservationResult> {
    return this.#intake.submit(order);
  }

  /** Makes the reservations of a scope a desired set. */
  reconcile(request: ReconcileRequest): Promise<ReconcileResult> {
    return this.#reconciler.reconcile(request);
  }

  /** What keeps the guest of a reservation from its address now; undefined: nothing does. */
  pendingOf(reservation: Reservation): Pending | undefined {
    return this.#intake.pendingOf(reservation);
  }

  /** Once a second. */
  beat(trustsClock: boolean): void {
    this.#intake.beat(trustsClock);
  }
}
