import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { LeaseColumns } from './lease-columns.ts';
import { SlotIndex } from './slot-index.ts';

const NO_SLOT = -1;
/** The most slots of one card that a decision looks at. */
const MOST_SLOTS = 65;

/**
 * Finds the bound records of a network card under client identifiers that are not its address; `LeaseColumns.cardAt` tells
 * which records those are. The other records, nearly all on most segments, are found by their key and are not in here.
 * Nearly every card has one such record; the few with more have a set of slots.
 */
export class CardIndex {
  readonly #records: LeaseColumns;
  readonly #seed: number;
  /** One slot of each card. Undefined until the first one comes: on most segments there is none. */
  #heads: SlotIndex | undefined;
  /** All slots of each card with several, in the order in which it got them. */
  readonly #several = new Map<HardwareAddress, Set<number>>();

  /** `seed`: of the hash of hardware addresses, so that no guest can choose addresses that collide. */
  constructor(records: LeaseColumns, seed: number) {
    this.#records = records;
    this.#seed = seed;
  }

  /** The slots of a card: the first 65 at most. */
  slotsOf(hardware: HardwareAddress): readonly number[] {
    const several = this.#several.get(hardware);
    if (several === undefined) {
      const head = this.#headOf(hardware);
      return head < 0 ? [] : [head];
    }
    const slots: number[] = [];
    for (const slot of several) {
      slots.push(slot);
      if (slots.length === MOST_SLOTS) break;
    }
    return slots;
  }

  /** Call it after a record was written. `before`, `after`: what `cardAt` of its slot was and is. */
  move(slot: number, before: HardwareAddress, after: HardwareAddress): void {
    if (before === after) return;
    if (before !== NO_HARDWARE) this.#drop(slot, before);
    if (after !== NO_HARDWARE) this.#add(slot, after);
  }

  #add(slot: number, hardware: HardwareAddress): void {
    const several = this.#several.get(hardware);
    const head = several === undefined ? this.#headOf(hardware) : NO_SLOT;
    if (several !== undefined) several.add(slot);
    else if (head >= 0) this.#several.set(hardware, new Set([head, slot]));
    else {
      this.#heads ??= new SlotIndex();
      this.#heads.add(slot, this.#hashOf(hardware));
    }
  }

  #drop(slot: number, hardware: HardwareAddress): void {
    const several = this.#several.get(hardware);
    several?.delete(slot);
    const [next] = several ?? [];
    if (several?.size === 1) this.#several.delete(hardware);
    const heads = this.#heads;
    if (heads === undefined) return;
    const position = this.#positionIn(heads, hardware, (each) => each === slot);
    if (heads.at(position) < 0) return; // The head is another slot of the card.
    if (next === undefined) heads.remove(position);
    else heads.replace(position, next);
  }

  /** The first slot of a card; -1: there is none. */
  #headOf(hardware: HardwareAddress): number {
    const heads = this.#heads;
    if (heads === undefined) return NO_SLOT;
    return heads.at(this.#positionIn(heads, hardware, (slot) => this.#records.cardAt(slot) === hardware));
  }

  /** The position of the wanted slot among the heads; if there is none, the empty one where the search ends. */
  #positionIn(heads: SlotIndex, hardware: HardwareAddress, isWanted: (slot: number) => boolean): number {
    const hash = this.#hashOf(hardware);
    let position = heads.find(hash);
    for (let slot = heads.at(position); slot >= 0 && !isWanted(slot); slot = heads.at(position))
      position = heads.findNext(position, hash);
    return position;
  }

  /** 32 bits that nobody can predict without the seed. */
  #hashOf(hardware: HardwareAddress): number {
    const seed = this.#seed;
    let hash = Math.imul((hardware >>> 0) ^ (seed >>> 0), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ Math.floor(hardware / 0x1_0000_0000), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(seed / 0x1_0000_0000), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}
