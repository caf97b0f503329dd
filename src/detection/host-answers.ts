import type { GuestHost } from '../engine/decision/decision.ts';
import { Bucket } from '../exchange/admission/bucket.ts';
import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** How long it counts that a gateway has answered a guest at a host: milliseconds. */
const COUNTS_FOR = 600_000;
/** Hosts that are remembered; the one whose guest was answered longest ago is forgotten first. */
const HOST_LIMIT = 256;
/** DHCPDISCOVERs that are left to others at once, and 64 more a second: each waits here meanwhile. */
const LEFT = { burst: 256, interval: 1000 / 64 };

/**
 * At which other hosts the gateways answer their own guests, where gateways hear of each other and nothing more: at those
 * whose guests were heard selecting another gateway. One that leaves a guest unanswered does not count until it has answered
 * another one. So a gateway that is down delays only the guests that come within about a second, each by one second.
 */
export class HostAnswers {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** When a guest there has selected another gateway: monotonic milliseconds. The newest is last. */
  readonly #answered = new Map<Ipv4, number>();
  readonly #left = new Bucket();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A guest at this host has selected another gateway. */
  noteSelection(host: GuestHost): void {
    if (host === undefined || host === 'own') return;
    this.#answered.delete(host);
    this.#answered.set(host, this.#clock.monotonic());
    if (this.#answered.size <= HOST_LIMIT) return;
    for (const oldest of this.#answered.keys()) {
      this.#answered.delete(oldest);
      return;
    }
  }

  /** A guest at this host was left to the gateway there, and nobody has answered it. */
  noteUnanswered(host: GuestHost): void {
    if (host !== undefined && host !== 'own') this.#answered.delete(host);
  }

  /** True if a guest at this host is left to the gateway there for a moment. Counts it. */
  takes(host: GuestHost): boolean {
    if (host === undefined || host === 'own') return false;
    const now = this.#clock.monotonic();
    const last = this.#answered.get(host);
    if (last === undefined || now - last >= COUNTS_FOR) return false;
    return this.#left.takeIfFree(now, LEFT);
  }
}
