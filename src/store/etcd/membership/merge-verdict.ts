import { type Ipv4, ipv4ToText } from '../../../net/ipv4.ts';
import { isHeld, type KeptLease } from '../../mirror.ts';
import type { KeyValue, Revision } from '../client/etcd.ts';
import type { Entry, EtcdRecord } from '../keys/entry.ts';

/** All that etcd already has where a lease of a file would be written. */
export interface Existing {
  readonly at: KeyValue | undefined;
  readonly entry: Entry | undefined;
  readonly clientKey: KeyValue | undefined;
  /** The lease that the client has at another address; undefined: none. */
  readonly elsewhere:
    | {
        readonly address: Ipv4;
        readonly found: KeyValue;
        readonly entry: Entry & { readonly record: EtcdRecord };
      }
    | undefined;
}

/**
 * put: the lease is written. keep: the record in etcd stays. `withholdsAddress`: the record stays, and nobody gets the lease's
 * address as long as the lease would run.
 */
export type MergeVerdict = 'put' | 'keep' | { readonly conflict: string; readonly withholdsAddress: boolean };

/** For a lease of a gateway that shared none: no running lease is overwritten, and nothing newer is undone. */
export function verdictForJoin(lease: KeptLease, { entry, elsewhere }: Existing, now: number): MergeVerdict {
  const stands = isHeld(lease, now);
  const record = entry?.record;
  const isLeased = stands && lease.state === 'bound';
  const other =
    elsewhere && isHeld(elsewhere.entry.record, now)
      ? { address: elsewhere.address, state: elsewhere.entry.record.state }
      : undefined;
  if (record !== undefined && !stands) return 'keep';
  if (record?.client === lease.client) {
    if (other?.state === 'bound')
      return lease.state === 'bound' ? conflictWith(lease, other.address, false) : 'keep';
    if (record.state === 'peer') return isLeased ? 'put' : 'keep';
    return !isHeld(record, now) && lease.updatedAt > record.updatedAt ? 'put' : 'keep';
  }
  if (record !== undefined && isHeld(record, now)) {
    // A record of a peer's lease that was only heard of yields to the lease itself.
    if (record.state === 'peer' && isLeased) return 'put';
    return lease.state === 'bound'
      ? { conflict: `etcd has it as ${recordToText(record)}`, withholdsAddress: false }
      : 'keep';
  }
  if (other === undefined || lease.state === 'declined') return 'put';
  if (!isLeased) return 'keep';
  return other.state === 'peer' ? 'put' : conflictWith(lease, other.address, true);
}

/**
 * For a record of a mirror of an earlier generation: the newer of two records counts.
 *
 * @param ageOf The revision of a record in the earlier generation. 'of this generation': written since, so it counts more.
 */
export function verdictForSeed(
  lease: KeptLease,
  met: Existing,
  now: number,
  ageOf: (found: KeyValue | undefined, entry: Entry | undefined) => Revision | 'of this generation',
): MergeVerdict {
  const { at, entry, elsewhere } = met;
  const age = ageOf(at, entry);
  const elsewhereAge = elsewhere === undefined ? -1 : ageOf(elsewhere.found, elsewhere.entry);
  if (age === 'of this generation' || elsewhereAge === 'of this generation')
    return verdictForJoin(lease, met, now);
  if (lease.version <= age) return 'keep';
  // A client has one lease: of two the newer one.
  return lease.state === 'bound' && lease.version <= elsewhereAge ? 'keep' : 'put';
}

function conflictWith(lease: KeptLease, address: Ipv4, withholdsAddress: boolean): MergeVerdict {
  return { conflict: `etcd has ${lease.client} at ${ipv4ToText(address)}`, withholdsAddress };
}

function recordToText({ client, state, node, granter }: EtcdRecord): string {
  return `${state} to ${client} by ${node === '' ? granter : `${node} (${granter})`}`;
}
