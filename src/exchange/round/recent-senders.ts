import type { HardwareAddress } from '../../net/hardware-address.ts';

/** Bits of one generation: a power of two. With 300,000 senders in it one in 70 others seems to be among them. */
const BITS = 1 << 22;
/** A generation lasts so long, and two are remembered: a client sends again after three to nine seconds (RFC 2131 §4.1). */
const GENERATION = 10_000;

/**
 * Network cards that have sent something in the last ten seconds, and perhaps in the ten before. A Bloom filter: its memory,
 * a megabyte, is made when there is a first one, and is fixed then, whatever addresses are forged.
 */
export class RecentSenders {
  readonly #seed: number;
  #young: Uint32Array | undefined;
  #old: Uint32Array | undefined;
  /** When the young generation began: monotonic milliseconds. */
  #since = 0;

  /** `seed`: of 32 bits, and known to no client, so that none can choose addresses which make all others seem to be here. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  note(sender: HardwareAddress, monotonic: number): void {
    this.#young ??= new Uint32Array(BITS / 32);
    this.#old ??= new Uint32Array(BITS / 32);
    this.#age(monotonic);
    const first = this.#hash(sender);
    const second = mixed(first);
    set(this.#young, first);
    set(this.#young, second);
  }

  has(sender: HardwareAddress, monotonic: number): boolean {
    if (this.#young === undefined || this.#old === undefined) return false;
    this.#age(monotonic);
    const first = this.#hash(sender);
    const second = mixed(first);
    return hasBoth(this.#young, first, second) || hasBoth(this.#old, first, second);
  }

  #age(monotonic: number): void {
    const age = monotonic - this.#since;
    if (age < GENERATION) return;
    [this.#young, this.#old] = [this.#old, this.#young];
    this.#young?.fill(0);
    if (age >= 2 * GENERATION) this.#old?.fill(0);
    this.#since = monotonic;
  }

  #hash(sender: HardwareAddress): number {
    const low = Math.imul((sender >>> 0) ^ this.#seed, 0x85ebca6b);
    return mixed(low ^ (low >>> 13) ^ Math.floor(sender / 0x1_0000_0000) ^ this.#seed);
  }
}

function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return twice ^ (twice >>> 16);
}

function set(bits: Uint32Array, hash: number): void {
  const bit = hash & (BITS - 1);
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

function hasBoth(bits: Uint32Array, first: number, second: number): boolean {
  return isSet(bits, first) && isSet(bits, second);
}

function isSet(bits: Uint32Array, hash: number): boolean {
  const bit = hash & (BITS - 1);
  return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
}
