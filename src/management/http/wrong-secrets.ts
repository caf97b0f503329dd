/** Wrong secrets of one address that are compared in a minute before it is told to wait. */
const MOST = 10;
const MINUTE = 60_000;
/** Addresses that are remembered; the one that was added first is forgotten first. */
const MOST_ADDRESSES = 4096;

/** Counts wrong secrets by who sends them. Nobody else is slowed down. */
export class WrongSecrets {
  readonly #counts = new Map<string, { since: number; count: number }>();

  /** Counts one more. True: there are too many. */
  isTooOften(remote: string, now = performance.now()): boolean {
    let entry = this.#counts.get(remote);
    if (entry === undefined || now - entry.since >= MINUTE) {
      entry = { since: now, count: 0 };
      this.#counts.delete(remote);
      this.#counts.set(remote, entry);
    }
    entry.count += 1;
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MOST_ADDRESSES && oldest !== undefined) this.#counts.delete(oldest);
    return entry.count > MOST;
  }

  /** Until the count begins anew. */
  seconds(remote: string, now = performance.now()): number {
    const since = this.#counts.get(remote)?.since ?? now;
    return Math.max(1, Math.ceil((since + MINUTE - now) / 1000));
  }
}
