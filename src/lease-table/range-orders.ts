import type { AddressRange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { RangeOrder } from './range-order.ts';

/** The orders of the ranges that were asked about, which never overlap. */
export class RangeOrders {
  readonly #known = new Map<AddressRange, RangeOrder>();
  /** By their first address, ascending. */
  #sorted: RangeOrder[] = [];

  of(range: AddressRange): RangeOrder | undefined {
    return this.#known.get(range);
  }

  /** Adds the order of a range, all of it never used, and forgets those that it overlaps. */
  add(range: AddressRange): RangeOrder {
    for (const [known, order] of this.#known) {
      if (order.first <= range.last && order.last >= range.first) this.#known.delete(known);
    }
    const order = new RangeOrder(range);
    this.#known.set(range, order);
    this.#sorted = [...this.#known.values()].sort((a, b) => a.first - b.first);
    return order;
  }

  /** The order that an address belongs to, found by halving. */
  covering(address: Ipv4): RangeOrder | undefined {
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
