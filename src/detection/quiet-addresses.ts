import type { Version } from '../lease/lease.ts';
import type { AddressRange } from '../lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../net/ipv4.ts';

/** Addresses that are followed. In a larger pool each slot follows one address of its group at a time. */
export const FOLLOWED = 4096;
/** The second request comes so long after the first one, and the answers to it count for as long: milliseconds. */
const APART = 250;
/** A quiet address is asked again so long after the last request: milliseconds. */
const REFRESH = 240_000;
/** It is quiet for so long after the last request: milliseconds. */
export const QUIET_FOR = 600_000;
/** Addresses of a group that one visit looks at. */
const LOOKED = 64;

const NEVER = Number.POSITIVE_INFINITY;
const EVER = Number.NEGATIVE_INFINITY;
/** Stands for a machine that is not known: no asker is equal to it. */
const SOMEBODY = -1;

/** What is known of an address beside ARP. */
export interface LeaseFacts {
  /** The version of the newest stored change of an address; 0: there is none. */
  versionAt(address: Ipv4): Version;
  /** The version of what stands at an address, 0 for nothing; undefined: it is not free. */
  freeSince(address: Ipv4): Version | undefined;
  /** True if this gateway may give the address to somebody, and goes first for it. */
  isWanted(address: Ipv4): boolean;
}

/**
 * Which addresses are quiet, and which one is to be asked next. An address is quiet if two requests, at least 0.25 s
 * apart, met no answer, the last one less than ten minutes ago, and if nothing was heard or stored of it since. All of
 * it is in columns of fixed size. Times are monotonic milliseconds.
 */
export class QuietAddresses {
  /** As many as there are addresses, or `SLOTS`. */
  readonly slots: number;
  readonly #pools: readonly AddressRange[];
  readonly #facts: LeaseFacts;
  /** Addresses of the pools, excluded ones too. */
  readonly #size: number;
  /** The address that a slot follows; 0: none yet. */
  readonly #addresses: Uint32Array;
  readonly #askedAt: Float64Array;
  /** From when on it is quiet, if nothing is heard. */
  readonly #quietFrom: Float64Array;
  /** When it is asked next. */
  readonly #dueAt: Float64Array;
  /** The newest change that was stored when it was asked first. */
  readonly #revisions: Float64Array;
  /** The one machine that was heard there since. */
  readonly #heard: Float64Array;
  /** 1: a change of the address was stored after it was asked first. It is not quiet until it is asked anew. */
  readonly #isUsed: Uint8Array;
  /** Slots that were asked once, in the order of that; a ring. */
  readonly #once: Uint16Array;
  readonly #isOnce: Uint8Array;
  #head = 0;
  #count = 0;

  constructor(pools: readonly AddressRange[], facts: LeaseFacts) {
    this.#pools = pools;
    this.#facts = facts;
    this.#size = pools.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    this.slots = Math.min(this.#size, FOLLOWED);
    this.#addresses = new Uint32Array(this.slots);
    this.#askedAt = new Float64Array(this.slots).fill(EVER);
    this.#quietFrom = new Float64Array(this.slots).fill(NEVER);
    this.#dueAt = new Float64Array(this.slots).fill(EVER);
    this.#revisions = new Float64Array(this.slots);
    this.#heard = new Float64Array(this.slots);
    this.#isUsed = new Uint8Array(this.slots);
    this.#once = new Uint16Array(this.slots);
    this.#isOnce = new Uint8Array(this.slots);
  }

  isQuiet(address: Ipv4, asker: HardwareAddress, now: number): boolean {
    const slot = this.#slotFollowing(address);
    return slot >= 0 && this.#isQuietFor(slot, asker, now);
  }

