import type { ClientKey } from '../../lease/client-key.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Outcome } from '../../store/lease-store.ts';
import type { Drop } from '../observer/drops.ts';
import { BufferPool } from './buffer-pool.ts';
import { ChurningMap } from './churning-map.ts';
import { Locks } from './locks.ts';
import { type Pending, PendingMessage, type WaitResult } from './pending.ts';
import {
  type FinalDecision,
  isLocking,
  type PendingState,
  type Settled,
  type Waiting,
} from './pending-state.ts';
import { Queue } from './queue.ts';

/** Messages that may wait at once, for whatever: 8 MiB of them. */
export const WAITING_LIMIT = 4096;

/**
 * The messages and orders that are not over, where each of them waits, and what each has locked. A sender is busy while
 * one of its messages is kept here; its newest other message waits behind that one.
 */
export class PendingQueues {
  readonly #locks: Locks;
  readonly #drop: (pending: Pending, reason: Drop) => void;
  readonly #endReports: () => void;
  readonly #buffers = new BufferPool(WAITING_LIMIT);
  /** The message that keeps its sender busy. */
  readonly #busy = new ChurningMap<ClientKey, PendingMessage>();
  /** The message that waits behind that one, by sender; the oldest first. */
  readonly #behindSender = new Map<ClientKey, PendingMessage>();
  /** By who has locked what they wait for. */
  readonly #behindLock = new Map<Pending, Pending[]>();
  #behindAnyLock: Pending[] = [];
  readonly #ready = new Queue<Pending>();
  readonly #behindCommits = new Queue<Pending>();

  /**
   * @param addresses The set that the store's view answers `isInFlight` from.
   * @param drop Told of what is dropped here, after it is over.
   * @param endReports Has all reported that is over, so that its buffers can be used again.
   */
  constructor(addresses: Set<Ipv4>, drop: (pending: Pending, reason: Drop) => void, endReports: () => void) {
    this.#locks = new Locks(addresses);
    this.#drop = drop;
    this.#endReports = endReports;
  }

  /** True if nothing is locked and nothing waits. */
  get isEmpty(): boolean {
    return (
      this.#busy.size === 0 && !this.#locks.hasAddresses && this.#ready.isEmpty && this.#behindCommits.isEmpty
    );
  }

  /** The message that keeps a sender busy. */
  busyWith(sender: ClientKey): PendingMessage | undefined {
    return this.#busy.get(sender);
  }

  /** Who has locked an address. */
  holderOf(address: Ipv4): Pending | undefined {
    return this.#locks.holderOf(address);
  }

  /** How many leases that are being written name this port of a bridge. */
  leasesAt(port: string): number {
    return this.#locks.leasesAt(port);
  }

  /** Who has locked what a change concerns. */
  holderFor(change: LeaseChange): Pending | undefined {
    return this.#locks.holderFor(change);
  }

  /** The message that waits behind this one. */
  nextOf(message: PendingMessage): PendingMessage | undefined {
    return this.#behindSender.get(message.sender);
  }

  /** A message whose sender is busy waits, instead of one that waited there before. */
  queueBehindSender(message: PendingMessage, now: number): void {
    const older = this.#behindSender.get(message.sender);
    if (older !== undefined) this.#dropBehind(older, 'superseded');
    if (this.#copy(message, now)) {
      message.queueBehindSender();
      this.#behindSender.set(message.sender, message);
    } else {
      message.end();
      this.#drop(message, 'no-room');
    }
  }

