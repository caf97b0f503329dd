import { INFINITE_SECONDS, type Instant, type Lease } from '../lease/lease.ts';
import { CLOCK_TOLERANCE } from '../lease/lease-end.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { TableContents } from './address-use.ts';

/** How many records one call looks at. */
const STEPS = 4096;

/** Goes round all records, a bounded number at a time, and finds those that are over. */
export class Sweep {
  readonly #contents: TableContents;
  readonly #inFlight: ReadonlySet<Ipv4>;
  /** The slot where the next call begins. */
  #cursor = 0;

  constructor(contents: TableContents, inFlight: ReadonlySet<Ipv4>) {
    this.#contents = contents;
    this.#inFlight = inFlight;
  }

  /**
   * At most `limit` bound or declined records that are over, whose addresses are not on offer nor in flight. Each call goes
   * on where the last one ended.
   *
   * @param isOver Asked about each record that has run out, or ends later than its length allows.
   */
  next(now: Instant, limit: number, isOver: (lease: Lease) => boolean): readonly Lease[] {
    const { records, offers } = this.#contents;
    const over: Lease[] = [];
    for (let step = 0; step < STEPS && over.length < limit; step += 1) {
      if (this.#cursor >= records.size) {
        this.#cursor = 0;
        break;
      }
      const slot = this.#cursor;
      this.#cursor += 1;
      const state = records.stateAt(slot);
      if (state !== 'bound' && state !== 'declined') continue;
      const expiresAt = records.expiresAt(slot);
      if (expiresAt > now && !this.#isFarAhead(slot, expiresAt, now)) continue;
      const address = records.addressAt(slot);
      if (offers.at(address) !== undefined || this.#inFlight.has(address)) continue;
      const lease = records.lease(slot);
      if (isOver(lease)) over.push(lease);
    }
    return over;
  }

  /** As `isFarAhead` of lease-end.ts, without making the lease. True for one of unknown length: then the lease is made. */
  #isFarAhead(slot: number, expiresAt: Instant, now: Instant): boolean {
    const seconds = this.#contents.records.leaseSecondsAt(slot);
    if (seconds === INFINITE_SECONDS) return false;
    return expiresAt - now > seconds * 1000 + CLOCK_TOLERANCE;
  }
}
