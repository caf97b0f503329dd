import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { LeaseStore, Silences } from '../store/lease-store.ts';
import type { Peers } from './peers.ts';

/** How often it is noted how long the peers have been silent: milliseconds. */
const NOTE_EVERY = 3_600_000;

/**
 * Keeps in the store which other gateways are heard, for the next process: it hears of a peer only when that one takes a
 * new guest, and until then a lease that has run out may be renewed there by unicast.
 */
export class PeerMemory {
  readonly #peers: Peers;
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  /** Undefined: the peers have not been recalled, so there is nothing to put in the place of what is stored. */
  #notedAt: number | undefined;
  #notedChangeCount = 0;

  constructor(peers: Peers, store: LeaseStore, clock: Clock) {
    this.#peers = peers;
    this.#store = store;
    this.#clock = clock;
  }

  /** When the addresses that may be gateways have become known, at the start or later. */
  recall(): void {
    const { silences = new Map() } = this.#store;
    const isFirst = this.#notedAt === undefined;
    this.#peers.remember(new Map([...(isFirst ? silences : []), ...this.#granters(silences)]));
    this.#notedAt ??= Number.NEGATIVE_INFINITY;
  }

  /** For now and then: a peer that has come or gone is noted at once. */
  check(): void {
    const { changeCount, peers } = this.#peers;
    const monotonic = this.#clock.monotonic();
    if (this.#notedAt === undefined) return;
    const isDue = peers.size > 0 && monotonic - this.#notedAt >= NOTE_EVERY;
    if (changeCount !== this.#notedChangeCount || isDue) this.note();
  }

  note(): void {
    if (this.#notedAt === undefined) return;
    this.#notedAt = this.#clock.monotonic();
    this.#notedChangeCount = this.#peers.changeCount;
    this.#store.noteSilences?.(this.#peers.silences);
  }

  /** Peers that this gateway has leases of count anew at each start. */
  #granters(silences: Silences): Silences {
    const { leases } = this.#store;
    const { known, presentFor } = this.#peers;
    const granters = new Map<Ipv4, number>();
    if (known.size === 0) return granters;
    for (const granter of leases.granters())
      granters.set(granter, Math.min(silences.get(granter) ?? presentFor, presentFor));
    return granters;
  }
}
