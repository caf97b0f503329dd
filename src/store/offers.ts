import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** The offers that stand, one to a client and one at an address. */
export class Offers {
  readonly #byAddress = new Map<Ipv4, Lease>();
  readonly #byClient = new Map<ClientKey, Lease>();
  #cursor: IterableIterator<Lease> = this.#byAddress.values();

  get size(): number {
    return this.#byAddress.size;
  }

  at(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address);
  }

  to(client: ClientKey): Lease | undefined {
    return this.#byClient.get(client);
  }

  /** Returns the offer of another address to the same client, which ends. */
  put(offer: Lease): Lease | undefined {
    this.drop(offer.address);
    const gone = this.#byClient.get(offer.client);
    if (gone !== undefined) this.drop(gone.address);
    this.#byAddress.set(offer.address, offer);
    this.#byClient.set(offer.client, offer);
    return gone;
  }

  /** False if there was none. */
  drop(address: Ipv4): boolean {
    const offer = this.#byAddress.get(address);
    if (offer === undefined) return false;
    this.#byAddress.delete(address);
    this.#byClient.delete(offer.client);
    return true;
  }

  oldestFirst(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  /** Those that have run out among the next `steps`; each call goes on where the last one ended. */
  expired(now: Instant, steps: number): readonly Lease[] {
    const expired: Lease[] = [];
    for (let step = 0; step < steps; step += 1) {
      const { value: offer, done } = this.#cursor.next();
      if (done === true || offer === undefined) {
        this.#cursor = this.#byAddress.values();
        break;
      }
      if (offer.expiresAt <= now) expired.push(offer);
    }
    return expired;
  }
}
