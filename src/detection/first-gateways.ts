import { Bucket } from '../exchange/admission/bucket.ts';
import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Peers } from './peers.ts';

/** How long it counts that a gateway has left a guest unanswered: milliseconds. */
const COUNTS_FOR = 600_000;
/** DHCPDISCOVERs that are left to others at once, and 64 more a second: each waits here meanwhile. */
const LEFT = { burst: 512, interval: 1000 / 64 };
/** How long a list of them is used before it is made anew: milliseconds. */
const LISTED_FOR = 1000;

/** The gateways that were heard, and those that ARP has found. */
type Seen = Pick<Peers, 'peers' | 'known' | 'found'>;

/**
 * The other gateways that a guest may be left to for a moment, where gateways hear of each other and nothing more. One that
 * has left a guest unanswered is not among them for ten minutes, or until a guest is heard selecting it. So a gateway that
 * is down delays only the guests that come within about a second, each by one second; and again every ten minutes.
 */
export class FirstGatewayList {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #seen: Seen;
  /** Those that have left a guest unanswered, and when: monotonic milliseconds. */
  readonly #silent = new Map<Ipv4, number>();
  #gateways: ReadonlySet<Ipv4> = new Set();
  /** When those were listed. */
  #listedAt = Number.NEGATIVE_INFINITY;
  readonly #left = new Bucket();

  constructor(clock: Pick<Clock, 'monotonic'>, seen: Seen) {
    this.#clock = clock;
    this.#seen = seen;
  }

  /** Those heard or found that are not known to leave guests unanswered. `now`: monotonic milliseconds. */
  gatewaysAt(now: number): ReadonlySet<Ipv4> {
    if (now - this.#listedAt < LISTED_FOR) return this.#gateways;
    this.#listedAt = now;
    for (const [gateway, since] of this.#silent) if (now - since >= COUNTS_FOR) this.#silent.delete(gateway);
    const { peers, known, found } = this.#seen;
    const seen = new Set([...peers.keys(), ...found.among(known)]);
    this.#gateways = new Set([...seen].filter((gateway) => !this.#silent.has(gateway)));
    return this.#gateways;
  }

  /** A guest has selected this gateway. */
  noteSelection(gateway: Ipv4): void {
    if (this.#silent.delete(gateway)) this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  /** A guest was left to this gateway, and has selected neither it nor another one. */
  noteUnanswered(gateway: Ipv4): void {
    this.#silent.set(gateway, this.#clock.monotonic());
    this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  /** True if one more guest may be left to another gateway. */
  mayLeaveGuest(now: number): boolean {
    return !this.#left.isOver(now, LEFT);
  }

  /** A guest is left to another gateway. */
  noteLeft(now: number): void {
    this.#left.take(now, LEFT);
  }
}
