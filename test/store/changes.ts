import type { ClientKey } from '../../src/lease/client-key.ts';
import {
  INFINITE_SECONDS,
  type Instant,
  instant,
  type LeaseState,
  NEVER,
  type OutsideIds,
  type Version,
} from '../../src/lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseView, LeaseWrite } from '../../src/lease/lease-view.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import type { ReservationRecord, ReservationWrite } from '../../src/lease/reservation/reservation.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4FromText } from '../../src/net/ipv4.ts';
import type { LeaseStore, Outcome } from '../../src/store/lease-store.ts';

/** 2026-01-01T00:00:00Z, and so many seconds after it. */
export function at(seconds: number): Instant {
  return instant(Date.UTC(2026, 0) + seconds * 1000);
}

export function address(text: string): Ipv4 {
  const found = ipv4FromText(text);
  if (found === undefined) throw new Error(`${text} is no address`);
  return found;
}

export const POOL: AddressRange = {
  first: address('10.15.3.20'),
  last: address('10.15.3.29'),
  excluded: new Set(),
};

/** Client 1 is 52:54:00:00:00:01. */
export function hardware(number: number): HardwareAddress {
  return (0x525400000000 + number) as HardwareAddress;
}

export function client(number: number): ClientKey {
  return `01${hardware(number).toString(16)}` as ClientKey;
}

export interface Wish {
  readonly kind?: LeaseChange['kind'];
  readonly client: number;
  readonly address: Ipv4;
  readonly state?: LeaseState | 'precondition-only';
  /** Who the record names, if not the client of the change. */
  readonly holder?: number;
  readonly at?: Instant;
  readonly expiresAt?: Instant;
  /** By default from `at` to `expiresAt`. */
  readonly leaseSeconds?: number;
  readonly reason?: string;
  readonly hostname?: string;
  readonly ids?: OutsideIds;
  /** Another gateway. */
  readonly granter?: Ipv4;
  readonly expectedVersion?: Version;
  readonly expectedBindingVersion?: Version;
}

/** A change that rests on what the view shows now, unless the wish says otherwise. */
export function changeOf(leases: LeaseView, ...wishes: readonly [Wish, ...Wish[]]): LeaseChange {
  const [first] = wishes;
  const who = client(first.client);
  return {
    kind: first.kind ?? 'binding',
    client: who,
    expectedBindingVersion: first.expectedBindingVersion ?? leases.bindingOf(who)?.version ?? 0,
    writes: wishes.map((wish) => writeOf(leases, wish)),
    at: first.at ?? at(0),
    reason: first.reason ?? 'bound',
  };
}

function writeOf(leases: LeaseView, wish: Wish): LeaseWrite {
  const expectedVersion = wish.expectedVersion ?? leases.at(wish.address)?.version ?? 0;
  const { state = 'bound', hostname, ids } = wish;
  if (state === 'precondition-only')
    return { address: wish.address, expectedVersion, next: 'precondition-only' };
  const holder = wish.holder ?? wish.client;
  const decidedAt = wish.at ?? at(0);
  const expiresAt = wish.expiresAt ?? (state === 'free' ? decidedAt : instant(decidedAt + 3_600_000));
  const leaseSeconds = wish.leaseSeconds ?? secondsFrom(decidedAt, expiresAt);
  const next = { client: client(holder), hardware: hardware(holder), state, expiresAt, leaseSeconds, ids };
  const named = hostname === undefined ? next : { ...next, hostname };
  return {
    address: wish.address,
    expectedVersion,
    next: wish.granter === undefined ? named : { ...named, granter: wish.granter },
  };
}

function secondsFrom(start: Instant, end: Instant): number {
  return end === NEVER ? INFINITE_SECONDS : Math.max(0, Math.round((end - start) / 1000));
}

/** Takes one change the way the exchange does. */
export async function take(store: LeaseStore, change: LeaseChange): Promise<Outcome> {
  const resolved = store.resolveWithoutCommit(change);
  if (resolved !== 'needs-commit') return resolved;
  const [outcome] = await store.commit([change]);
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

/** One binding, free or declined record, decided on what the store shows now. */
export function bind(store: LeaseStore, ...wishes: readonly [Wish, ...Wish[]]): Promise<Outcome> {
  return take(store, changeOf(store.leases, ...wishes));
}

export function offer(store: LeaseStore, wish: Wish): Promise<Outcome> {
  const withReason = { kind: 'offer', state: 'offered', reason: 'offered', ...wish } as const;
  return take(store, changeOf(store.leases, withReason));
}

export function withdraw(store: LeaseStore, wish: Wish): Promise<Outcome> {
  return offer(store, { reason: 'offer-withdrawn', ...wish, state: 'free' });
}

/** Reserves an address, or changes or removes a reservation, as decided on what the store shows now. */
export function reservationChange(
  store: LeaseStore,
  next: ReservationRecord | { readonly removed: string },
  rest: Partial<ReservationWrite & Pick<LeaseChange, 'at' | 'reason' | 'by'>> = {},
): LeaseChange {
  const id = ('removed' in next ? next.removed : next.id) as OutsideId;
  const before = store.reservations.get(id);
  const write: ReservationWrite = {
    id,
    expectedVersion: rest.expectedVersion ?? before?.version ?? 0,
    next: 'removed' in next ? 'removed' : next,
  };
  const reserved = 'removed' in next ? before?.address : next.address;
  const addresses = [...new Set([reserved, before?.address])].filter((one) => one !== undefined);
  return {
    ...{ kind: 'binding', client: `ff${Buffer.from(id).toString('hex')}` as ClientKey },
    expectedBindingVersion: 0,
    writes: addresses.map((one) => ({
      address: one,
      expectedVersion: store.leases.at(one)?.version ?? 0,
      next: 'precondition-only' as const,
    })),
    reservations: [write],
    at: rest.at ?? at(0),
    reason: rest.reason ?? 'reserved-by-operator',
    ...(rest.by === undefined ? {} : { by: rest.by }),
  };
}

/** Changes of reservations as one: all of them are written or none. */
export function together(first?: LeaseChange, ...others: readonly LeaseChange[]): LeaseChange {
  if (first === undefined) throw new Error('no change');
  const all = [first, ...others];
  const writes = new Map(all.flatMap((change) => change.writes).map((write) => [write.address, write]));
  return {
    ...first,
    writes: [...writes.values()],
    reservations: all.flatMap(({ reservations = [] }) => reservations),
  };
}

export function reserve(
  store: LeaseStore,
  next: ReservationRecord | { readonly removed: string },
  rest: Partial<ReservationWrite & Pick<LeaseChange, 'at' | 'reason' | 'by'>> = {},
): Promise<Outcome> {
  return take(store, reservationChange(store, next, rest));
}
