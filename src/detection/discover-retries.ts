import type { ClientKey } from '../lease/client-key.ts';

/** A client that asks again within this time has not been answered: milliseconds. */
const RECENT = 10_000;
/** Machines of one generation; two are remembered. */
const GENERATION = 2048;

interface Heard {
  readonly at: number;
  readonly isRetry: boolean;
}

/** Who has sent a DHCPDISCOVER lately, and again. */
export class DiscoverRetries {
  /** When each machine asked last, and whether it had asked before. Old ones go together, when so many have come since. */
  #young = new Map<ClientKey, Heard>();
  #old: ReadonlyMap<ClientKey, Heard> = new Map();

  /** `monotonic`: milliseconds. */
  note(sender: ClientKey, monotonic: number): void {
    const before = this.#young.get(sender) ?? this.#old.get(sender);
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const isRetry = before !== undefined && monotonic - before.at < RECENT;
    this.#young.set(sender, { at: monotonic, isRetry });
  }

  isRetry(sender: ClientKey): boolean {
    return (this.#young.get(sender) ?? this.#old.get(sender))?.isRetry ?? false;
  }
}
