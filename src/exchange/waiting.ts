import type { ClientKey } from '../lease/client-key.ts';
import type { LeaseChange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { STALE_AFTER } from './arrivals.ts';
import type { Drop } from './drops.ts';
import { Holders } from './holders.ts';
import { Slab } from './slab.ts';
import type { Turn } from './turn.ts';

/** Datagrams that may wait at once, for whatever. */
export const WAITING_LIMIT = 256;

/**
 * What is on its way: the clients and addresses of changes under way, and the turns that have to stay. A machine's lane
 * is in flight while one of its turns stays; its next datagram waits behind it, one per lane, and the newest wins.
 * Machines that share an identifier have a lane each, so that none displaces another's message; the client that their
 * changes speak of is in flight beside it while such a change is being committed.
 * An address is in flight while its change is being committed or it is being asked for.
 */
export class Waiting {
  /** Shared with the store's view of the leases. */
  readonly #addresses: Set<Ipv4>;
  readonly #drop: (turn: Turn, reason: Drop) => void;
  readonly #slab = new Slab(WAITING_LIMIT);
  readonly #lanes = new Holders<ClientKey, Turn>();
  /** By the client of a change that is being committed. */
  readonly #clients = new Holders<ClientKey, Turn>();
  readonly #holders = new Holders<Ipv4, Turn>();
  /** By lane, the oldest first. */
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
    return this.#lanes.size === 0 && this.#holders.size === 0 && this.#ready.isEmpty && this.#starved.isEmpty;
  }

  isInFlight(sender: ClientKey): boolean {
    return this.#lanes.get(sender) !== undefined;
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

  /** The datagram that waits behind the lane's turn in flight. */
  behind(sender: ClientKey | undefined): Turn | undefined {
    return sender === undefined ? undefined : this.#behind.get(sender);
  }

  /** Lets a datagram wait behind its lane's turn in flight, in the place of one that waited there. */
  queue(turn: Turn, sender: ClientKey, now: number): void {
    const older = this.#behind.get(sender);
    if (older !== undefined) {
      this.#behind.delete(sender);
      this.#free(older);
      this.#drop(older, 'superseded');
    }
    if (this.#copy(turn, now)) this.#behind.set(sender, turn);
    else this.#drop(turn, 'no-room');
  }

  /** Keeps a turn beyond its batch; its lane is in flight from now on. False: there is no room for it. */
  keep(turn: Turn, now: number): boolean {
    if (!this.#copy(turn, now)) return false;
    this.occupy(turn);
    return true;
  }

  /** Keeps the turn's lane in flight. */
  occupy(turn: Turn): void {
    if (turn.sender !== undefined) this.#lanes.set(turn.sender, turn);
  }

  /** Keeps the lane, the client and every address of a change in flight; nobody may be `aheadOf` it. */
  claim(turn: Turn, change: LeaseChange): void {
    this.occupy(turn);
    turn.claimed = change.client;
    this.#clients.set(change.client, turn);
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

  /** Lets go what a turn keeps in flight, but for its lane; whoever waited for that is ready. */
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
    if (turn.claimed !== undefined) {
      this.#clients.delete(turn.claimed);
      turn.claimed = undefined;
    }
    for (const follower of turn.followers) this.#ready.push(follower);
    if (turn.followers.length > 0) turn.followers = [];
  }

  /** The turn is over: its lane's next datagram is ready. */
  finish(turn: Turn): void {
    this.letGo(turn);
    this.#free(turn);
    const { sender } = turn;
    if (sender === undefined || this.#lanes.get(sender) !== turn) return;
    this.#lanes.delete(sender);
    const next = this.#behind.get(sender);
    if (next === undefined) return;
    this.#behind.delete(sender);
    this.#lanes.set(sender, next);
    this.#ready.push(next);
  }

  /** Forgets everything; each turn that stayed is dropped. */
  clear(reason: Drop): void {
    const turns = new Set([...this.#lanes.values(), ...this.#behind.values()]);
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
    this.#lanes.clear();
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

  /** Drops the oldest datagram that waits behind another, if it has waited too long. */
  #dropStale(now: number): boolean {
    for (const [sender, oldest] of this.#behind) {
      if (now - oldest.since <= STALE_AFTER) return false;
      this.#behind.delete(sender);
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
