import type { OutsideId } from '../../lease/outside-id.ts';
import { claimedBy, memberOfClaim } from '../../lease/reservation/claims.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';
import type { HeldProblem } from './reservation-order.ts';

/** Who has what a reservation claims for itself alone, to plan several orders by: each can be taken here before it is given. */
export class ClaimModel {
  readonly #holders = new Map<string, OutsideId>();
  readonly #claims = new Map<OutsideId, readonly string[]>();
  readonly #addresses = new Map<OutsideId, Reservation['address']>();

  constructor(reservations: Iterable<Reservation>) {
    for (const reservation of reservations) this.#put(reservation.id, claimedBy(reservation));
    for (const { id, address } of reservations) this.#addresses.set(id, address);
  }

  /** The address of an id, in force or kept for it, as it was at first. */
  addressOf(id: OutsideId): Reservation['address'] | undefined {
    return this.#addresses.get(id);
  }

  /** All that an entry claims; one without an address keeps the one that its id has. */
  claimsOf(entry: ReservationEntry): readonly string[] {
    const address = entry.address ?? this.addressOf(entry.id);
    return claimedBy({ ...entry, address });
  }

  /** All that the reservation of an id has. */
  claimsOfId(id: OutsideId): readonly string[] {
    return this.#claims.get(id) ?? [];
  }

  holderOf(claim: string): OutsideId | undefined {
    return this.#holders.get(claim);
  }

  /** The others that have what an entry claims. */
  holdersOf(entry: ReservationEntry): ReadonlySet<OutsideId> {
    const holders = this.claimsOf(entry).map((claim) => this.#holders.get(claim));
    return new Set(holders.filter((id) => id !== undefined && id !== entry.id) as OutsideId[]);
  }

  /** What of an entry's claims another one has here that had it not in an earlier model. */
  newlyHeld(entry: ReservationEntry, earlier: ClaimModel): readonly HeldProblem[] {
    const held = new Map<string, HeldProblem>();
    for (const claim of this.claimsOf(entry)) {
      const holder = this.#holders.get(claim);
      if (holder === undefined || holder === entry.id || earlier.holderOf(claim) === holder) continue;
      const pointer = `/${memberOfClaim(claim)}`;
      held.set(pointer, { pointer, detail: `belongs to the reservation ${holder}`, holder });
    }
    return [...held.values()];
  }

  /** The entry is put: it has what it claims, and what its id had else is nobody's. */
  take(entry: ReservationEntry): void {
    this.#put(entry.id, this.claimsOf(entry));
  }

  /** The id is removed: it keeps its address alone. */
  retire(id: OutsideId): void {
    const address = this.addressOf(id);
    this.#put(id, address === undefined ? [] : [`ip ${address}`]);
  }

  #put(id: OutsideId, claims: readonly string[]): void {
    for (const claim of this.#claims.get(id) ?? [])
      if (this.#holders.get(claim) === id) this.#holders.delete(claim);
    for (const claim of claims) this.#holders.set(claim, id);
    this.#claims.set(id, claims);
  }
}
