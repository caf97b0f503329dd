import { isObject } from '../../../lease/reservation/field-kinds.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import { ipv4ToText } from '../../../net/ipv4.ts';
import { type Compare, type Etcd, EtcdError, type EtcdOperation, type KeyValue } from '../client/etcd.ts';
import { decodeEntry, encodeEntry, utf8ToText } from '../keys/entry.ts';
import { OtherGenerationError } from '../keys/generation.ts';
import type { Keys } from '../keys/keys.ts';
import { identityOperation } from '../keys/plan-identities.ts';
import { formatReservation } from '../keys/reservation-value.ts';
import { readKey, type Snapshot } from '../keys/snapshot.ts';
import { type IdentityMerge, identitiesIn, mergedIdentities } from './merge-identities.ts';

/** The most attempts in turn, while others write the same keys. */
const ATTEMPTS = 5;

export interface ReservationMerge {
  readonly etcd: Etcd;
  readonly keys: Keys;
  /** The segment as it was read just before. */
  readonly snapshot: Snapshot;
  /** A comparison that every write makes: the reason for the merge still holds. */
  readonly guard: Compare;
  /** The reservations of the file. */
  readonly reservations: readonly Reservation[];
  /** join: what etcd has stays. seed: of two mirrors the newer revision counts. */
  readonly rule: 'join' | 'seed';
  readonly newOperationId: () => string;
}

/** A reservation that could not be merged. */
export interface ReservationConflict {
  readonly id: string;
  readonly address: string;
  readonly cause: string;
}

/**
 * Merges the reservations of a lease file into etcd. A second run after an error does nothing twice. Returns those against which
 * something in etcd stands.
 *
 * @throws EtcdError
 */
export async function mergeReservations(merge: ReservationMerge): Promise<readonly ReservationConflict[]> {
  const conflicts: ReservationConflict[] = [];
  const { etcd, keys, snapshot } = merge;
  const standing = identitiesIn(snapshot, keys);
  for (const reservation of merge.reservations) {
    // What is seeded stands beside its rival, if there is one: health names both.
    const rivalOf: IdentityMerge['rivalOf'] = (other) =>
      merge.rule === 'join' ? 'refused' : isOlder(other, reservation, merge) ? 'first' : 'second';
    const cause = await mergeOne(merge, reservation, { etcd, keys, standing, rivalOf });
    const { id, address } = reservation;
    if (cause !== undefined) conflicts.push({ id, address: ipv4ToText(address), cause });
  }
  return conflicts;
}

/** Why it cannot be merged; undefined: it is in etcd. */
async function mergeOne(
  merge: ReservationMerge,
  reservation: Reservation,
  identityMerge: IdentityMerge,
): Promise<string | undefined> {
  const { etcd, keys, guard } = merge;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const key = keys.ofReservation(reservation.id);
    const addressKey = keys.ofAddress(reservation.address);
    const [found, at] = [await readKey(etcd, key), await readKey(etcd, addressKey)];
    const entry = at === undefined ? undefined : decodeEntry(at);
    if (at !== undefined && entry === undefined) return 'the key of the address in etcd holds no lease';
    if (found !== undefined && !isOlder(found, reservation, merge)) return undefined;
    const holder = entry?.reserved;
    if (holder !== undefined && holder !== reservation.id)
      return `its address is reserved for ${holder} in etcd`;
    const identities = await mergedIdentities(identityMerge, reservation, found);
    if ('cause' in identities) return identities.cause;
    const op = merge.newOperationId();
    const value = seededValue(merge, reservation, op);
    const success: EtcdOperation[] = [
      { kind: 'put', key, value },
      {
        kind: 'put',
        key: addressKey,
        value: encodeEntry({ ...(entry ?? { op }), reserved: reservation.id }),
      },
      ...identities.writes.map(identityOperation),
    ];
    const compare = [revisionOf(key, found), revisionOf(addressKey, at), ...identities.compare];
    const nested = { kind: 'transaction', transaction: { compare, success, failure: [] } } as const;
    const { succeeded, results } = await etcd.transact({ compare: [guard], success: [nested], failure: [] });
    if (!succeeded) throw new OtherGenerationError('the segment has changed while reservations were merged');
    const [result] = results;
    if (result?.kind === 'transaction' && result.result.succeeded) return undefined;
  }
  throw new EtcdError('refused', 'others keep writing what is to be merged');
}

/** True for what another mirror has put there, of an older revision. */
function isOlder(found: KeyValue, { version }: Reservation, { rule }: ReservationMerge): boolean {
  if (rule === 'join') return false;
  const seeded = seededIn(found);
  return seeded !== undefined && seeded < version;
}

function seededIn({ value }: KeyValue): number | undefined {
  try {
    const json: unknown = JSON.parse(utf8ToText(value));
    const seeded = isObject(json) ? json['seeded'] : undefined;
    return typeof seeded === 'number' ? seeded : undefined;
  } catch {
    return undefined;
  }
}

function seededValue({ rule }: ReservationMerge, reservation: Reservation, op: string): Uint8Array {
  const text = formatReservation(reservation, op, rule === 'join' ? 'joined' : 'seeded', undefined);
  if (rule === 'join') return Buffer.from(text);
  const json: unknown = JSON.parse(text);
  return Buffer.from(JSON.stringify({ ...(isObject(json) ? json : {}), seeded: reservation.version }));
}

function revisionOf(key: string, found: KeyValue | undefined): Compare {
  return { key, modRevision: found?.modRevision ?? 0 };
}
