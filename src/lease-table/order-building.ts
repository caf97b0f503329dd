import type { AddressRange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { type TableContents, useOf } from './address-use.ts';
import { oldestFirst } from './oldest-first.ts';
import { RangeOrder } from './range-order.ts';

/** Records or addresses that one step looks at, and moves that the sort makes in one step: well under a millisecond. */
const STEP = 256;
const STEP_MOVES = 8192;
/** Addresses whose memory one step writes to. */
const STEP_MEMORY = 65_536;

/**
 * Builds the order of a range in steps, since to order a million addresses at once would hold up every packet. Addresses
 * that change meanwhile are moved at the end, as the newest ones.
 */
export class OrderBuilding {
  readonly range: AddressRange;
  readonly #contents: TableContents;
  readonly #order: RangeOrder;
  readonly #reserved: ReadonlySet<Ipv4>;
  readonly #work: Generator<void, void, void>;
  /** Addresses that changed meanwhile, by their last change. */
  readonly #changed = new Set<Ipv4>();
  /** The addresses that are sorted by time, and their versions. */
  #addresses = new Uint32Array(0);
  #versions = new Float64Array(0);
  readonly #records: number;
  readonly #offers: number;
  #count = 0;
  #isDone = false;

  constructor(range: AddressRange, contents: TableContents, reserved: ReadonlySet<Ipv4>) {
    this.range = range;
    this.#contents = contents;
    this.#reserved = reserved;
    this.#order = new RangeOrder(range, reserved);
    this.#records = contents.records.size;
    this.#offers = contents.offers.slots;
    this.#work = this.#build();
  }

  /** True: the order is built. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Does a bounded piece of the work. */
  step(): void {
    this.#work.next();
  }

  /** Does the rest of the work at once, and returns the order. */
  finish(): RangeOrder {
    while (!this.#isDone) this.#work.next();
    return this.#order;
  }

  /** Call it when the record or the offer at an address has changed. */
  changed(address: Ipv4): void {
    if (!this.#order.covers(address)) return;
    if (this.#isDone) {
      this.#move(address);
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
      if (!this.#changed.has(address)) this.#move(address);
      if (isStepDone(done)) yield;
    }
    let done = 0;
    for (const address of this.#changed) {
      this.#changed.delete(address);
      this.#move(address);
      done += 1;
      if (isStepDone(done)) yield;
    }
    this.#isDone = true;
  }

  /** New memory is cleared, or provided page by page when it is first written to: that takes time too. */
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
      if (this.#order.covers(address)) this.#move(address);
      done += 1;
      if (isStepDone(done)) yield;
    }
  }

  /** Records that came since are in `#changed`. */
  *#gatherRecords(): Generator<void, void, void> {
    const { records } = this.#contents;
    for (let slot = 0; slot < this.#records; slot += 1) {
      const address = records.addressAt(slot);
      if (this.#order.covers(address)) this.#takeRecord(address, slot);
      if (isStepDone(slot)) yield;
    }
  }

  #takeRecord(address: Ipv4, slot: number): void {
    const use = useOf(this.#contents, address, slot);
    if (use === 'taken' || use === 'declined') this.#order.move(address, use);
    else if (use !== 'offered') this.#gather(address, this.#contents.records.versionAt(slot));
  }

  *#gatherOffers(): Generator<void, void, void> {
    const { offers } = this.#contents;
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

  #move(address: Ipv4): void {
    this.#order.move(address, useOf(this.#contents, address));
  }
}

function isStepDone(done: number): boolean {
  return done % STEP === STEP - 1;
}
