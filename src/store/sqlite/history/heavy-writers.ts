import type { Instant } from '../../../lease/lease.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';

/** So many rows a day are nothing unusual for one network card. */
const FEW = 4;
/** Network cards whose rows of a day are counted; of more, which come only by forging, each has few. */
const MOST_CARDS = 65_536;
const DAY = 86_400_000;

/** Which rows of the history are of network cards that write many a day; the oldest of whoever has most go first. */
export class HeavyWriters {
  readonly #rows = new Map<HardwareAddress, RowQueue>();

  /** One more row of a card that has written `count` today. */
  add(hardware: HardwareAddress, id: number, count: number): void {
    if (count <= FEW) return;
    const queue = this.#rows.get(hardware) ?? new RowQueue();
    queue.push(id);
    this.#rows.set(hardware, queue);
  }

  /** A row that was added last, of all of its card, has gone again. */
  remove(hardware: HardwareAddress, id: number): void {
    const queue = this.#rows.get(hardware);
    queue?.dropLast(id);
    if (queue?.length === 0) this.#rows.delete(hardware);
  }

  /** Rows before this one have gone. */
  dropBefore(oldest: number): void {
    for (const [hardware, queue] of this.#rows) {
      queue.dropBefore(oldest);
      if (queue.length === 0) this.#rows.delete(hardware);
    }
  }

  /** Rows to go, those of whoever has most first, until nobody has any. Some may have gone already. */
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

/** The rows of one day: how many, from which on, and of which cards. */
export class DayOfRows {
  first = 0;
  rows = 0;
  #day = 0;
  readonly #cards = new Map<HardwareAddress, number>();

  /** False: the row is of another day. About midnight the clocks of several gateways are of two. */
  isOf(at: Instant): boolean {
    const day = Math.floor(at / DAY);
    return day === this.#day || day === this.#day - 1;
  }

  isSameAs(other: DayOfRows): boolean {
    return this.#day === other.#day;
  }

  /** It began earlier, with so many rows. */
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

  /** Returns how many rows the card has by now. */
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

/** Ids, first in, first out. */
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
