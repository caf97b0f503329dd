import type { OutsideId } from '../../../lease/outside-id.ts';
import type { Compare, EtcdOperation, Revision } from '../client/etcd.ts';
import { compareOnce } from './compare-once.ts';
import type { Keys } from './keys.ts';
import type { KnownIdentities } from './known-identities.ts';

/** The keys that a plan rests on, as they are known. */
export interface SeenKeys {
  readonly identities: Pick<KnownIdentities, 'revisionOf' | 'holderOf'>;
  /** The modification revision of the key of a reservation; 0: no such key. */
  revisionOf(id: OutsideId): Revision;
}

/** `holder` undefined: the key of the identity is deleted. */
export interface IdentityWrite {
  readonly key: string;
  readonly identity: string;
  readonly holder: OutsideId | undefined;
}

export interface PlannedIdentities {
  readonly compare: readonly Compare[];
  readonly writes: readonly IdentityWrite[];
}

/** Which reservations a change writes, and who has their identities after it; undefined: nobody. */
export interface IdentityChange {
  readonly written: ReadonlySet<OutsideId>;
  readonly holders: ReadonlyMap<string, OutsideId | undefined>;
}

/**
 * Plans the keys of identities: of two reservations of one card, each by a gateway that does not know the other's, the second one
 * conflicts. A key that is missing is made; one that names another reservation is taken over if that has the identity no more,
 * as the caller knows it: the revision of that reservation is compared too.
 */
export function planIdentities(
  keys: Keys,
  { written, holders }: IdentityChange,
  seen: SeenKeys,
): PlannedIdentities {
  const compare: Compare[] = [];
  const writes: IdentityWrite[] = [];
  for (const [identity, holder] of holders) {
    const before = seen.identities.holderOf(identity);
    const key = keys.ofIdentity(identity);
    compare.push({ key, modRevision: seen.identities.revisionOf(identity) });
    const isWritten = before !== undefined && written.has(before);
    if (before === holder || (holder === undefined && !isWritten)) continue;
    if (before !== undefined && !isWritten)
      compareOnce(compare, keys.ofReservation(before), seen.revisionOf(before));
    writes.push({ key, identity, holder });
  }
  return { compare, writes };
}

export function identityOperation({ key, holder }: IdentityWrite): EtcdOperation {
  return holder === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: Buffer.from(holder) };
}
