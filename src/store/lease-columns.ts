import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease, LeaseState, Version } from '../lease/lease.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { SlotIndex } from './slot-index.ts';

const STATES: readonly LeaseState[] = ['free', 'offered', 'bound', 'declined', 'peer'];
const FIRST_CAPACITY = 1024;

/**
 * Records in columns of numbers, one slot each: a third of the memory of as many objects, and nothing for the garbage
 * collector to walk through. A slot is never given up, since records are never deleted; a Lease is made when it is asked
 * for.
 */
export class LeaseColumns {
  #size = 0;
  #address = new Uint32Array(FIRST_CAPACITY);
  #granter = new Uint32Array(FIRST_CAPACITY);
  #state = new Uint8Array(FIRST_CAPACITY);
  #hardware = new Float64Array(FIRST_CAPACITY);
  #expiresAt = new Float64Array(FIRST_CAPACITY);
  #updatedAt = new Float64Array(FIRST_CAPACITY);
  #version = new Float64Array(FIRST_CAPACITY);
  readonly #clients: ClientKey[] = [];
  readonly #byAddress = new SlotIndex();

  /** How many slots are used: 0 to size - 1. */
  get size(): number {
    return this.#size;
  }

  /** -1: there is no record. */
  slotOf(address: Ipv4): number {
    return this.#byAddress.at(this.#byAddress.find(hashOfAddress(address)));
  }

  addressAt(slot: number): Ipv4 {
    return (this.#address[slot] ?? 0) as Ipv4;
  }

  clientAt(slot: number): ClientKey {
    return this.#clients[slot] ?? ('' as ClientKey);
  }

  stateAt(slot: number): LeaseState {
    return STATES[this.#state[slot] ?? 0] ?? 'free';
  }

  versionAt(slot: number): Version {
    return this.#version[slot] ?? 0;
  }

  expiresAt(slot: number): Instant {
    return (this.#expiresAt[slot] ?? 0) as Instant;
  }

  lease(slot: number): Lease {
    return {
      address: this.addressAt(slot),
      client: this.clientAt(slot),
      hardware: (this.#hardware[slot] ?? 0) as HardwareAddress,
      granter: (this.#granter[slot] ?? 0) as Ipv4,
      state: this.stateAt(slot),
      expiresAt: this.expiresAt(slot),
      updatedAt: (this.#updatedAt[slot] ?? 0) as Instant,
      version: this.versionAt(slot),
    };
  }

  /** A slot for an address that has none yet. */
  add(address: Ipv4): number {
    const slot = this.#size;
    if (slot === this.#address.length) this.#grow();
    this.#size += 1;
    this.#address[slot] = address;
    this.#byAddress.add(slot, hashOfAddress(address));
    return slot;
  }

  /** Writes a record over the one in its slot. */
  put(slot: number, lease: Lease): void {
    this.#granter[slot] = lease.granter;
    this.#state[slot] = STATES.indexOf(lease.state);
    this.#hardware[slot] = lease.hardware;
    this.#expiresAt[slot] = lease.expiresAt;
    this.#updatedAt[slot] = lease.updatedAt;
    this.#version[slot] = lease.version;
    this.#clients[slot] = lease.client;
  }

  #grow(): void {
    const capacity = this.#address.length * 2;
    this.#address = copied(this.#address, new Uint32Array(capacity));
    this.#granter = copied(this.#granter, new Uint32Array(capacity));
    this.#state = copied(this.#state, new Uint8Array(capacity));
    this.#hardware = copied(this.#hardware, new Float64Array(capacity));
    this.#expiresAt = copied(this.#expiresAt, new Float64Array(capacity));
    this.#updatedAt = copied(this.#updatedAt, new Float64Array(capacity));
    this.#version = copied(this.#version, new Float64Array(capacity));
  }
}

/** Every step can be undone, so that no two addresses have the same. */
function hashOfAddress(address: number): number {
  const hash = Math.imul(address ^ (address >>> 16), 0x45d9f3b);
  return hash ^ (hash >>> 15);
}

function copied<Column extends Uint8Array | Uint32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
