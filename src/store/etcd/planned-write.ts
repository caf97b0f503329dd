import type { OutsideId } from '../../lease/outside-id.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Transaction } from './client/etcd.ts';
import type { Entry } from './keys/entry.ts';

/** The value of one key after a change. `entry` undefined: the key is deleted. */
export type PlannedWrite =
  | { readonly key: string; readonly address: Ipv4; readonly entry: Entry; readonly text: string }
  | { readonly key: string; readonly address: Ipv4; readonly entry: undefined; readonly text: undefined }
  | { readonly key: string; readonly client: string; readonly pointsTo: Ipv4 }
  /** `text` undefined: the key of the reservation is deleted. */
  | { readonly key: string; readonly reservation: OutsideId; readonly text: string | undefined };

/** A change as a transaction of etcd. */
export interface PlannedChange {
  readonly transaction: Transaction;
  /** Each key once. */
  readonly writes: readonly PlannedWrite[];
  readonly operationId: string;
  /** Addresses that it takes off offer, and whose keys it does not write: offers are in this gateway's memory. */
  readonly withdrawn: readonly Ipv4[];
}
