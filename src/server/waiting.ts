import type { ClientKey } from '../lease/client-key.ts';
import type { LeaseChange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Drop } from './observer.ts';
import { Slab } from './slab.ts';
import type { Turn } from './turn.ts';

/** Datagrams that may wait at once, for whatever. */
export const WAITING_LIMIT = 256;
/** After this long the client has sent its message again: milliseconds (RFC 2131 §4.1). */
export const STALE_AFTER = 4000;

/**
 * What is on its way: the clients and addresses of changes under way, and the turns that have to stay. A client is in
 * flight while one of its turns stays; its next datagram waits behind it, one per client, and the newest wins.
 * An address is in flight while its change is being committed or it is being asked for.
 */
export class Waiting {
  /** Shared with the store's view of the leases. */
  readonly #addresses: Set<Ipv4>;
  readonly #drop: (turn: Turn, reason: Drop) => void;
  readonly #slab = new Slab(WAITING_LIMIT);
  readonly #clients = new Map<ClientKey, Turn>();
  readonly #holders = new Map<Ipv4, Turn>();
  /** By client, the oldest first. */
  readonly #behind = new Map<ClientKey, Turn>();
  /** Wait until whatever address is in flight now is not any more. */
  #behindAny: Turn[] = [];
  readonly #ready = new Queue();
  readonly #starved = new Queue();

  constructor(addresses: Set<Ipv4>, drop: (turn: Turn, reason: Drop) => void) {
    this.#addresses = addresses;
    this.#drop = drop;
  }

  /** True if nothing is in flight and nothing waits. */
  get isEmpty(): boolean {
    return (
      this.#clients.size === 0 && this.#holders.size === 0 && this.#ready.isEmpty && this.#starved.isEmpty
    );
  }

  /** How many turns stay, those whose changes are being committed included. */
  get size(): number {
    return this.#clients.size + this.#behind.size;
  }

  isClientInFlight(client: ClientKey): boolean {
    return this.#clients.has(client);
  }

  /** What this turn's change has to wait for: whoever keeps its client or one of its addresses in flight. */
  aheadOf(turn: Turn, change: LeaseChange): Turn | undefined {
    const first = this.#clients.get(change.client);
    if (first !== undefined && first !== turn) return first;
    for (const write of change.writes) {
      const holder = this.holderOf(write.address);
      if (holder !== undefined && holder !== turn) return holder;
    }
    return undefined;
  }

  holderOf(address: Ipv4): Turn | undefined {
    return this.#holders.get(address);
  }

  /** The datagram that waits behind the client's turn in flight. */
  behind(client: ClientKey): Turn | undefined {
    return this.#behind.get(client);
  }

