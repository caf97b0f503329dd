import type { AddressRange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { type TableContents, useOf } from './address-use.ts';
import { OrderBuilding } from './order-building.ts';
import type { RangeOrder } from './range-order.ts';

/** The orders of the ranges that were asked about, which never overlap, and of those that are being prepared. */
export class RangeOrders {
  readonly #contents: TableContents;
  readonly #reserved = new Set<Ipv4>();
  /** The order of a range object that was asked about. Another object with the same value is found by its value. */
  #known = new WeakMap<AddressRange, RangeOrder>();
  /** By their first address, ascending. */
  #sorted: RangeOrder[] = [];
  #buildings: OrderBuilding[] = [];

  constructor(contents: TableContents) {
    this.#contents = contents;
  }

  /** The order of a range. If the range was neither asked about nor prepared, it is built now: a look at every record. */
  of(range: AddressRange): RangeOrder {
    return this.#known.get(range) ?? this.#find(range);
  }

  /**
   * Does a bounded piece of the work before these ranges are asked about: well under a millisecond. They may overlap ranges
   * that are asked about meanwhile. True: nothing is left. What was prepared for other ranges is dropped.
   */
  prepare(ranges: readonly AddressRange[]): boolean {
    const missing = ranges.filter((range) => this.#spanning(range) === undefined);
    this.#buildings = this.#buildings.filter(({ range }) => missing.some((one) => isSameSpan(one, range)));
    const started = (one: AddressRange) => this.#buildings.find(({ range }) => isSameSpan(one, range));
    const next = missing.find((range) => started(range)?.isDone !== true);
    if (next === undefined) return true;
    const building = started(next);
    if (building === undefined) this.#buildings.push(new OrderBuilding(next, this.#contents, this.#reserved));
    else building.step();
    return false;
  }

  /** Keeps an address out of every order from now on. */
  reserve(address: Ipv4): void {
    this.#reserved.add(address);
    this.changed(address);
  }

  unreserve(address: Ipv4): void {
    if (this.#reserved.delete(address)) this.changed(address);
  }

  /** Call it when the record or the offer at an address has changed. */
  changed(address: Ipv4): void {
    this.#covering(address)?.move(address, useOf(this.#contents, address));
    for (const building of this.#buildings) building.changed(address);
  }

  #find(range: AddressRange): RangeOrder {
    const order = this.#spanning(range) ?? this.#add(range);
    if (!order.excludes(range.excluded)) {
      order.excludeOnly(range.excluded, (address) => useOf(this.#contents, address));
      this.#known = new WeakMap(); // Other range objects of this span may have this order, with other exclusions.
    }
    this.#known.set(range, order);
    return order;
  }

  #spanning(range: AddressRange): RangeOrder | undefined {
    return this.#sorted.find((order) => isSameSpan(order, range));
  }

  /** Adds an order, and drops those that it overlaps. */
  #add(range: AddressRange): RangeOrder {
    const prepared = this.#buildings.find((building) => isSameSpan(building.range, range));
    const order = (prepared ?? new OrderBuilding(range, this.#contents, this.#reserved)).finish();
    this.#buildings = this.#buildings.filter((building) => building !== prepared);
    const others = this.#sorted.filter(({ first, last }) => first > range.last || last < range.first);
    if (others.length < this.#sorted.length) this.#known = new WeakMap();
    this.#sorted = [...others, order].sort((a, b) => a.first - b.first);
    return order;
  }

  /** The order of the range that has an address, by binary search; undefined: there is none. */
  #covering(address: Ipv4): RangeOrder | undefined {
    let low = 0;
    let high = this.#sorted.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#sorted[middle];
      if (order === undefined) return undefined;
      if (order.covers(address)) return order;
      if (address < order.first) high = middle - 1;
      else low = middle + 1;
    }
    return undefined;
  }
}

interface Span {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

function isSameSpan(one: Span, other: Span): boolean {
  return one.first === other.first && one.last === other.last;
}
