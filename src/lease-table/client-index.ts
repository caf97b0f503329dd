import type { ClientKey } from '../lease/client-key.ts';
import type { Lease } from '../lease/lease.ts';
import type { LeaseColumns } from './lease-columns.ts';
import { seededHash } from './seeded-hash.ts';
import { SlotIndex } from './slot-index.ts';

/** The most records that are found by one client. Of more, the oldest free ones are not found by it. */
const MOST_RECORDS = 16;

/** Finds the records that name a client. Nearly every client has one; the few with more have a list of slots. */
export class ClientIndex {
  readonly #records: LeaseColumns;
  readonly #seed: number;
  /** The client that was hashed last: the decision about one message asks for it several times. */
  #lastClient: ClientKey | undefined;
  #lastHash = 0;
  readonly #binding = new SlotIndex();
  readonly #others = new Map<ClientKey, number[]>();

  /** `seed`: of the hash of client keys, so that no guest can choose keys that collide. */
  constructor(records: LeaseColumns, seed: number) {
    this.#records = records;
    this.#seed = seed;
  }

  /** The slot of the client's live binding, else of the newest record that names it; -1: there is none. */
  slotOf(client: ClientKey): number {
    return this.#binding.at(this.#positionOf(client, this.hashOf(client)));
  }

  /** Writes a record into its slot; `isNew`: there was none. */
  put(slot: number, lease: Lease, isNew: boolean, isEarlier = false): void {
    if (!isNew && !this.#records.names(slot, lease.client)) this.#forget(slot);
    this.#records.put(slot, lease, isEarlier);
    this.#remember(slot, lease.client);
  }

  /** Writes the first records of all, each with an address of its own. */
  fill(leases: Iterable<Lease>): void {
    const hashes: number[] = [];
    this.#records.fill(leases, ({ client }) => hashes.push(seededHash(client, this.#seed)));
    for (const slot of this.#binding.fill(Int32Array.from(hashes)))
      this.#remember(slot, this.#records.clientAt(slot));
  }

  /** Adds a slot whose record names the client. */
  #remember(slot: number, client: ClientKey): void {
    const hash = this.hashOf(client);
    const primary = this.#binding.at(this.#positionOf(client, hash));
    if (primary < 0) this.#binding.add(slot, hash);
    else if (primary !== slot || this.#others.has(client)) {
      const slots = this.#others.get(client) ?? [];
      for (const each of [primary, slot]) if (!slots.includes(each)) slots.push(each);
      this.#choose(client, slots);
    }
  }

  /** The hash of a client's key: 32 bits. */
  hashOf(client: ClientKey): number {
    if (client !== this.#lastClient) {
      this.#lastClient = client;
      this.#lastHash = seededHash(client, this.#seed);
    }
    return this.#lastHash;
  }

  /** The position of the client's slot; if there is none, the empty one where the search ends. */
  #positionOf(client: ClientKey, hash: number): number {
    const index = this.#binding;
    let position = index.find(hash);
    for (let slot = index.at(position); slot >= 0; slot = index.at(position)) {
      if (this.#records.names(slot, client)) break;
      position = index.findNext(position, hash);
    }
    return position;
  }

  /** Call it before the record in a slot names another client. */
  #forget(slot: number): void {
    const client = this.#records.clientAt(slot);
    const slots = (this.#others.get(client) ?? []).filter((each) => each !== slot);
    if (slots.length > 0) this.#choose(client, slots);
    else {
      const position = this.#positionOf(client, this.hashOf(client));
      if (this.#binding.at(position) === slot) this.#binding.remove(position);
    }
  }

  #choose(client: ClientKey, slots: readonly number[]): void {
    const ranked = slots.toSorted((one, other) => this.#rank(one, other)).slice(0, MOST_RECORDS);
    if (ranked[0] !== undefined)
      this.#binding.replace(this.#positionOf(client, this.hashOf(client)), ranked[0]);
    if (ranked.length > 1) this.#others.set(client, ranked);
    else this.#others.delete(client);
  }

  /** Sorts the live binding first, then the newest record. */
  #rank(one: number, other: number): number {
    return (
      Number(this.#isLive(other)) - Number(this.#isLive(one)) ||
      this.#records.versionAt(other) - this.#records.versionAt(one)
    );
  }

  #isLive(slot: number): boolean {
    const state = this.#records.stateAt(slot);
    return state === 'bound' || state === 'peer';
  }
}
