import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import { CLOCK_TOLERANCE } from '../lease/lease-end.ts';
import { hashOfAddress, type Ipv4 } from '../net/ipv4.ts';
import { SlotIndex } from './slot-index.ts';

const NONE = -1;

/**
 * The offers that stand, one to a client and one at an address, each in a slot of its own. Most of them come and go
 * within milliseconds, and a storm makes very many: the slots are used again, and nothing is ever copied as a whole.
 */
export class Offers {
  readonly #hashOf: (client: ClientKey) => number;
  readonly #offers: (Lease | undefined)[] = [];
  /** Of each slot the one whose offer is next younger, and next older. */
  readonly #younger: number[] = [];
  readonly #older: number[] = [];
  readonly #free: number[] = [];
  readonly #byAddress = new SlotIndex();
  readonly #byClient = new SlotIndex();
  #oldest = NONE;
  #youngest = NONE;
  #size = 0;
  /** Where the next look for what has run out begins. */
  #cursor = NONE;

  /** `hashOf`: what clients are found by, 32 bits. */
  constructor(hashOf: (client: ClientKey) => number) {
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots 0 to this, less one, may have an offer each. */
  get slots(): number {
    return this.#offers.length;
  }

  inSlot(slot: number): Lease | undefined {
    return this.#offers[slot];
  }

  at(address: Ipv4): Lease | undefined {
    return this.#size === 0 ? undefined : this.#offerIn(this.#byAddress.at(this.#placeAt(address)));
  }

  to(client: ClientKey): Lease | undefined {
    return this.#size === 0 ? undefined : this.#offerIn(this.#byClient.at(this.#placeOf(client)));
  }

  /** Returns the offer of another address to the same client, which ends. */
  put(offer: Lease): Lease | undefined {
    this.drop(offer.address);
    const gone = this.to(offer.client);
    if (gone !== undefined) this.drop(gone.address);
    const slot = this.#free.pop() ?? this.#offers.length;
    this.#offers[slot] = offer;
    this.#byAddress.add(slot, hashOfAddress(offer.address));
    this.#byClient.add(slot, this.#hashOf(offer.client));
    this.#link(slot);
    this.#size += 1;
    return gone;
  }

  /** False if there was none. */
  drop(address: Ipv4): boolean {
    const place = this.#placeAt(address);
    const slot = this.#byAddress.at(place);
    const offer = this.#offerIn(slot);
    if (offer === undefined) return false;
    this.#byAddress.remove(place);
    this.#byClient.remove(this.#placeOf(offer.client));
    this.#unlink(slot);
    this.#offers[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    return true;
  }

  /**
   * Those that have run out among the next `steps`, or were made under a clock that was put back since; each call goes on
   * where the last one ended.
   */
  expired(now: Instant, steps: number): readonly Lease[] {
    const expired: Lease[] = [];
    for (let step = 0; step < steps; step += 1) {
      if (this.#cursor === NONE) {
        this.#cursor = this.#oldest;
        if (step > 0 || this.#cursor === NONE) break;
      }
      const offer = this.#offers[this.#cursor];
      if (offer !== undefined && isOver(offer, now)) expired.push(offer);
      this.#cursor = this.#younger[this.#cursor] ?? NONE;
    }
    return expired;
  }

  #offerIn(slot: number): Lease | undefined {
    return slot < 0 ? undefined : this.#offers[slot];
  }

  #placeAt(address: Ipv4): number {
    return this.#byAddress.find(hashOfAddress(address)); // No two addresses have the same.
  }

  #placeOf(client: ClientKey): number {
    const hash = this.#hashOf(client);
    const index = this.#byClient;
    let place = index.find(hash);
    for (let slot = index.at(place); slot >= 0; slot = index.at(place)) {
      if (this.#offers[slot]?.client === client) break;
      place = index.findNext(place, hash);
    }
    return place;
  }

  #link(slot: number): void {
    this.#older[slot] = this.#youngest;
    this.#younger[slot] = NONE;
    if (this.#youngest === NONE) this.#oldest = slot;
    else this.#younger[this.#youngest] = slot;
    this.#youngest = slot;
  }

  #unlink(slot: number): void {
    const older = this.#older[slot] ?? NONE;
    const younger = this.#younger[slot] ?? NONE;
    if (older === NONE) this.#oldest = younger;
    else this.#younger[older] = younger;
    if (younger === NONE) this.#youngest = older;
    else this.#older[younger] = older;
    if (this.#cursor === slot) this.#cursor = younger;
  }
}

function isOver({ expiresAt, updatedAt }: Lease, now: Instant): boolean {
  return expiresAt <= now || updatedAt - now > CLOCK_TOLERANCE;
}
