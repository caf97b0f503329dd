import type { ClientKey } from '../lease/client-key.ts';

/** A client that asks again within this time has not been answered: milliseconds. */
const RECENT = 10_000;
/** Machines that are remembered. */
const LIMIT = 4096;

/** Who has sent a DHCPDISCOVER lately, and again. */
export class Repeats {
  /** By machine, the oldest first: when it asked last, and whether it had asked before. */
  readonly #heard = new Map<ClientKey, { readonly at: number; readonly isRepeat: boolean }>();

  /** `monotonic`: milliseconds. */
  note(lane: ClientKey, monotonic: number): void {
    const before = this.#heard.get(lane);
    this.#heard.delete(lane);
    this.#heard.set(lane, {
      at: monotonic,
      isRepeat: before !== undefined && monotonic - before.at < RECENT,
    });
    if (this.#heard.size <= LIMIT) return;
    for (const oldest of this.#heard.keys()) {
      this.#heard.delete(oldest);
      return;
    }
  }

  isRepeat(lane: ClientKey): boolean {
    return this.#heard.get(lane)?.isRepeat ?? false;
  }
}
