import type { Instant } from '../../../lease/lease.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';

/** Rows of one network card in a day that are nothing unusual. */
const FEW = 4;
/** The most network cards whose rows of a day are counted. Further ones are forged, most likely, and count as having one. */
const MOST_CARDS = 65_536;
const DAY = 86_400_000;

/** The rows of network cards that have many in a day. They are deleted first: the oldest rows of the card with most. */
export class HeavyWriters {
  readonly #rows = new Map<HardwareAddress, RowQueue>();

  /** Adds a row of a card that has `count` rows today. */
  add(hardware: HardwareAddress, id: number, count: number): void {
    if (count <= FEW) return;
    const queue = this.#rows.get(hardware) ?? new RowQueue();
    queue.push(id);
    this.#rows.set(hardware, queue);
  }

  /** Removes the newest row of a card, which was deleted. */
  remove(hardware: HardwareAddress, id: number): void {
    const queue = this.#rows.get(hardware);
    queue?.dropLast(id);
    if (queue?.length === 0) this.#rows.delete(hardware);
  }

  /** Forgets the rows before this one, which were deleted. */
  dropBefore(oldest: number): void {
    for (const [hardware, queue] of this.#rows) {
      queue.dropBefore(oldest);
      if (queue.length === 0) this.#rows.delete(hardware);
    }
  }

  /** Takes out rows to delete, those of the card with most first. Some may be deleted already. */
  *take(): Generator<number, void> {
    while (this.#rows.size > 0) {
      let most = 0;
      for (const queue of this.#rows.values()) most = Math.max(most, queue.length);
      for (const [hardware, queue] of this.#rows) {
        for (let over = queue.length - Math.floor(most / 2); over > 0; over -= 1) {
          const id = queue.shift();
          if (queue.length === 0) this.#rows.delete(hardware);
          if (id !== undefined) yield id;
        }
      }
    }
  }
}

/** The rows of one day: the id of the first, how many, and how many of each card. */
export class DayOfRows {
  first = 0;
  rows = 0;
  #day = 0;
  readonly #cards = new Map<HardwareAddress, number>();

  /** False: the row is of another day. The day before counts too: about midnight the clocks of gateways differ. */
  isOf(at: Instant): boolean {
    const day = Math.floor(at / DAY);
    return day === this.#day || day === this.#day - 1;
  }

  isSameAs(other: DayOfRows): boolean {
    return this.#day === other.#day;
  }

  /** Adds `rows` earlier rows of the day, which begin with `first`. */
  join(first: number, rows: number): void {
    this.first = first;
    this.rows += rows;
  }

  begin(at: Instant, first: number): void {
    this.#day = Math.floor(at / DAY);
    this.first = first;
    this.rows = 0;
    this.#cards.clear();
  }

  /** Counts a row. Returns how many rows its card has now. */
  add(hardware: HardwareAddress): number {
    this.rows += 1;
    const known = this.#cards.get(hardware);
    if (known === undefined && this.#cards.size >= MOST_CARDS) return 1;
    this.#cards.set(hardware, (known ?? 0) + 1);
    return (known ?? 0) + 1;
  }

  remove(hardware: HardwareAddress, id: number): void {
    if (id < this.first) return;
    this.rows -= 1;
    const known = this.#cards.get(hardware) ?? 0;
    if (known > 0) this.#cards.set(hardware, known - 1);
  }
}

/** A queue of ids, first in, first out. */
class RowQueue {
  #ids: number[] = [];
  #head = 0;

  get length(): number {
    return this.#ids.length - this.#head;
  }

  push(id: number): void {
    this.#ids.push(id);
  }

  dropLast(id: number): void {
    if (this.length > 0 && this.#ids.at(-1) === id) this.#ids.pop();
  }

  dropBefore(id: number): void {
    this.#ids = this.#ids.slice(this.#head).filter((each) => each >= id);
    this.#head = 0;
  }

  shift(): number | undefined {
    const id = this.#ids[this.#head];
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#ids.length) {
      this.#ids = this.#ids.slice(this.#head);
      this.#head = 0;
    }
    return id;
  }
}
