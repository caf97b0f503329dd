import type { Version } from '../lease/lease.ts';

/**
 * By then a client has sent its message again (RFC 2131 §4.1): a message this old is neither decided nor answered. Milliseconds.
 */
export const STALE_AFTER = 4000;
/** What may have lain in the sockets for longer came before what the store has learnt meanwhile: milliseconds. */
const LATE_AFTER = 1000;
/** The kernel keeps fewer datagrams than this in all sockets: 8 MiB each, which it doubles, and a datagram takes 768 bytes or more. */
const SOCKETS_HOLD = 65_536;

/**
 * Finds out how old a datagram that is read now may be. The kernel does not say when it came. But the kernel hands out the
 * oldest first, and the sockets are read between any two beats. So after a stall (a frozen process, a paused machine, a disk
 * that hung) nothing that waited in the sockets is taken for new.
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

  /** To be called several times a second, with a read of the sockets between two calls. Before the first call all is new. */
  beat(monotonic: number, revision: Version): void {
    const isFirst = this.#beatAt === undefined;
    if (this.#isDrained)
      this.#reach(this.#beatAt ?? monotonic, monotonic, isFirst ? revision : this.#beatRevision);
    this.#beatAt = monotonic;
    this.#beatRevision = revision;
  }

  /** True if what is read at this time may have come too long ago. */
  areStale(monotonic: number): boolean {
    return this.#beatAt !== undefined && monotonic - this.#readUpTo > STALE_AFTER;
  }

  /**
   * What the store knew when a datagram came that is read at this time, at the least: `now`, its revision at this time; or,
   * after a stall, its revision before that, for the store may have learnt first what happened later.
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
