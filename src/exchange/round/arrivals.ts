import type { Version } from '../../lease/lease.ts';
import { STALE_AFTER } from '../pending/pending.ts';

/** Milliseconds in the sockets after which a datagram counts as older than what the store has learnt meanwhile. */
const LATE_AFTER = 1500;
/** More datagrams than all sockets can hold: 8 MiB each, which the kernel doubles, at 768 bytes or more a datagram. */
const SOCKETS_HOLD = 65_536;

/**
 * Finds out how old a datagram that is read now can be. The kernel does not say when a datagram arrived, but it returns the
 * oldest first, and the sockets are read between any two beats. So a datagram that lay in the sockets during a stall (a
 * frozen process, a paused machine, a disk that hung) is not taken for a new one.
 */
export class Arrivals {
  /** All datagrams that had arrived by this time have been read: monotonic milliseconds. */
  #readUpTo = 0;
  /** The store's revision at that time. */
  #revision: Version = 0;
  #beatAt: number | undefined;
  #beatRevision: Version = 0;
  #isDrained = true;
  /** Since this time `#count` datagrams were read, and the sockets were never empty: monotonic milliseconds. */
  #countedFrom = 0;
  #count = 0;

  /** To be called twice a second, with a read of the sockets between two calls. Until the first call everything is new. */
  beat(monotonic: number, revision: Version): void {
    const isFirst = this.#beatAt === undefined;
    if (this.#isDrained)
      this.#reach(this.#beatAt ?? monotonic, monotonic, isFirst ? revision : this.#beatRevision);
    this.#beatAt = monotonic;
    this.#beatRevision = revision;
  }

  /** True if datagrams that are read at this time may have come too long ago. */
  areStale(monotonic: number): boolean {
    return this.#beatAt !== undefined && monotonic - this.#readUpTo > STALE_AFTER;
  }

  /**
   * The store's revision when the datagram arrived that is read at this time. Normally that is `now`. After a stall it is
   * the revision before the stall, because the store may have learnt of later events before this datagram is read.
   */
  revisionAt(monotonic: number, now: Version): Version {
    const isLate = this.#beatAt !== undefined && monotonic - this.#readUpTo > LATE_AFTER;
    return isLate ? Math.min(this.#revision, now) : now;
  }

  /** Notes that `count` datagrams were read. `isDrained`: the sockets are empty now. */
  read(monotonic: number, count: number, isDrained: boolean, revision: Version): void {
    this.#isDrained = isDrained;
    this.#count += count;
    if (isDrained) this.#reach(monotonic, monotonic, revision);
    else if (this.#count > SOCKETS_HOLD) this.#reach(this.#countedFrom, monotonic, this.#revision);
  }

  #reach(readUpTo: number, now: number, revision: Version): void {
    if (readUpTo > this.#readUpTo) {
      this.#readUpTo = readUpTo;
      this.#revision = revision;
    }
    this.#countedFrom = now;
    this.#count = 0;
  }
}
