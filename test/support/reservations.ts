import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { Claimant, Reservation, ReservationView } from '../../src/subnet/reservations.ts';

/** What has to know of reserved addresses beside the plan. */
interface FreeOrders {
  reserve(address: Ipv4): void;
  unreserve(address: Ipv4): void;
}

/** Reservations in memory, each of one network card; they come and go while the server runs. */
export class Reservations implements ReservationView {
  readonly #store: FreeOrders | undefined;
  readonly #byCard = new Map<HardwareAddress, Reservation>();
  readonly #byAddress = new Map<Ipv4, Reservation>();

  constructor(store?: FreeOrders) {
    this.#store = store;
  }

  of({ hardware }: Claimant): Reservation | undefined {
    return this.#byCard.get(hardware);
  }

  at(address: Ipv4): Reservation | undefined {
    return this.#byAddress.get(address);
  }

  add(card: HardwareAddress, address: Ipv4): void {
    const reservation = { address };
    this.#byCard.set(card, reservation);
    this.#byAddress.set(address, reservation);
    this.#store?.reserve(address);
  }

  remove(card: HardwareAddress): void {
    const address = this.#byCard.get(card)?.address;
    if (address === undefined) return;
    this.#byCard.delete(card);
    this.#byAddress.delete(address);
    this.#store?.unreserve(address);
  }
}
