import type { Sighting } from '../engine/decision/decision.ts';
import type { Clock } from '../lease/clock.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Addresses that are remembered; the one that was heard longest ago is forgotten first. */
const LIMIT = 4096;

/**
 * Machines that were heard by ARP at an address of which the store names another machine, whether anybody had asked or
 * not. Anybody can send such a frame, so it ends nothing: the address is only asked for once more before it is promised.
 */
export class Sightings {
  readonly #leases: Pick<LeaseView, 'at' | 'revision'>;
  readonly #clock: Clock;
  readonly #last = new Map<Ipv4, Sighting>();

  constructor(leases: Pick<LeaseView, 'at' | 'revision'>, clock: Clock) {
    this.#leases = leases;
    this.#clock = clock;
  }

  /** For every ARP message that names an address and its holder. Without a record of it nothing is promised unasked. */
  note(address: Ipv4, hardware: HardwareAddress): void {
    const current = this.#leases.at(address);
    if (current === undefined || current.hardware === hardware) return;
    this.#last.delete(address);
    this.#last.set(address, { hardware, on: this.#clock.now(), revision: this.#leases.revision });
    if (this.#last.size <= LIMIT) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }

  /** The last one at an address. */
  at(address: Ipv4): Sighting | undefined {
    return this.#last.get(address);
  }
}
