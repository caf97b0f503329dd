import type { ClientKey } from '../lease/client-key.ts';

/** A client that repeats its DHCPDISCOVER within this time was not answered: milliseconds. */
const RECENT = 10_000;
/** Machines in one generation; two generations are remembered. */
const GENERATION = 2048;

interface LastDiscover {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly isRetry: boolean;
}

/** Knows which clients have repeated their DHCPDISCOVER. */
export class DiscoverRetries {
  /** When `#young` is full, it becomes `#old`, and the generation before is forgotten. */
  #young = new Map<ClientKey, LastDiscover>();
  #old: ReadonlyMap<ClientKey, LastDiscover> = new Map();

  /** @param monotonic Milliseconds. */
  note(sender: ClientKey, monotonic: number): void {
    const before = this.#young.get(sender) ?? this.#old.get(sender);
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const isRetry = before !== undefined && monotonic - before.at < RECENT;
    this.#young.set(sender, { at: monotonic, isRetry });
  }

  /** True if the sender's last DHCPDISCOVER came within ten seconds of the one before. */
  isRetry(sender: ClientKey): boolean {
    return (this.#young.get(sender) ?? this.#old.get(sender))?.isRetry ?? false;
  }
}
