import type { Clock } from '../lease/clock.ts';
import type { Lease } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Addresses for which a machine may answer although they are not leased to it. */
const ACCEPTED_ADDRESSES = 3;
/** How long an answer is remembered: milliseconds. */
const WINDOW = 600_000;
/** Machines that are remembered; the one that answered longest ago is forgotten first. */
const MACHINE_LIMIT = 1024;

const REMEDY =
  'this machine answers ARP for addresses that are not its own: switch proxy ARP off on it, or shut it out; addresses that it really holds belong outside the pool';

/**
 * Finds machines whose ARP answers are ignored. A machine that answers for every address (proxy ARP, a hostile guest)
 * would otherwise bring each address of the pool into quarantine.
 */
export class UntrustedArp {
  readonly #leases: Pick<LeaseView, 'at'>;
  readonly #clock: Clock;
  readonly #log: Log;
  /** When each machine last answered for addresses that are not leased to it: monotonic milliseconds. The newest is last. */
  readonly #claims = new Map<HardwareAddress, Map<Ipv4, number>>();

  constructor(leases: Pick<LeaseView, 'at'>, clock: Clock, log: Log) {
    this.#leases = leases;
    this.#clock = clock;
    this.#log = log;
  }

  /** Notes an answer. False: this machine has answered for too many addresses in the last ten minutes. */
  accepts(address: Ipv4, holder: HardwareAddress): boolean {
    if (isLeasedTo(holder, this.#leases.at(address))) return true;
    const monotonic = this.#clock.monotonic();
    const claims = this.#claims.get(holder) ?? new Map<Ipv4, number>();
    for (const [each, at] of claims) if (monotonic - at >= WINDOW) claims.delete(each);
    const wasUntrusted = claims.size > ACCEPTED_ADDRESSES;
    claims.delete(address);
    claims.set(address, monotonic);
    // One more than the limit is enough to know.
    for (const oldest of claims.keys()) {
      if (claims.size <= ACCEPTED_ADDRESSES + 1) break;
      claims.delete(oldest);
    }
    this.#remember(holder, claims);
    const isNowUntrusted = claims.size > ACCEPTED_ADDRESSES;
    if (isNowUntrusted && !wasUntrusted) {
      this.#log.warn({ hardware: hardwareToText(holder), remedy: REMEDY }, 'ARP answers are not believed');
    }
    return !isNowUntrusted;
  }

  /** True if this machine's answers are ignored now. Notes nothing. */
  isUntrusted(holder: HardwareAddress): boolean {
    const claims = this.#claims.get(holder);
    if (claims === undefined || claims.size <= ACCEPTED_ADDRESSES) return false;
    const monotonic = this.#clock.monotonic();
    return [...claims.values()].every((at) => monotonic - at < WINDOW);
  }

  #remember(holder: HardwareAddress, claims: Map<Ipv4, number>): void {
    this.#claims.delete(holder);
    this.#claims.set(holder, claims);
    if (this.#claims.size <= MACHINE_LIMIT) return;
    for (const oldest of this.#claims.keys()) {
      this.#claims.delete(oldest);
      return;
    }
  }
}

/** A quarantine record names the machine that answered, and a free record the last holder: these are not leases. */
function isLeasedTo(holder: HardwareAddress, lease: Lease | undefined): boolean {
  return lease?.hardware === holder && lease.state !== 'declined' && lease.state !== 'free';
}
