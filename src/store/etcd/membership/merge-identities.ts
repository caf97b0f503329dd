import type { OutsideId } from '../../../lease/outside-id.ts';
import { identitiesOf, memberOfClaim } from '../../../lease/reservation/claims.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import type { Etcd, KeyValue, Revision } from '../client/etcd.ts';
import { utf8ToText } from '../keys/entry.ts';
import type { Keys } from '../keys/keys.ts';
import { KnownIdentities } from '../keys/known-identities.ts';
import { type PlannedIdentities, planIdentities } from '../keys/plan-identities.ts';
import { parseReservation } from '../keys/reservation-value.ts';
import { readKey, type Snapshot } from '../keys/snapshot.ts';

export interface IdentityMerge {
  readonly etcd: Etcd;
  readonly keys: Keys;
  /** Who has each identity by the reservations in etcd: older versions have not written the keys of identities. */
  readonly standing: ReadonlyMap<string, OutsideId>;
  /** What becomes of a reservation with an identity that one in etcd has. */
  readonly rivalOf: (inEtcd: KeyValue) => 'refused' | 'first' | 'second';
}

/** Who has each identity by the reservations of a snapshot. */
export function identitiesIn({ found }: Snapshot, keys: Keys): ReadonlyMap<string, OutsideId> {
  const holders = new Map<string, OutsideId>();
  for (const each of found.values()) {
    const id = keys.reservationOf(each.key);
    if (id === undefined) continue;
    for (const identity of identitiesAt(each) ?? []) holders.set(identity, id);
  }
  return holders;
}

/**
 * Plans the keys of the identities of a reservation that is merged.
 *
 * @param found Its own key as it is in etcd.
 * @returns Or why it cannot be merged.
 * @throws EtcdError
 */
export async function mergedIdentities(
  { etcd, keys, standing, rivalOf }: IdentityMerge,
  reservation: Reservation,
  found: KeyValue | undefined,
): Promise<PlannedIdentities | { readonly cause: string }> {
  const { id } = reservation;
  const holders = new Map<string, OutsideId | undefined>();
  const identities = new KnownIdentities();
  const revisions = new Map<OutsideId, Revision>();
  for (const identity of (found === undefined ? undefined : identitiesAt(found)) ?? [])
    holders.set(identity, undefined);
  for (const identity of identitiesOf(reservation)) holders.set(identity, id);
  for (const [identity, next] of holders) {
    const at = await readKey(etcd, keys.ofIdentity(identity));
    if (at !== undefined) identities.learn(identity, at.modRevision, utf8ToText(at.value));
    const holder = identities.holderOf(identity) ?? standing.get(identity);
    if (holder === undefined || holder === id || next === undefined) continue;
    const other = await readKey(etcd, keys.ofReservation(holder));
    revisions.set(holder, other?.modRevision ?? 0);
    if (other === undefined || identitiesAt(other)?.includes(identity) === false) continue;
    const rival = rivalOf(other);
    if (rival === 'refused')
      return { cause: `its ${memberOfClaim(identity)} belongs to the reservation ${holder} in etcd` };
    if (rival === 'second') holders.delete(identity);
  }
  const revisionOf = (other: OutsideId) => revisions.get(other) ?? 0;
  return planIdentities(keys, { written: new Set([id]), holders }, { identities, revisionOf });
}

/** Undefined: no version of the gateway that is known here has written it. */
function identitiesAt({ value, modRevision }: KeyValue): readonly string[] | undefined {
  const reservation = parseReservation(utf8ToText(value), modRevision)?.reservation;
  return reservation === undefined ? undefined : identitiesOf(reservation);
}
