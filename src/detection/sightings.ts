import type { Sighting } from '../engine/decision/decision.ts';
import type { Clock } from '../lease/clock.ts';
import { instant } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Addresses that are remembered; the one with the oldest sighting is forgotten first. */
const LIMIT = 4096;
/** From a DHCPREQUEST in INIT-REBOOT to the time when its client answers ARP, if a gateway confirms its address: milliseconds. */
const REBOOT_TIME = 2000;

/**
 * Sightings: ARP messages, answers or not, in which a machine claims an address that the store gives to another machine.
 * Any guest can send such a frame, so it ends no lease. The address is only probed once more before it is granted.
 */
export class Sightings {
  readonly #leases: Pick<LeaseView, 'at' | 'isInFlight' | 'revision'>;
  readonly #clock: Clock;
  readonly #last = new Map<Ipv4, Sighting>();

  constructor(leases: Pick<LeaseView, 'at' | 'isInFlight' | 'revision'>, clock: Clock) {
    this.#leases = leases;
    this.#clock = clock;
  }

  /**
   * Call it for every ARP message that names a holder. An address without a record is probed anyway before a grant; if a client
   * waits for it, it may have been probed already.
   */
  note(address: Ipv4, hardware: HardwareAddress): void {
    const current = this.#leases.at(address);
    if (current === undefined ? !this.#leases.isInFlight(address) : current.hardware === hardware) return;
    this.#remember(address, hardware, 0);
  }

  /**
   * A client in INIT-REBOOT asks all gateways for an address. If another one confirms it, the client is at the address, and
   * answers ARP, soon after: what is offered or asked by ARP until then is asked by ARP again before it is granted.
   */
  noteReboot(address: Ipv4, hardware: HardwareAddress): void {
    if (this.#leases.at(address)?.hardware === hardware) return;
    this.#remember(address, hardware, REBOOT_TIME);
  }

  /** The last sighting at an address. */
  at(address: Ipv4): Sighting | undefined {
    return this.#last.get(address);
  }

  /** @param delayMilliseconds How much later than now the sighting counts from. */
  #remember(address: Ipv4, hardware: HardwareAddress, delayMilliseconds: number): void {
    const seenAt = instant(this.#clock.now() + delayMilliseconds);
    const seenAtMonotonic = this.#clock.monotonic() + delayMilliseconds;
    this.#last.delete(address);
    this.#last.set(address, { hardware, seenAt, seenAtMonotonic, revision: this.#leases.revision });
    if (this.#last.size <= LIMIT) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }
}
