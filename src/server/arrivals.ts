/** After this long a client has sent its message again (RFC 2131 §4.1), and nothing is decided or sent by it any more: milliseconds. */
export const STALE_AFTER = 4000;
/** More datagrams than the kernel keeps for all sockets: 8 MiB each, which it doubles, of 768 bytes at the least. */
const SOCKETS_HOLD = 65_536;

/**
 * How long what is read now may have lain in the sockets: the kernel does not say, but it hands out the oldest first, and
 * the event loop asks it for more between any two beats. So after a stall (a frozen process, a machine that was paused, a
 * disk that hung) nothing that lay there is taken for new.
 */
export class Arrivals {
  /** All that had arrived by then has been read: monotonic milliseconds. */
  #readUpTo = 0;
  #beatAt: number | undefined;
  #isDrained = true;
  /** So much has been read since then without the end of it. */
  #countedFrom = 0;
  #count = 0;

  /** For several times a second, never twice without a look at the sockets between; before the first one all is new. */
  beat(monotonic: number): void {
    if (this.#isDrained) this.#reach(this.#beatAt ?? monotonic, monotonic);
    this.#beatAt = monotonic;
  }

  /** True if what is read at this time may have come too long ago. */
  areStale(monotonic: number): boolean {
    return this.#beatAt !== undefined && monotonic - this.#readUpTo > STALE_AFTER;
  }

  /** So many datagrams were read from that time on; `isDrained`: there were no more. */
  read(monotonic: number, count: number, isDrained: boolean): void {
    this.#isDrained = isDrained;
    this.#count += count;
    if (isDrained) this.#reach(monotonic, monotonic);
    else if (this.#count > SOCKETS_HOLD) this.#reach(this.#countedFrom, monotonic);
  }

  #reach(readUpTo: number, now: number): void {
    if (readUpTo > this.#readUpTo) this.#readUpTo = readUpTo;
    this.#countedFrom = now;
    this.#count = 0;
  }
}
