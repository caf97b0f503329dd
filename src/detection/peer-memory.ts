import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { LastHeard, LeaseStore } from '../store/lease-store.ts';
import type { Peers } from './peers.ts';

/** How often the store gets the time for which each peer has been silent: milliseconds. */
const NOTE_EVERY = 3_600_000;

/**
 * Stores which peers were observed, for the next process. A new process observes a peer only when a new guest selects
 * that peer; until then, guests may renew expired leases there by unicast.
 */
export class PeerMemory {
  readonly #peers: Peers;
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  /** Undefined: the stored peers have not been read yet, so they must not be overwritten. */
  #notedAt: number | undefined;
  #notedChangeCount = 0;

  constructor(peers: Peers, store: LeaseStore, clock: Clock) {
    this.#peers = peers;
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads the stored peers. Call it when the addresses of possible peers are known, and when they change. */
  recall(): void {
    const { lastHeard = new Map() } = this.#store;
    const isFirst = this.#notedAt === undefined;
    this.#peers.remember(new Map([...(isFirst ? lastHeard : []), ...this.#granters(lastHeard)]));
    this.#notedAt ??= Number.NEGATIVE_INFINITY;
  }

  /** Call it once a second. A peer that appears or disappears is stored at once. */
  check(): void {
    const { changeCount, peers } = this.#peers;
    const monotonic = this.#clock.monotonic();
    if (this.#notedAt === undefined) return;
    const isDue = peers.size > 0 && monotonic - this.#notedAt >= NOTE_EVERY;
    if (changeCount !== this.#notedChangeCount || isDue) this.note();
  }

  /** Stores the peers now. */
  note(): void {
    if (this.#notedAt === undefined) return;
    this.#notedAt = this.#clock.monotonic();
    this.#notedChangeCount = this.#peers.changeCount;
    this.#store.noteLastHeard?.(this.#peers.lastHeard);
  }

  /**
   * Gateways that have granted stored leases count as present again after each start; one that was not found by an earlier
   * process, when ARP finds it.
   */
  #granters(lastHeard: LastHeard): LastHeard {
    const { leases } = this.#store;
    const { known, presentFor } = this.#peers;
    const granters = new Map<Ipv4, number>();
    if (known.size === 0) return granters;
    for (const { granter } of leases.peerRecords()) {
      const silence = lastHeard.get(granter);
      if (silence === undefined) this.#peers.name(granter);
      else granters.set(granter, Math.min(silence, presentFor));
    }
    return granters;
  }
}
