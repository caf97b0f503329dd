/**
 * What we use of etcd's v3 API, as values. The client over gRPC and the simulation's model of a cluster both are an
 * `Etcd`, so that all above this file runs on either.
 */

/** A count of all changes of the store; 0: before any. */
export type Revision = number;

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  /** Of the last write of this key. */
  readonly modRevision: Revision;
  /** The etcd lease that ends it, as a decimal number; '0': none. */
  readonly etcdLease: string;
}

/** A key that is absent has modification revision 0. */
export type Compare =
  | { readonly key: string; readonly modRevision: Revision }
  | { readonly key: string; readonly value: Uint8Array };

export type Operation =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly etcdLease?: string }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'transaction'; readonly transaction: Transaction };

/** All comparisons hold: `success`, else `failure`; at once and whole. No key may be written twice in one, nested ones included. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export type OperationResult =
  | { readonly kind: 'put' | 'delete' }
  | { readonly kind: 'get'; readonly found: KeyValue | undefined }
  | { readonly kind: 'transaction'; readonly result: TransactionResult };

export interface TransactionResult {
  readonly succeeded: boolean;
  /** Of the store after it; of a nested one, that of the whole. */
  readonly revision: Revision;
  /** Of the branch that ran, in its order. */
  readonly results: readonly OperationResult[];
}

export interface RangeOptions {
  /** As the store was then; absent: as it is, seen by a majority. Throws 'compacted' if that is gone. */
  readonly revision?: Revision;
  readonly limit?: number;
}

export interface RangeResult {
  readonly revision: Revision;
  /** By key, ascending. */
  readonly found: readonly KeyValue[];
  /** There are more than the limit. */
  readonly more: boolean;
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly entry: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: Revision };

export interface WatchListener {
  /** All events of one or several whole revisions, in their order. An empty list is a progress notice, and says nothing of the revision. */
  events(events: readonly WatchEvent[], revision: Revision): void;
  /** It is over; 'compacted': events were lost, and a new snapshot is needed. Not called after `close`. */
  ended(why: 'compacted' | 'lost', message: string): void;
}

export interface Watch {
  close(): void;
}

/** What the member that is spoken to says about itself. */
export interface MemberStatus {
  readonly endpoint: string;
  /** Decimal numbers. */
  readonly clusterId: string;
  readonly memberId: string;
  /** '0': there is none now. */
  readonly leader: string;
  readonly revision: Revision;
  readonly version: string;
  /** The file of its database, and what of that is in use: bytes. */
  readonly databaseBytes: number;
  readonly usedBytes: number;
  /** What the file may grow to; 0: it does not say so (before 3.6). */
  readonly quotaBytes: number;
}

/** no-space: the database of a member is at its quota. corrupt: its data is not that of the others. */
export interface Alarm {
  /** A decimal number. */
  readonly memberId: string;
  readonly kind: 'no-space' | 'corrupt' | 'other';
}

/**
 * refused: nothing has happened. unknown: it may have happened, or may yet (a deadline, a lost connection, a change of
 * leader). compacted: the revision that was asked for is gone.
 */
export type EtcdFault = 'refused' | 'unknown' | 'compacted';

export class EtcdError extends Error {
  readonly fault: EtcdFault;

  constructor(fault: EtcdFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EtcdError';
    this.fault = fault;
  }
}

/**
 * Every call ends by its deadline, on one member; the next call after a failure takes the next member. Nothing is
 * retried here: whoever calls knows what a second attempt would do. All reject with an EtcdError and nothing else.
 */
export interface Etcd {
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** The keys from `first` up to, not including, `end`. */
  range(first: string, end: string, options?: RangeOptions): Promise<RangeResult>;
  /** All that happens to keys with this prefix, from this revision on. */
  watch(prefix: string, from: Revision, listener: WatchListener): Watch;
  /** A lease of etcd's own, for a key that shall end with its owner; returns its id. */
  grantEtcdLease(seconds: number): Promise<string>;
  /** False: it has ended. */
  keepAlive(etcdLease: string): Promise<boolean>;
  revokeEtcdLease(etcdLease: string): Promise<void>;
  status(): Promise<MemberStatus>;
  /** Of every member that answers. */
  statuses(): Promise<readonly MemberStatus[]>;
  alarms(): Promise<readonly Alarm[]>;
  /** Forgets all of etcd's past before a revision, whose keys ever. Throws 'compacted' if that is done already. */
  compact(revision: Revision): Promise<void>;
  close(): void;
}

/** The end of the range of all keys with a prefix. */
export function endOfPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
