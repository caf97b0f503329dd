import type { Version } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Log } from './log.ts';

/** Why something may have been missed. */
export type DeafReason = 'start' | 'interface' | 'overflow' | 'stall';

/** The event loop stood still for so long, in milliseconds, that the segment was not heard. */
const STALL = 1000;

/** Since when what is stored may not be all that happened on the segment. */
export class Deafness {
  readonly #leases: LeaseView;
  readonly #log: Log;
  #revision: Version;
  #lastBeat: number | undefined;
  #lost = 0;

  /** A server that starts has missed what came before. */
  constructor(leases: LeaseView, log: Log) {
    this.#leases = leases;
    this.#log = log;
    this.#revision = leases.revision;
  }

  /** Records up to this version have not been confirmed since. */
  get revision(): Version {
    return this.#revision;
  }

  mark(reason: DeafReason): void {
    this.#revision = this.#leases.revision;
    this.#log.info({ reason }, 'something on the segment may have been missed');
  }

  /** Notes that the event loop turns; called every `interval` milliseconds if it does. */
  beat(monotonic: number, interval: number): void {
    if (this.#lastBeat !== undefined && monotonic - this.#lastBeat - interval > STALL) this.mark('stall');
    this.#lastBeat = monotonic;
  }

  /** Notes how many datagrams the kernel has dropped so far for want of room. */
  overflowed(lost: number): void {
    if (lost > this.#lost) this.mark('overflow');
    this.#lost = lost;
  }
}
