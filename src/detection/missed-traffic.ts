import type { Version } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Log } from '../log/log.ts';

/**
 * Why traffic may have been missed.
 * - interface: the sockets were opened again. carrier: the interface was not connected.
 * - overflow: the kernel dropped datagrams. stall: the event loop stood still.
 * - stale: datagrams waited in the sockets for too long, or a lease was stored too late for its DHCPACK.
 * - store: its revision went back, so it is another store than before.
 */
export type GapReason = 'interface' | 'carrier' | 'overflow' | 'stall' | 'stale' | 'store';

/** A stall of the event loop from which traffic may be missed: milliseconds. */
const STALL = 1000;
/** A stall from which the operator is warned: milliseconds. */
const LONG_STALL = 5000;
const STALL_REMEDY =
  'guests have asked again meanwhile; see what held it: a disk that hangs (dmesg, iostat -x), a frozen process or machine, a processor that others use';

/** Notes when traffic of the segment may have been missed: until then, the store may not have all that happened. */
export class MissedTraffic {
  readonly #leases: Pick<LeaseView, 'revision'>;
  readonly #log: Log;
  #revision: Version;
  #lastBeat: number | undefined;
  #lost = 0;
  #hasCarrier = true;
  /** Reasons that were logged since the last beat. */
  readonly #logged = new Set<GapReason>();
  #gaps = 0;

  /** The time before the start counts as missed. */
  constructor(leases: Pick<LeaseView, 'revision'>, log: Log) {
    this.#leases = leases;
    this.#log = log;
    this.#revision = leases.revision;
  }

  /** The store's revision at the last gap: records up to it have not been confirmed since. */
  get lastGapRevision(): Version {
    return this.#revision;
  }

  /** How many gaps there were. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Traffic may have been missed until now. */
  noteGap(reason: GapReason): void {
    this.#gaps += 1;
    this.#revision = this.#leases.revision;
    if (this.#logged.has(reason)) return;
    this.#logged.add(reason);
    this.#log.info({ reason }, 'something on the segment may have been missed');
  }

  /** Call it every `interval` milliseconds: a later call shows that the event loop stood still. */
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

  /** Notes whether the interface is connected. The gap ends when it is connected again. */
  noteCarrier(isThere: boolean): void {
    if (isThere && !this.#hasCarrier) this.noteGap('carrier');
    this.#hasCarrier = isThere;
  }

  /** @param lost Datagrams that the kernel has dropped so far because the socket buffer was full. */
  noteOverflows(lost: number): void {
    if (lost > this.#lost) this.noteGap('overflow'); // New sockets count from 0.
    this.#lost = lost;
  }
}
