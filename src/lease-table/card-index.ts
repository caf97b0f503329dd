import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { LeaseColumns } from './lease-columns.ts';
import { SlotIndex } from './slot-index.ts';

const NO_SLOT = -1;
/** As many slots of one card as a decision may look at. */
const MOST_SLOTS = 65;

/**
 * Which bound records a network card has under client identifiers that are not its address: `LeaseColumns.cardAt` says
 * which those are. The others, nearly all on most segments, are found by their key and take no room here. Nearly always
 * a card has one; the few with more have a set beside it.
 */
export class CardIndex {
  readonly #records: LeaseColumns;
  readonly #seed: number;
  /** Made with the first slot: on most segments there is none. */
  #heads: SlotIndex | undefined;
  /** Of each card with several: all of its slots, in the order in which it got them. */
  readonly #several = new Map<HardwareAddress, Set<number>>();

  /** `seed`: of the hash of what cards call themselves. */
  constructor(records: LeaseColumns, seed: number) {
    this.#records = records;
    this.#seed = seed;
  }

  /** At most 65. */
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

  /** The record in a slot is another card's than it was; NO_HARDWARE: of none that is found here. After it is written. */
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
    const place = this.#placeIn(heads, hardware, (each) => each === slot);
    if (heads.at(place) < 0) return; // The head is another one of the card's slots.
    if (next === undefined) heads.remove(place);
    else heads.replace(place, next);
  }

  /** -1: none. */
  #headOf(hardware: HardwareAddress): number {
    const heads = this.#heads;
    if (heads === undefined) return NO_SLOT;
    return heads.at(this.#placeIn(heads, hardware, (slot) => this.#records.cardAt(slot) === hardware));
  }

  /** The place of the slot that is wanted among the heads; else the empty one where the search ends. */
  #placeIn(heads: SlotIndex, hardware: HardwareAddress, isWanted: (slot: number) => boolean): number {
    const hash = this.#hashOf(hardware);
    let place = heads.find(hash);
    for (let slot = heads.at(place); slot >= 0 && !isWanted(slot); slot = heads.at(place))
      place = heads.findNext(place, hash);
    return place;
  }

  /** 32 bits that nobody can foresee who does not know the seed. */
  #hashOf(hardware: HardwareAddress): number {
    const seed = this.#seed;
    let hash = Math.imul((hardware >>> 0) ^ (seed >>> 0), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ Math.floor(hardware / 0x1_0000_0000), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(seed / 0x1_0000_0000), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}
