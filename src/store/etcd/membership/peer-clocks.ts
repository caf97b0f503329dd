import type { Clock } from '../../../lease/clock.ts';
import { CLOCK_TOLERANCE } from '../../../lease/lease-end.ts';
import { CLOCK_GRACE } from '../keys/clock-grace.ts';

/** Heartbeats of a gateway from which its clock is judged. The one that took the least time to arrive counts. */
const SAMPLES = 4;

interface PeerClock {
  /** How far the clock is ahead of ours by each of the last heartbeats, less its time to arrive: milliseconds. */
  readonly offsets: readonly number[];
  /** The last of them. */
  readonly newest: number;
  /** Our wall clock less our monotonic clock when the last heartbeat arrived: milliseconds. */
  readonly base: number;
}

/** The wall clocks of the other gateways against this one's, by the times in their heartbeats. */
export class PeerClocks {
  readonly #clock: Clock;
  /** By the node's name. */
  readonly #byNode = new Map<string, PeerClock>();
  #agreedAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The greatest difference between this clock and another gateway's, and that gateway's node. 0 and '': none is known. */
  get skew(): { readonly milliseconds: number; readonly node: string } {
    let greatest = { milliseconds: 0, node: '' };
    for (const [node, { offsets }] of this.#byNode) {
      if (offsets.length < SAMPLES) continue;
      const milliseconds = Math.max(...offsets);
      if (Math.abs(milliseconds) > Math.abs(greatest.milliseconds)) greatest = { milliseconds, node };
    }
    return greatest;
  }

  /** How far each clock is ahead of this one, by the node's name: milliseconds. */
  get offsets(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#byNode].map(([node, { offsets }]) => [node, Math.max(...offsets)] as const),
    );
  }

  /** When a heartbeat that had just arrived last agreed with this clock: monotonic milliseconds. Undefined: never. */
  get agreedAt(): number | undefined {
    return this.#agreedAt;
  }

  /** True if a live gateway's newest heartbeat agrees with this clock as it is now, and no other's differs. */
  get agrees(): boolean {
    return this.#byNode.size > 0 && !this.differs;
  }

  /** True if a live gateway's newest heartbeat differs from this clock as it is now, also where this one was set since. */
  get differs(): boolean {
    const base = this.#base;
    for (const known of this.#byNode.values())
      if (Math.abs(known.newest + known.base - base) > CLOCK_GRACE) return true;
    return false;
  }

  /**
   * Takes the time of a heartbeat that has just arrived.
   *
   * @param at The other gateway's clock, and `now` this one's: milliseconds since 1970, UTC.
   */
  learn(node: string, at: number, now: number): void {
    const before = this.#byNode.get(node)?.offsets ?? [];
    const newest = at - now;
    this.#byNode.set(node, { offsets: [...before, newest].slice(-SAMPLES), newest, base: this.#base });
    if (Math.abs(newest) <= CLOCK_TOLERANCE) this.#agreedAt = this.#clock.monotonic();
  }

  forget(node: string): void {
    this.#byNode.delete(node);
  }

  get #base(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }
}
