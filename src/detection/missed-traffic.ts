import type { Version } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Log } from '../log/log.ts';

/**
 * Why something may have been missed. stale: it lay in the sockets too long to be believed, or a lease was
 * stored so late that its DHCPACK does not leave. store: it counts anew, and is
 * another than it was.
 */
export type GapReason = 'interface' | 'carrier' | 'overflow' | 'stall' | 'stale' | 'store';

/** The event loop stood still for so long, in milliseconds, that the segment was not heard. */
const STALL = 1000;
/** For so long, and the operator is told: milliseconds. */
const LONG_STALL = 5000;
const STALL_REMEDY =
  'guests have asked again meanwhile; see what held it: a disk that hangs (dmesg, iostat -x), a frozen process or machine, a processor that others use';

/** Since when what is stored may not be all that happened on the segment. */
export class MissedTraffic {
  readonly #leases: Pick<LeaseView, 'revision'>;
  readonly #log: Log;
  #revision: Version;
  #lastBeat: number | undefined;
  #lost = 0;
  #hasCarrier = true;
  /** Told since the last beat. */
  readonly #logged = new Set<GapReason>();

  /** A server that starts has missed what came before. */
  constructor(leases: Pick<LeaseView, 'revision'>, log: Log) {
    this.#leases = leases;
    this.#log = log;
    this.#revision = leases.revision;
  }

  /** Records up to this version have not been confirmed since. */
  get lastGapRevision(): Version {
    return this.#revision;
  }

  noteGap(reason: GapReason): void {
    this.#revision = this.#leases.revision;
    if (this.#logged.has(reason)) return;
    this.#logged.add(reason);
    this.#log.info({ reason }, 'something on the segment may have been missed');
  }

  /** Notes that the event loop turns; called every `interval` milliseconds if it does. */
  beat(monotonic: number, interval: number): void {
    this.#logged.clear();
    const stall = this.#lastBeat === undefined ? 0 : monotonic - this.#lastBeat - interval;
    if (stall > STALL) this.noteGap('stall');
    if (stall > LONG_STALL)
      this.#log.warn(
        { seconds: Math.round(stall / 100) / 10, remedy: STALL_REMEDY },
        'this gateway stood still',
      );
    if (this.#leases.revision < this.#revision) this.noteGap('store');
    this.#lastBeat = monotonic;
  }

  /** Notes whether the interface is connected; it was deaf until it is again. */
  noteCarrier(isThere: boolean): void {
    if (isThere && !this.#hasCarrier) this.noteGap('carrier');
    this.#hasCarrier = isThere;
  }

  /** Notes how many datagrams the kernel has dropped so far for want of room. */
  noteOverflows(lost: number): void {
    if (lost > this.#lost) this.noteGap('overflow'); // New sockets count from 0 again.
    this.#lost = lost;
  }
}