  /** Lets a datagram wait behind its client's turn in flight, in the place of one that waited there. */
  queue(turn: Turn, client: ClientKey, now: number): void {
    const older = this.#behind.get(client);
    if (older !== undefined) {
      this.#behind.delete(client);
      this.#free(older);
      this.#drop(older, 'superseded');
    }
    if (this.#copy(turn, now)) this.#behind.set(client, turn);
    else this.#drop(turn, 'no-room');
  }

  /** Keeps a turn beyond its batch; its client is in flight from now on. False: there is no room for it. */
  keep(turn: Turn, now: number): boolean {
    if (!this.#copy(turn, now)) return false;
    this.occupy(turn);
    return true;
  }

  /** Keeps the turn's client in flight. */
  occupy(turn: Turn): void {
    if (turn.client !== undefined) this.#clients.set(turn.client, turn);
  }

  /** Keeps the client and every address of a change in flight; nobody may be `aheadOf` it. */
  claim(turn: Turn, change: LeaseChange): void {
    turn.client ??= change.client;
    this.#clients.set(turn.client, turn);
    if (change.client !== turn.client) {
      turn.alias = change.client;
      this.#clients.set(change.client, turn);
    }
    const addresses: Ipv4[] = [];
    for (const { address } of change.writes) {
      addresses.push(address);
      this.#addresses.add(address);
      this.#holders.set(address, turn);
    }
    turn.addresses = addresses;
  }

  /** Keeps an address in flight that is being asked for. */
  hold(turn: Turn, address: Ipv4): void {
    turn.addresses = [address];
    this.#addresses.add(address);
    this.#holders.set(address, turn);
  }

  /** Lets a kept turn wait until another one has ended or lets its addresses go. */
  follow(turn: Turn, ahead: Turn): void {
    ahead.followers = [...ahead.followers, turn];
  }

  /** Lets a kept turn wait until any address is let go; one must be in flight. */
  followAny(turn: Turn): void {
    this.#behindAny.push(turn);
  }

  /** The turn is to be decided again. */
  makeReady(turn: Turn): void {
    this.#ready.push(turn);
  }

  /** The turn waits until a commit has room for its change. */
  starve(turn: Turn): void {
    this.#starved.push(turn);
  }

  /** The next turn to decide; those that wait for room in a commit come first, if there is some. */
  next(hasRoom: boolean): Turn | undefined {
    return (hasRoom ? this.#starved.shift() : undefined) ?? this.#ready.shift();
  }

  /** Lets go what a turn keeps in flight, but for its client; whoever waited for that is ready. */
  letGo(turn: Turn): void {
    for (const address of turn.addresses) {
      this.#addresses.delete(address);
      this.#holders.delete(address);
    }
    if (turn.addresses.length > 0) {
      turn.addresses = [];
      for (const waited of this.#behindAny) this.#ready.push(waited);
      this.#behindAny = [];
    }
    if (turn.alias !== undefined) {
      this.#clients.delete(turn.alias);
      turn.alias = undefined;
    }
    for (const follower of turn.followers) this.#ready.push(follower);
    if (turn.followers.length > 0) turn.followers = [];
  }

  /** The turn is over: its client's next datagram is ready. */
  finish(turn: Turn): void {
    this.letGo(turn);
    this.#free(turn);
    const { client } = turn;
    if (client === undefined || this.#clients.get(client) !== turn) return;
    this.#clients.delete(client);
    const next = this.#behind.get(client);
    if (next === undefined) return;
    this.#behind.delete(client);
    this.#clients.set(client, next);
    this.#ready.push(next);
  }

  /** Forgets everything; each turn that stayed is dropped. */
  clear(reason: Drop): void {
    const turns = new Set([...this.#clients.values(), ...this.#behind.values()]);
    for (let turn = this.next(true); turn !== undefined; turn = this.next(true)) turns.add(turn);
    for (const turn of [...turns]) for (const follower of turn.followers) turns.add(follower);
    for (const turn of turns) {
      turn.cancel?.();
      turn.followers = [];
      this.#free(turn);
      this.#drop(turn, reason);
    }
    for (const address of this.#holders.keys()) this.#addresses.delete(address);
    this.#holders.clear();
    this.#clients.clear();
    this.#behind.clear();
    this.#behindAny = [];
  }

  /** Moves the message into the slab; false: there is no room. */
  #copy(turn: Turn, now: number): boolean {
    if (turn.message === undefined || turn.slot >= 0) return true;
    let slot = this.#slab.take();
    if (slot < 0 && this.#dropStale(now)) slot = this.#slab.take();
    if (slot < 0) return false;
    turn.slot = slot;
    turn.message = this.#slab.copy(turn.message, slot);
    return true;
  }

  /** Drops the oldest datagram that waits behind its client, if it has waited too long. */
  #dropStale(now: number): boolean {
    for (const [client, oldest] of this.#behind) {
      if (now - oldest.since <= STALE_AFTER) return false;
      this.#behind.delete(client);
      this.#free(oldest);
      this.#drop(oldest, 'stale');
      return true;
    }
    return false;
  }

  #free(turn: Turn): void {
    if (turn.slot < 0) return;
    this.#slab.give(turn.slot);
    turn.slot = -1;
  }
}

/** First in, first out; as long as the slab and the orders allow. */
class Queue {
  #turns: Turn[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  push(turn: Turn): void {
    this.#turns.push(turn);
  }

  shift(): Turn | undefined {
    const turn = this.#turns[this.#head];
    if (turn === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#turns.length) {
      this.#turns = [];
      this.#head = 0;
    }
    return turn;
  }
}
