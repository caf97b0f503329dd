import { isNewer } from '../engine/decision/rivals.ts';
import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { HeardSelection, LeaseStore } from '../store/lease-store.ts';
import { isOwn } from './heard-requests.ts';
import type { Peers } from './peers.ts';

/** How often the store gets the time for which each peer has been silent: milliseconds. */
const NOTE_EVERY = 3_600_000;
/** What was heard over records of this gateway's own is stored so often at most: milliseconds. */
const SELECTIONS_EVERY = 1000;

const IS_MEMBER: Readonly<Record<keyof HeardSelection, true>> = {
  ...{ address: true, client: true, hardware: true, granter: true },
  ...{ on: true, revision: true, isOpen: true },
};
const MEMBERS = Object.keys(IS_MEMBER) as readonly (keyof HeardSelection)[];

/**
 * Stores which peers were observed, for the next process. A new process observes a peer only when a new guest selects
 * that peer; until then, guests may renew expired leases there by unicast.
 *
 * It also stores which gateway a guest has selected for an address that this gateway has leased to another guest or put into
 * quarantine. The record of such an address stays as it is; when it ends, the address is that guest's. For any other address the
 * selection is stored at once, in the address's own record.
 */
export class PeerMemory {
  readonly #peers: Peers;
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  /** Undefined: what is stored has not been read yet, so it must not be overwritten. */
  #notedAt: number | undefined;
  #notedChangeCount = 0;
  /** What was heard over own records may have changed since it was stored. */
  #isHeardDue = false;
  #heardNotedAt = Number.NEGATIVE_INFINITY;

  constructor(peers: Peers, store: LeaseStore, clock: Clock) {
    this.#peers = peers;
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads the stored peers. Call it when the addresses of possible peers are known, and when they change. */
  recall(): void {
    const { lastHeard = new Map() } = this.#store;
    const heard = new Map(this.#notedAt === undefined ? lastHeard : []);
    for (const selection of this.#store.heardSelections ?? []) this.#peers.recall(selection);
    // A gateway that has granted a stored record counts as present after each start. If no earlier process has heard it, it
    // counts when ARP finds it.
    for (const granter of this.#granters()) {
      const silence = lastHeard.get(granter);
      if (silence === undefined) this.#peers.name(granter);
      else heard.set(granter, Math.min(silence, this.#peers.presentFor));
    }
    this.#peers.remember(heard);
    this.#notedAt ??= Number.NEGATIVE_INFINITY;
  }

  /** A client was heard selecting another gateway for an address. One alone is stored at once, many each second. */
  noteRequest(address: Ipv4): void {
    const record = this.#store.leases.recordAt(address);
    if (record === undefined || !isOwn(record)) return;
    this.#isHeardDue = true;
    if (this.#notedAt === undefined) return;
    if (this.#clock.monotonic() - this.#heardNotedAt < SELECTIONS_EVERY) return;
    // What a gateway that was not heard before has given counts only with the note that it was heard.
    if (this.#peers.changeCount !== this.#notedChangeCount) this.note();
    else this.#noteHeard();
  }

  /** Call it once a second. A peer that appears or disappears is stored at once. */
  check(): void {
    const { changeCount, peers } = this.#peers;
    const monotonic = this.#clock.monotonic();
    if (this.#notedAt === undefined) return;
    const isDue = peers.size > 0 && monotonic - this.#notedAt >= NOTE_EVERY;
    if (changeCount !== this.#notedChangeCount || isDue) this.note();
    else if (this.#isHeardDue || this.#isHeardOver) this.#noteHeard();
  }

  /** Stores the peers now. */
  note(): void {
    if (this.#notedAt === undefined) return;
    this.#notedAt = this.#clock.monotonic();
    this.#notedChangeCount = this.#peers.changeCount;
    this.#store.noteLastHeard?.(this.#peers.lastHeard);
    this.#noteHeard();
  }

  #noteHeard(): void {
    const { leases, heardSelections = [] } = this.#store;
    this.#isHeardDue = false;
    this.#heardNotedAt = this.#clock.monotonic();
    const selections = this.#peers.requests.overOwn((address) => leases.recordAt(address));
    if (!areSame(selections, heardSelections)) this.#store.noteHeardSelections?.(selections);
  }

  /** A record has ended over which something was heard, or its client was confirmed since. */
  get #isHeardOver(): boolean {
    const { leases, heardSelections = [] } = this.#store;
    return heardSelections.some((selection) => {
      const record = leases.recordAt(selection.address);
      return record === undefined || !isOwn(record) || !isNewer(selection, record);
    });
  }

  /** The gateways that have granted what is stored. */
  #granters(): ReadonlySet<Ipv4> {
    const { leases, heardSelections = [] } = this.#store;
    if (this.#peers.known.size === 0) return new Set();
    return new Set([...leases.peerRecords(), ...heardSelections].map(({ granter }) => granter));
  }
}

function areSame(some: readonly HeardSelection[], others: readonly HeardSelection[]): boolean {
  return some.length === others.length && some.every((one, index) => isSame(one, others[index]));
}

function isSame(one: HeardSelection, other: HeardSelection | undefined): boolean {
  return other !== undefined && MEMBERS.every((member) => one[member] === other[member]);
}
