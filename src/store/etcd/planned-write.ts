import type { OutsideId } from '../../lease/outside-id.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { EtcdOperation, Transaction } from './client/etcd.ts';
import type { Entry } from './keys/entry.ts';
import { type IdentityWrite, identityOperation } from './keys/plan-identities.ts';

/** What etcd takes in one transaction, in each of its parts; a nested one is counted with those around it. */
export const MOST_OPERATIONS = 128;

/** The value of one key after a change. `entry` undefined: the key is deleted. */
export type PlannedWrite =
  | { readonly key: string; readonly address: Ipv4; readonly entry: Entry; readonly text: string }
  | { readonly key: string; readonly address: Ipv4; readonly entry: undefined; readonly text: undefined }
  | { readonly key: string; readonly client: string; readonly pointsTo: Ipv4 }
  /** `text` undefined: the key of the reservation is deleted. */
  | { readonly key: string; readonly reservation: OutsideId; readonly text: string | undefined }
  | IdentityWrite;

/** A change as a transaction of etcd. */
export interface PlannedChange {
  readonly transaction: Transaction;
  /** Each key once. */
  readonly writes: readonly PlannedWrite[];
  readonly operationId: string;
  /** Addresses that it takes off offer, and whose keys it does not write: offers are in this gateway's memory. */
  readonly withdrawn: readonly Ipv4[];
}

export function operationOf(write: PlannedWrite): EtcdOperation {
  if ('identity' in write) return identityOperation(write);
  const { key } = write;
  const text = textToPut(write);
  return text === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: Buffer.from(text) };
}

/** undefined: its key is deleted. */
function textToPut(write: Exclude<PlannedWrite, IdentityWrite>): string | undefined {
  if ('text' in write) return write.text;
  return write.pointsTo === UNSPECIFIED ? undefined : ipv4ToText(write.pointsTo); // The client has no address.
}
