import type { ClientKey } from '../lease/client-key.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** A client that wants the address asks for it within this time: milliseconds. */
const RECENT = 10_000;
/** Addresses that are remembered; the one that was offered longest ago is forgotten first. */
const LIMIT = 1024;

interface Offered {
  readonly client: ClientKey;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/**
 * The addresses that were offered lately without being held, and to whom last. They are anybody's; but as long as there are
 * others, the next client is offered another one.
 */
export class UnheldOffers {
  readonly #offers = new Map<Ipv4, Offered>();

  note(address: Ipv4, client: ClientKey, monotonic: number): void {
    this.#offers.delete(address);
    this.#offers.set(address, { client, at: monotonic });
    if (this.#offers.size <= LIMIT) return;
    for (const oldest of this.#offers.keys()) {
      this.#offers.delete(oldest);
      return;
    }
  }

  /** True if the address was offered lately to another client than this one. */
  isAnothers(address: Ipv4, client: ClientKey, monotonic: number): boolean {
    const last = this.#offers.size === 0 ? undefined : this.#offers.get(address);
    return last !== undefined && last.client !== client && monotonic - last.at < RECENT;
  }
}
