import type { Sighting } from '../engine/decision/decision.ts';
import type { Clock } from '../lease/clock.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Addresses that are remembered; the one with the oldest sighting is forgotten first. */
const LIMIT = 4096;

/**
 * Sightings: ARP messages, answers or not, in which a machine claims an address that the store gives to another machine.
 * Any guest can send such a frame, so it ends no lease. The address is only probed once more before it is granted.
 */
export class Sightings {
  readonly #leases: Pick<LeaseView, 'at' | 'revision'>;
  readonly #clock: Clock;
  readonly #last = new Map<Ipv4, Sighting>();

  constructor(leases: Pick<LeaseView, 'at' | 'revision'>, clock: Clock) {
    this.#leases = leases;
    this.#clock = clock;
  }

  /** Call it for every ARP message that names a holder. Addresses without a record are probed anyway before a grant. */
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

  /** The last sighting at an address. */
  at(address: Ipv4): Sighting | undefined {
    return this.#last.get(address);
  }
}
