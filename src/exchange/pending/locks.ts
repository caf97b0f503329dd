import type { ClientKey } from '../../lease/client-key.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { ChurningMap } from './churning-map.ts';
import type { Pending } from './pending.ts';
import type { Committing, Waiting } from './pending-state.ts';

/**
 * Which message or order has locked which client and which address. A change locks its client and its addresses until it is
 * committed; a message locks an address while ARP is asked for it. So two changes under way never concern the same client or
 * address.
 */
export class Locks {
  /** The locked addresses, as the store's view of the leases sees them. */
  readonly #inFlight: Set<Ipv4>;
  readonly #addresses = new ChurningMap<Ipv4, Pending>();
  readonly #clients = new ChurningMap<ClientKey, Pending>();
  /** How many leases that are being written name each port of a bridge. */
  readonly #ports = new Map<string, number>();

  constructor(inFlight: Set<Ipv4>) {
    this.#inFlight = inFlight;
  }

  get hasAddresses(): boolean {
    return this.#addresses.size > 0;
  }

  holderOf(address: Ipv4): Pending | undefined {
    return this.#addresses.get(address);
  }

  /** How many leases that are being written name this port. */
  leasesAt(port: string): number {
    return this.#ports.get(port) ?? 0;
  }

  /** The message or order that has locked the client of a change or one of its addresses. */
  holderFor(change: LeaseChange): Pending | undefined {
    const holder = this.#clients.get(change.client);
    if (holder !== undefined) return holder;
    for (const { address } of change.writes) {
      const other = this.#addresses.get(address);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  /** Locks the client and every address of a change, which nobody may have locked. */
  lockChange(pending: Pending, change: LeaseChange): void {
    this.#clients.set(change.client, pending);
    this.#countPorts(change, 1);
    for (const { address } of change.writes) this.lockAddress(pending, address);
  }

  /** UNSPECIFIED: none. */
  lockAddress(pending: Pending, address: Ipv4): void {
    if (address === UNSPECIFIED) return;
    this.#inFlight.add(address);
    this.#addresses.set(address, pending);
  }

  /** Unlocks what a state has locked. True if an address was unlocked. */
  unlock(state: Waiting | Committing): boolean {
    if (state.name !== 'committing') {
      this.#unlockAddress(state.address);
      return state.address !== UNSPECIFIED;
    }
    const { client, writes } = state.change;
    this.#clients.delete(client);
    this.#countPorts(state.change, -1);
    for (const { address } of writes) this.#unlockAddress(address);
    return writes.length > 0;
  }

  clear(): void {
    for (const address of this.#addresses.keys()) this.#inFlight.delete(address);
    this.#addresses.clear();
    this.#clients.clear();
    this.#ports.clear();
  }

  #countPorts({ writes }: LeaseChange, by: 1 | -1): void {
    for (const { next } of writes) {
      const port = next === 'precondition-only' || next.state !== 'bound' ? undefined : next.ids?.port;
      if (port === undefined) continue;
      const count = this.leasesAt(port) + by;
      if (count <= 0) this.#ports.delete(port);
      else this.#ports.set(port, count);
    }
  }

  #unlockAddress(address: Ipv4): void {
    this.#inFlight.delete(address);
    this.#addresses.delete(address);
  }
}
