import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import { CLOCK_TOLERANCE } from '../lease/lease-end.ts';
import { hashOfAddress, type Ipv4 } from '../net/ipv4.ts';
import { SlotIndex } from './slot-index.ts';

const NONE = -1;

/**
 * The offers, one to a client and one at an address, each in a slot of its own. Most offers live for milliseconds, and a boot
 * storm makes very many: the slots are used again, and no step copies all of them.
 */
export class Offers {
  readonly #hashOf: (client: ClientKey) => number;
  readonly #offers: (Lease | undefined)[] = [];
  /** By slot: the slot with the next younger offer, and with the next older one. */
  readonly #younger: number[] = [];
  readonly #older: number[] = [];
  readonly #free: number[] = [];
  readonly #byAddress = new SlotIndex();
  readonly #byClient = new SlotIndex();
  #oldest = NONE;
  #youngest = NONE;
  #size = 0;
  /** The slot where the next call of `expired` begins. */
  #cursor = NONE;

  /** `hashOf`: the hash of a client's key, 32 bits. */
  constructor(hashOf: (client: ClientKey) => number) {
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots 0 to `slots` - 1 may have an offer each. */
  get slots(): number {
    return this.#offers.length;
  }

  inSlot(slot: number): Lease | undefined {
    return this.#offers[slot];
  }

  at(address: Ipv4): Lease | undefined {
    return this.#size === 0 ? undefined : this.#offerIn(this.#byAddress.at(this.#positionAt(address)));
  }

  to(client: ClientKey): Lease | undefined {
    return this.#size === 0 ? undefined : this.#offerIn(this.#byClient.at(this.#positionOf(client)));
  }

  /** Adds an offer. It ends the client's offer of another address, and returns that one; undefined: there was none. */
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

  /** Ends the offer at an address. False: there was none. */
  drop(address: Ipv4): boolean {
    const position = this.#positionAt(address);
    const slot = this.#byAddress.at(position);
    const offer = this.#offerIn(slot);
    if (offer === undefined) return false;
    this.#byAddress.remove(position);
    this.#byClient.remove(this.#positionOf(offer.client));
    this.#unlink(slot);
    this.#offers[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    return true;
  }

  /** Ends all offers, and returns their addresses. */
  clear(): readonly Ipv4[] {
    const addresses = this.#offers.flatMap((offer) => (offer === undefined ? [] : [offer.address]));
    for (const address of addresses) this.drop(address);
    return addresses;
  }

  /**
   * Looks at the next `steps` offers, and returns those that have run out, or were made before the clock was set back. Each
   * call goes on where the last one ended.
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

  #positionAt(address: Ipv4): number {
    return this.#byAddress.find(hashOfAddress(address)); // No two addresses have the same hash.
  }

  #positionOf(client: ClientKey): number {
    const hash = this.#hashOf(client);
    const index = this.#byClient;
    let position = index.find(hash);
    for (let slot = index.at(position); slot >= 0; slot = index.at(position)) {
      if (this.#offers[slot]?.client === client) break;
      position = index.findNext(position, hash);
    }
    return position;
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
