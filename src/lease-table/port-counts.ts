import type { LeaseState, OutsideIds } from '../lease/lease.ts';

/** How many bound records name each port of a bridge. Ports are few, and a port without records takes no memory. */
export class PortCounts {
  readonly #counts = new Map<string, number>();

  of(port: string): number {
    return this.#counts.get(port) ?? 0;
  }

  /** @param by 1 for a record that is written, -1 for one that is written over */
  add(state: LeaseState, ids: OutsideIds | undefined, by: 1 | -1): void {
    if (state !== 'bound' || ids?.port === undefined) return;
    const count = this.of(ids.port) + by;
    if (count === 0) this.#counts.delete(ids.port);
    else this.#counts.set(ids.port, count);
  }
}