  /** Keeps it beyond its round; its sender is busy from now on. False: no buffer is free for it. */
  keep(pending: Pending, now: number): boolean {
    if (!(pending instanceof PendingMessage)) return true;
    if (!this.#copy(pending, now)) return false;
    this.#busy.set(pending.sender, pending);
    return true;
  }

  /** Locks what a change concerns, which nobody may have locked, until the change's outcome. */
  beginCommit(pending: Pending, decision: FinalDecision, change: LeaseChange, decidedAt: number): void {
    pending.beginCommit(decision, change, decidedAt);
    if (pending instanceof PendingMessage) this.#busy.set(pending.sender, pending);
    this.#locks.lockChange(pending, change);
  }

  endCommit(pending: Pending, outcome: Outcome): Settled {
    const { committing } = pending;
    const settled = pending.endCommit(outcome);
    this.#unlock(pending, committing);
    return settled;
  }

  /** Locks the address that a kept message waits for. */
  beginWait(message: PendingMessage, name: Waiting['name'], address: Ipv4): Waiting {
    const waiting = message.beginWait(name, address);
    this.#locks.lockAddress(message, address);
    return waiting;
  }

  /** It is decided before those that wait for its address. */
  endWait(message: PendingMessage, result: WaitResult): void {
    const waiting = message.endWait();
    message.noteWait(waiting, result);
    this.#ready.push(message);
    this.#unlock(message, waiting);
  }

  /** A kept one waits until another one unlocks what it has locked. */
  waitForLock(pending: Pending, holder: Pending): void {
    pending.waitForLock();
    const others = this.#behindLock.get(holder);
    if (others === undefined) this.#behindLock.set(holder, [pending]);
    else others.push(pending);
  }

  /** A kept one waits until any address is unlocked; one must be locked. */
  waitForAnyLock(pending: Pending): void {
    pending.waitForAnyLock();
    this.#behindAnyLock.push(pending);
  }

  /** A kept one waits until a commit has room for its change. */
  waitForCommit(pending: Pending): void {
    pending.waitForCommit();
    this.#behindCommits.push(pending);
  }

  makeReady(pending: Pending): void {
    pending.makeReady();
    this.#ready.push(pending);
  }

  /** What was decided without being kept is decided again: until then its sender is busy. */
  decideAgain(pending: Pending): void {
    if (pending instanceof PendingMessage) this.#busy.set(pending.sender, pending);
    this.makeReady(pending);
  }

  /** True if `next` has one. */
  hasReady(hasRoom: boolean): boolean {
    return !this.#ready.isEmpty || (hasRoom && !this.#behindCommits.isEmpty);
  }

  /** The next one to decide; those that wait for room in a commit come first, if there is some. */
  next(hasRoom: boolean): Pending | undefined {
    return (hasRoom ? this.#behindCommits.shift() : undefined) ?? this.#ready.shift();
  }

  /** It is over: what it has locked is free, and its sender's next message is ready. */
  end(pending: Pending): void {
    const { state } = pending;
    pending.end();
    if ('cancel' in state) state.cancel();
    this.#unlock(pending, state);
    if (!(pending instanceof PendingMessage)) return;
    this.#free(pending);
    const { sender } = pending;
    if (this.#busy.get(sender) !== pending) return;
    this.#busy.delete(sender);
    const next = this.#behindSender.get(sender);
    if (next === undefined) return;
    this.#behindSender.delete(sender);
    this.#busy.set(sender, next);
    this.makeReady(next);
  }

  /** All that is over has been reported: its buffers can be used again. */
  reuseBuffers(): void {
    this.#buffers.reuse();
  }

  /** Drops all that is kept. */
  clear(reason: Drop): void {
    const all = new Set<Pending>([...this.#busy.values(), ...this.#behindSender.values()]);
    for (let each = this.next(true); each !== undefined; each = this.next(true)) all.add(each);
    for (const each of [...this.#behindLock.values()].flat()) all.add(each);
    for (const each of this.#behindAnyLock) all.add(each);
    this.#locks.clear();
    this.#busy.clear();
    this.#behindSender.clear();
    this.#behindLock.clear();
    this.#behindAnyLock = [];
    for (const pending of all) {
      if ('cancel' in pending.state) pending.state.cancel();
      pending.end();
      if (pending instanceof PendingMessage) this.#free(pending);
      this.#drop(pending, reason);
    }
  }

  /** Whoever waited for what was locked in this state is ready. */
  #unlock(pending: Pending, state: PendingState): void {
    if (!isLocking(state)) return;
    const hasUnlockedAddress = this.#locks.unlock(state);
    if (hasUnlockedAddress && this.#behindAnyLock.length > 0) {
      for (const each of this.#behindAnyLock) this.makeReady(each);
      this.#behindAnyLock = [];
    }
    const followers = this.#behindLock.size > 0 ? this.#behindLock.get(pending) : undefined;
    if (followers === undefined) return;
    this.#behindLock.delete(pending);
    for (const follower of followers) this.makeReady(follower);
  }

  /** Moves a message into a buffer; false: none is free. */
  #copy(message: PendingMessage, now: number): boolean {
    if (message.buffer >= 0) return true;
    let buffer = this.#buffers.take();
    if (buffer < 0) buffer = this.#takeReturned();
    if (buffer < 0 && this.#dropTooOld(now)) buffer = this.#takeReturned();
    if (buffer < 0) return false;
    message.moveTo(this.#buffers.copy(message.message, buffer), buffer);
    return true;
  }

  #takeReturned(): number {
    this.#endReports();
    this.#buffers.reuse();
    return this.#buffers.take();
  }

  /** Drops the oldest message that waits behind another one of its sender, if it has waited too long. */
  #dropTooOld(now: number): boolean {
    const [oldest] = this.#behindSender.values();
    if (oldest?.isTooOld(now) !== true) return false;
    this.#dropBehind(oldest, 'stale');
    return true;
  }

  #dropBehind(message: PendingMessage, reason: Drop): void {
    this.#behindSender.delete(message.sender);
    message.end();
    this.#free(message);
    this.#drop(message, reason);
  }

  #free(message: PendingMessage): void {
    if (message.buffer < 0) return;
    this.#buffers.give(message.buffer);
    message.buffer = -1;
  }
}
