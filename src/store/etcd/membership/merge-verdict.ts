import { type Ipv4, ipv4ToText } from '../../../net/ipv4.ts';
import { isStanding, type KeptLease } from '../../mirror.ts';
import type { KeyValue, Revision } from '../client/etcd.ts';
import type { Claim, Entry } from '../keys/entry.ts';

/** Everything in etcd that a lease of a file meets. */
export interface Met {
  readonly at: KeyValue | undefined;
  readonly entry: Entry | undefined;
  readonly clientKey: KeyValue | undefined;
  /** The lease that its client has at another address; undefined: it has none. */
  readonly elsewhere:
    | { readonly address: Ipv4; readonly found: KeyValue; readonly entry: Entry & { readonly record: Claim } }
    | undefined;
}

/** put: it goes up. keep: what etcd has stays. `isHeld`: its address is kept from others as long as the lease would run. */
export type Verdict = 'put' | 'keep' | { readonly conflict: string; readonly isHeld: boolean };

/** Of a gateway that was alone: nothing that stands is written over, and nothing newer undone. */
export function joins(lease: KeptLease, { entry, elsewhere }: Met, now: number): Verdict {
  const stands = isStanding(lease, now);
  const record = entry?.record;
  const isLeased = stands && lease.state === 'bound';
  const lives =
    elsewhere && isStanding(elsewhere.entry.record, now)
      ? { address: elsewhere.address, state: elsewhere.entry.record.state }
      : undefined;
  if (record !== undefined && !stands) return 'keep';
  if (record?.client === lease.client) {
    if (lives?.state === 'bound')
      return lease.state === 'bound' ? against(lease, lives.address, false) : 'keep';
    if (record.state === 'peer') return isLeased ? 'put' : 'keep';
    return !isStanding(record, now) && lease.updatedAt > record.updatedAt ? 'put' : 'keep';
  }
  if (record !== undefined && isStanding(record, now)) {
    // What a peer was heard to grant yields to whoever has the lease itself.
    if (record.state === 'peer' && isLeased) return 'put';
    return lease.state === 'bound' ? { conflict: `etcd has it as ${said(record)}`, isHeld: false } : 'keep';
  }
  if (lives === undefined || lease.state === 'declined') return 'put';
  if (!isLeased) return 'keep';
  return lives.state === 'peer' ? 'put' : against(lease, lives.address, true);
}

/** Of a mirror of an earlier life: of two records the newer one counts. `of this life`: no mirror knows better. */
export function seeds(
  lease: KeptLease,
  met: Met,
  now: number,
  ageOf: (found: KeyValue | undefined, entry: Entry | undefined) => Revision | 'of this life',
): Verdict {
  const { at, entry, elsewhere } = met;
  const age = ageOf(at, entry);
  const elsewhereAge = elsewhere === undefined ? -1 : ageOf(elsewhere.found, elsewhere.entry);
  if (age === 'of this life' || elsewhereAge === 'of this life') return joins(lease, met, now);
  if (lease.version <= age) return 'keep';
  // A client has one lease: of two the newer one.
  return lease.state === 'bound' && lease.version <= elsewhereAge ? 'keep' : 'put';
}

function against(lease: KeptLease, address: Ipv4, isHeld: boolean): Verdict {
  return { conflict: `etcd has ${lease.client} at ${ipv4ToText(address)}`, isHeld };
}

function said({ client, state, node, granter }: Claim): string {
  return `${state} to ${client} by ${node === '' ? granter : `${node} (${granter})`}`;
}
