import type {
  ExchangeOrder,
  ReservationOrder,
  ReservationProgress,
} from '../../engine/order/reservation-order.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import type { Memory } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import type { OrderIntake } from './order-intake.ts';
import { ReservationIntake, type ReservationResult } from './reservation-intake.ts';
import { type Unexplained, unexplainedLeases } from './unexplained.ts';

/** The reservations of a server, for those who read and order them. It may be used while no sockets are open. */
export class ReservationControl {
  readonly #intake: ReservationIntake;
  readonly #unexplained: () => Promise<Unexplained>;
  readonly #placeOf: (id: OutsideId) => string | undefined;

  /** @param placeOf Where an entry of the settings file stands. */
  constructor(
    parts: ServerParts,
    orders: OrderIntake,
    memory: () => Memory | undefined,
    placeOf: (id: OutsideId) => string | undefined,
  ) {
    this.#placeOf = placeOf;
    this.#intake = new ReservationIntake(parts, orders, memory);
    this.#unexplained = () => unexplainedLeases(() => memory()?.store, parts.clock);
  }

  /** As they are now. Undefined: the server has not started, or has stopped. */
  get current(): Reservations | undefined {
    return this.#intake.reservations;
  }

  /** Carries out an order. It is durable when this resolves, and holds with the next message. The history names its author. */
  async submit(order: ReservationOrder): Promise<ReservationResult> {
    const result = await this.#intake.submit(order);
    if (result.outcome !== 'refused' || result.refusal.why !== 'of-settings-file') return result;
    const place = this.#placeOf(result.refusal.id);
    return place === undefined ? result : { ...result, refusal: { ...result.refusal, place } };
  }

  /** Puts entries by one change, all of them or none. The results are in their order. */
  exchange(order: ExchangeOrder): Promise<readonly ReservationResult[] | 'impossible'> {
    return this.#intake.exchange(order);
  }

  /** The leases that run and that no reservation explains, read in steps that delay no packet. */
  unexplained(): Promise<Unexplained> {
    return this.#unexplained();
  }

  /** What keeps the guest of a reservation from its address now, and which other one that has still. */
  progressOf(reservation: Reservation): ReservationProgress {
    return this.#intake.progressOf(reservation);
  }

  /** Once a second. */
  check(trustsClock: boolean): void {
    this.#intake.check(trustsClock);
  }
}
