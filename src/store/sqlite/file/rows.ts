import { type ClientKey, clientKeyFromText } from '../../../lease/client-key.ts';
import { INFINITE_SECONDS, type Instant, type Lease } from '../../../lease/lease.ts';
import { STORED_STATES, type StoredState } from '../../../lease/stored-state.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';

/** The columns of `lease` that a Lease is made of, in the order of `LeaseRow`. */
export const LEASE_ROW =
  'address, client, mac, state, expires_at, updated_at, version, granter, lease_seconds';

export type LeaseRow = readonly [
  address: number,
  client: string,
  mac: number,
  state: string,
  expiresAt: number,
  updatedAt: number,
  version: number,
  granter: number,
  leaseSeconds: number,
];

const MOST_ADDRESS = 0xffffffff;
const MOST_HARDWARE = 0xffffffffffff;

/** Undefined for a row that no version of us has written. */
export function leaseFromRow(row: readonly unknown[]): (Lease & { readonly state: StoredState }) | undefined {
  const [address, clientText, mac, stateText, expiresAt, updatedAt, version, granter, leaseSeconds] = row;
  const state = stateText === 'bound' ? stateText : STORED_STATES.find((known) => known === stateText);
  const client = typeof clientText === 'string' ? clientKeyFromText(clientText) : undefined;
  if (state === undefined || client === undefined) return undefined;
  if (!isWhole(address, MOST_ADDRESS) || !isWhole(mac, MOST_HARDWARE)) return undefined;
  if (!isWhole(granter, MOST_ADDRESS) || !isWhole(leaseSeconds, INFINITE_SECONDS)) return undefined;
  if (!isWhole(expiresAt) || !isWhole(updatedAt) || !isWhole(version)) return undefined;
  return {
    address: address as Ipv4,
    client,
    hardware: mac as HardwareAddress,
    granter: granter as Ipv4,
    state,
    expiresAt: expiresAt as Instant,
    updatedAt: updatedAt as Instant,
    leaseSeconds,
    version,
  };
}

export function isClientText(value: unknown): value is ClientKey {
  return typeof value === 'string' && clientKeyFromText(value) !== undefined;
}

/** A whole number from 0 to `most`. */
export function isWhole(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}
