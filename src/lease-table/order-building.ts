import type { AddressRange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { oldestFirst } from './oldest-first.ts';
import { RangeOrder } from './range-order.ts';
import { type Stock, standingOf } from './standing.ts';

/** Records or addresses that one step looks at, and moves of the sort in one step: each well under a millisecond. */
const STEP = 256;
const STEP_MOVES = 8192;
/** Addresses whose memory one step has come. */
const STEP_MEMORY = 65_536;

/**
 * An order in the making. It is built in steps, for a million addresses would keep every packet waiting; what changes
 * meanwhile is put in its place at the end, as the newest that it is.
 */
export class OrderBuilding {
  readonly range: AddressRange;
  readonly #stock: Stock;
  readonly #order: RangeOrder;
  readonly #reserved: ReadonlySet<Ipv4>;
  readonly #work: Generator<void, void, void>;
  /** In the order of the last change of each. */
  readonly #changed = new Set<Ipv4>();
  /** What has to stand in the order of time: addresses and their versions. */
  #addresses = new Uint32Array(0);
  #versions = new Float64Array(0);
  readonly #records: number;
  readonly #offers: number;
  #count = 0;
  #isDone = false;

  constructor(range: AddressRange, stock: Stock, reserved: ReadonlySet<Ipv4>) {
    this.range = range;
    this.#stock = stock;
    this.#reserved = reserved;
    this.#order = new RangeOrder(range, reserved);
    this.#records = stock.records.size;
    this.#offers = stock.offers.slots;
    this.#work = this.#build();
  }

  /** True: `finish` returns without any work. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** A bounded piece of the work. */
  step(): void {
    this.#work.next();
  }

  /** All that is left of the work, at once. */
  finish(): RangeOrder {
    while (!this.#isDone) this.#work.next();
    return this.#order;
  }

  /** What stands at an address has changed. */
  changed(address: Ipv4): void {
    if (!this.#order.covers(address)) return;
    if (this.#isDone) {
      this.#place(address);
      return;
    }
    this.#changed.delete(address);
    this.#changed.add(address);
  }

  *#build(): Generator<void, void, void> {
    yield* this.#takeMemory();
    yield* this.#keepReserved();
    yield* this.#gatherRecords();
    yield* this.#gatherOffers();
    const oldest = yield* oldestFirst(this.#versions, this.#count, STEP_MOVES);
    yield;
    for (let done = 0; done < this.#count; done += 1) {
      const address = (this.#addresses[oldest[done] ?? 0] ?? 0) as Ipv4;
      if (!this.#changed.has(address)) this.#place(address);
      if (isStepDone(done)) yield;
    }
    let done = 0;
    for (const address of this.#changed) {
      this.#changed.delete(address);
      this.#place(address);
      done += 1;
      if (isStepDone(done)) yield;
    }
    this.#isDone = true;
  }

  /** Memory that is asked for is cleared, or comes page by page when it is written to: that is work too. */
  *#takeMemory(): Generator<void, void, void> {
    this.#addresses = new Uint32Array(this.#records + this.#offers);
    yield;
    this.#versions = new Float64Array(this.#records + this.#offers);
    yield;
    const { first, last } = this.#order;
    for (let index = 0; index <= last - first; index += STEP_MEMORY) {
      this.#order.touch(index, Math.min(index + STEP_MEMORY, last - first + 1));
      yield;
    }
  }

  *#keepReserved(): Generator<void, void, void> {
    let done = 0;
    for (const address of this.#reserved) {
      if (this.#order.covers(address)) this.#place(address);
      done += 1;
      if (isStepDone(done)) yield;
    }
  }

  /** Those that have come since are among the changed. */
  *#gatherRecords(): Generator<void, void, void> {
    const { records } = this.#stock;
    for (let slot = 0; slot < this.#records; slot += 1) {
      const address = records.addressAt(slot);
      if (this.#order.covers(address)) this.#takeRecord(address, slot);
      if (isStepDone(slot)) yield;
    }
  }

  #takeRecord(address: Ipv4, slot: number): void {
    const standing = standingOf(this.#stock, address, slot);
    if (standing === 'taken' || standing === 'declined') this.#order.place(address, standing);
    else if (standing !== 'offered') this.#gather(address, this.#stock.records.versionAt(slot));
  }

  *#gatherOffers(): Generator<void, void, void> {
    const { offers } = this.#stock;
    for (let slot = 0; slot < this.#offers; slot += 1) {
      const offer = offers.inSlot(slot);
      if (offer !== undefined && this.#order.covers(offer.address))
        this.#gather(offer.address, offer.version);
      if (isStepDone(slot)) yield;
    }
  }

  #gather(address: Ipv4, version: number): void {
    this.#addresses[this.#count] = address;
    this.#versions[this.#count] = version;
    this.#count += 1;
  }

  #place(address: Ipv4): void {
    this.#order.place(address, standingOf(this.#stock, address));
  }
}

function isStepDone(done: number): boolean {
  return done % STEP === STEP - 1;
}