  /** How many are quiet now. It looks at every slot. */
  count(now: number): number {
    let count = 0;
    for (let slot = 0; slot < this.slots; slot += 1) if (this.#isQuietFor(slot, NO_HARDWARE, now)) count += 1;
    return count;
  }

  /** True if it was asked for twice, not long ago, and nobody was heard there since, whatever was stored of it. */
  isSilent(address: Ipv4, now: number): boolean {
    const slot = this.#slotFollowing(address);
    return slot >= 0 && this.#mayBeQuiet(slot, now) && this.#heard[slot] === NO_HARDWARE;
  }

  find(
    hash: number,
    asker: HardwareAddress,
    limit: number,
    now: number,
    isFit: (address: Ipv4) => boolean,
  ): Ipv4 | undefined {
    if (this.slots === 0) return undefined;
    const first = this.#slotAt(hash % this.#size);
    let looked = 0;
    for (let step = 0; step < this.slots && looked < limit; step += 1) {
      const slot = (first + step) % this.slots;
      if (!this.#isQuietFor(slot, asker, now)) continue;
      const address = ipv4(this.#addresses[slot] ?? 0);
      if (isFit(address)) return address;
      looked += 1;
    }
    return undefined;
  }

  /** A machine has named the address as its own, or would like to have it. */
  hear(address: Ipv4, hardware: HardwareAddress, now: number): void {
    const slot = this.#slotFollowing(address);
    if (slot < 0) return;
    const before = this.#heard[slot];
    const isFirst = before === NO_HARDWARE || before === hardware;
    this.#heard[slot] = isFirst && hardware !== NO_HARDWARE ? hardware : SOMEBODY;
    this.#dueAt[slot] = now + REFRESH;
  }

  /** Somebody may have the address, another gateway's client for one: it is asked anew. */
  claim(address: Ipv4, now: number): void {
    const slot = this.#slotFollowing(address);
    if (slot < 0) return;
    this.#heard[slot] = SOMEBODY;
    this.#dueAt[slot] = now;
  }

  /** Something may have been missed: nothing is quiet, and all is to be asked anew. */
  forget(): void {
    this.#quietFrom.fill(NEVER);
    this.#dueAt.fill(EVER);
    this.#askedAt.fill(EVER);
    this.#isOnce.fill(0);
    this.#count = 0;
  }

  /** The next address that is to be asked for the second time, which is taken as asked now; undefined: none. */
  takeSecond(now: number): Ipv4 | undefined {
    while (this.#count > 0) {
      const slot = this.#once[this.#head] ?? 0;
      if (this.#isOnce[slot] === 1 && now - (this.#askedAt[slot] ?? 0) < APART) return undefined;
      this.#head = (this.#head + 1) % this.slots;
      this.#count -= 1;
      this.#isOnce[slot] = 0;
      if (this.#heard[slot] !== NO_HARDWARE) continue; // Somebody has answered.
      this.#quietFrom[slot] = now + APART;
      return this.#askedNow(slot, now);
    }
    return undefined;
  }

  /**
   * Looks at a slot.
   *
   * @param revision The newest change that is stored.
   * @returns The address that is to be asked, which is taken as asked now; undefined: none.
   */
  visit(slot: number, now: number, revision: Version): Ipv4 | undefined {
    if (this.#isOnce[slot] === 1) return undefined;
    const before = ipv4(this.#addresses[slot] ?? 0);
    let since = this.#freeSince(before);
    const address = since === undefined ? this.#nextOf(slot, before) : before;
    since ??= this.#freeSince(address);
    const isOther = address !== before;
    this.#addresses[slot] = address;
    if (isOther) this.#quietFrom[slot] = NEVER;
    if (since === undefined) return undefined;
    const isStale = since > (this.#revisions[slot] ?? 0);
    if (isOther || isStale) return this.#askFirst(slot, now, revision);
    if (now < (this.#dueAt[slot] ?? 0)) return undefined;
    return this.#mayBeQuiet(slot, now) && this.#heard[slot] === NO_HARDWARE
      ? this.#askedNow(slot, now)
      : this.#askFirst(slot, now, revision);
  }

  /** The slot that an address belongs to; -1: none. */
  slotOf(address: Ipv4): number {
    const position = this.#positionIn(address);
    return position < 0 ? -1 : this.#slotAt(position);
  }

  #slotFollowing(address: Ipv4): number {
    const slot = this.slotOf(address);
    return this.#addresses[slot] === address ? slot : -1;
  }

  #slotAt(position: number): number {
    return Math.ceil(((position + 1) * this.slots) / this.#size) - 1;
  }

  /** The first position of a slot's group. */
  #firstPositionOf(slot: number): number {
    return Math.floor((slot * this.#size) / this.slots);
  }

  #poolAddress(position: number): Ipv4 {
    let rest = position;
    for (const { first, last } of this.#pools) {
      if (rest <= last - first) return ipv4(first + rest);
      rest -= last - first + 1;
    }
    return UNSPECIFIED;
  }

  /** The change since which nobody has the address; undefined: somebody has it, or it is not wanted here. */
  #freeSince(address: Ipv4): Version | undefined {
    if (address === UNSPECIFIED) return undefined;
    const since = this.#facts.freeSince(address);
    return since !== undefined && this.#facts.isWanted(address) ? since : undefined;
  }

  /** The next address of the group that is free; else the last one that was looked at, from where the next visit goes on. */
  #nextOf(slot: number, before: Ipv4): Ipv4 {
    const first = this.#firstPositionOf(slot);
    const size = this.#firstPositionOf(slot + 1) - first;
    const start = before === UNSPECIFIED ? 0 : this.#positionIn(before) - first + 1;
    let address = before;
    for (let step = 0; step < Math.min(size, LOOKED); step += 1) {
      address = this.#poolAddress(first + ((start + step) % size));
      if (this.#freeSince(address) !== undefined) break;
    }
    return address;
  }

  #positionIn(address: Ipv4): number {
    let position = 0;
    for (const { first, last } of this.#pools) {
      if (address >= first && address <= last) return position + address - first;
      position += last - first + 1;
    }
    return -1;
  }

  #askFirst(slot: number, now: number, revision: Version): Ipv4 {
    this.#heard[slot] = NO_HARDWARE;
    this.#isUsed[slot] = 0;
    this.#quietFrom[slot] = NEVER;
    this.#revisions[slot] = revision;
    this.#isOnce[slot] = 1;
    this.#once[(this.#head + this.#count) % this.slots] = slot;
    this.#count += 1;
    return this.#askedNow(slot, now);
  }

  #askedNow(slot: number, now: number): Ipv4 {
    this.#askedAt[slot] = now;
    this.#dueAt[slot] = now + REFRESH;
    return ipv4(this.#addresses[slot] ?? 0);
  }

  /** By its times; what was heard and stored is another matter. */
  #mayBeQuiet(slot: number, now: number): boolean {
    return (this.#quietFrom[slot] ?? NEVER) <= now && now - (this.#askedAt[slot] ?? EVER) < QUIET_FOR;
  }

  #isQuietFor(slot: number, asker: HardwareAddress, now: number): boolean {
    if (this.#isUsed[slot] === 1) return false;
    const heard = this.#heard[slot];
    if (!this.#mayBeQuiet(slot, now) || (heard !== NO_HARDWARE && heard !== asker)) return false;
    const address = ipv4(this.#addresses[slot] ?? 0);
    if (this.#facts.versionAt(address) > (this.#revisions[slot] ?? 0)) {
      this.#isUsed[slot] = 1;
      return false;
    }
    return this.#facts.freeSince(address) !== undefined;
  }
}
