import type { ClientKey } from '../lease/client-key.ts';
import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** How many records of one client are remembered as its own; beyond them the oldest free ones are merely free. */
const MOST_RECORDS = 16;

/** Which records name a client. Nearly always it is one; the few clients with more have a list beside it. */
export class ClientIndex {
  readonly #records: ReadonlyMap<Ipv4, Lease>;
  readonly #binding = new Map<ClientKey, Ipv4>();
  readonly #others = new Map<ClientKey, Ipv4[]>();

  constructor(records: ReadonlyMap<Ipv4, Lease>) {
    this.#records = records;
  }

  /** The client's live binding, else the newest record that names it. */
  bindingOf(client: ClientKey): Lease | undefined {
    const address = this.#binding.get(client);
    return address === undefined ? undefined : this.#records.get(address);
  }

  /** After a record was put; `before` is what stood there. */
  put(lease: Lease, before: Lease | undefined): void {
    if (before !== undefined && before.client !== lease.client) this.#forget(before);
    const primary = this.#binding.get(lease.client);
    if (primary === undefined) {
      this.#binding.set(lease.client, lease.address);
    } else if (primary !== lease.address || this.#others.has(lease.client)) {
      const addresses = this.#others.get(lease.client) ?? [];
      for (const address of [primary, lease.address])
        if (!addresses.includes(address)) addresses.push(address);
      this.#choose(lease.client, addresses);
    }
  }

  #forget(gone: Lease): void {
    const addresses = (this.#others.get(gone.client) ?? []).filter((address) => address !== gone.address);
    if (addresses.length > 0) this.#choose(gone.client, addresses);
    else if (this.#binding.get(gone.client) === gone.address) this.#binding.delete(gone.client);
  }

  #choose(client: ClientKey, addresses: readonly Ipv4[]): void {
    const ranked = addresses
      .map((address) => this.#records.get(address))
      .filter((lease) => lease !== undefined)
      .sort(rank)
      .slice(0, MOST_RECORDS)
      .map((lease) => lease.address);
    if (ranked[0] !== undefined) this.#binding.set(client, ranked[0]);
    if (ranked.length > 1) this.#others.set(client, ranked);
    else this.#others.delete(client);
  }
}

/** The live one first, then the newest. */
function rank(lease: Lease, other: Lease): number {
  return Number(isLive(other)) - Number(isLive(lease)) || other.version - lease.version;
}

function isLive(lease: Lease): boolean {
  return lease.state === 'bound' || lease.state === 'peer';
}
