import type { ClientKey } from '../lease/client-key.ts';

/** A client that asks again within this time has not been answered: milliseconds. */
const RECENT = 10_000;
/** Machines of one generation; two are remembered. */
const GENERATION = 2048;

interface Heard {
  readonly at: number;
  readonly isRepeat: boolean;
}

/** Who has sent a DHCPDISCOVER lately, and again. */
export class Repeats {
  /** When each machine asked last, and whether it had asked before. Old ones go together, when so many have come since. */
  #young = new Map<ClientKey, Heard>();
  #old: ReadonlyMap<ClientKey, Heard> = new Map();

  /** `monotonic`: milliseconds. */
  note(lane: ClientKey, monotonic: number): void {
    const before = this.#young.get(lane) ?? this.#old.get(lane);
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const isRepeat = before !== undefined && monotonic - before.at < RECENT;
    this.#young.set(lane, { at: monotonic, isRepeat });
  }

  isRepeat(lane: ClientKey): boolean {
    return (this.#young.get(lane) ?? this.#old.get(lane))?.isRepeat ?? false;
  }
}
