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
  /** The revision of the last write of this key. */
  readonly modRevision: Revision;
  /** The etcd lease with which etcd deletes the key, as a decimal number; '0': none. */
  readonly etcdLease: string;
}

/** A key that is absent has modification revision 0. */
export type Compare =
  | { readonly key: string; readonly modRevision: Revision }
  | { readonly key: string; readonly value: Uint8Array };

export type EtcdOperation =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly etcdLease?: string }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'transaction'; readonly transaction: Transaction };

/** Runs `success` if all comparisons hold, else `failure`, atomically. It may write a key once, nested ones included. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly success: readonly EtcdOperation[];
  readonly failure: readonly EtcdOperation[];
}

export type OperationResult =
  | { readonly kind: 'put' | 'delete' }
  | { readonly kind: 'get'; readonly found: KeyValue | undefined }
  | { readonly kind: 'transaction'; readonly result: TransactionResult };

export interface TransactionResult {
  readonly succeeded: boolean;
  /** The store's revision after the transaction; of a nested one, that of the whole. */
  readonly revision: Revision;
  /** The results of the branch that ran, in its order. */
  readonly results: readonly OperationResult[];
}

export interface RangeOptions {
  /** Reads the store as it was then; absent: as it is, by a majority. @throws EtcdError 'compacted' if that is gone. */
  readonly revision?: Revision;
  readonly limit?: number;
}

export interface RangeResult {
  readonly revision: Revision;
  /** In ascending order of the keys. */
  readonly found: readonly KeyValue[];
  /** True: the range has more keys than the limit. */
  readonly more: boolean;
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly entry: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: Revision };

export interface WatchListener {
  /** All events of one or several whole revisions, in their order. An empty list is a progress notice without a revision. */
  events(events: readonly WatchEvent[], revision: Revision): void;
  /** The watch has ended; 'compacted': events were lost, and a new snapshot is needed. Not called after `close`. */
  ended(why: 'compacted' | 'lost', message: string): void;
}

export interface Watch {
  close(): void;
}

/** The state of one member, as it tells it. */
export interface MemberStatus {
  readonly endpoint: string;
  /** Decimal numbers. */
  readonly clusterId: string;
  readonly memberId: string;
  /** '0': there is no leader now. */
  readonly leader: string;
  readonly revision: Revision;
  readonly version: string;
  /** The size of its database file, and the part of it that is in use: bytes. */
  readonly databaseBytes: number;
  readonly usedBytes: number;
  /** The largest size of the file: bytes. 0: the member does not tell it (before 3.6). */
  readonly quotaBytes: number;
}

/** A member that was asked for its state. */
export interface AskedMember {
  readonly endpoint: string;
  /** Undefined: it did not answer. */
  readonly status: MemberStatus | undefined;
  /** Until it answered: milliseconds. */
  readonly roundTrip: number;
}

/** no-space: a member's database is at its quota. corrupt: a member's data differs from that of the others. */
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
 * Every call goes to one member and ends by its deadline; after a failure the next call goes to the next member. Nothing
 * is tried again here: the caller knows what a second attempt would do. All calls reject with an EtcdError and nothing else.
 */
export interface Etcd {
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** The keys from `first` up to, not including, `end`. */
  range(first: string, end: string, options?: RangeOptions): Promise<RangeResult>;
  /** Watches all changes of keys with this prefix, from this revision on. */
  watch(prefix: string, from: Revision, listener: WatchListener): Watch;
  /** Makes an etcd lease, for keys that etcd deletes when their owner has gone; resolves to its id. */
  grantEtcdLease(seconds: number): Promise<string>;
  /** False: it has ended. */
  keepAlive(etcdLease: string): Promise<boolean>;
  revokeEtcdLease(etcdLease: string): Promise<void>;
  status(): Promise<MemberStatus>;
  /** Asks every member for its state. Never rejects. */
  statuses(): Promise<readonly AskedMember[]>;
  alarms(): Promise<readonly Alarm[]>;
  /**
   * Compacts: etcd forgets old versions of all keys, also of others', before a revision.
   *
   * @throws EtcdError 'compacted' if it has already.
   */
  compact(revision: Revision): Promise<void>;
  close(): void;
}

/** The end of the range of all keys with a prefix. */
export function endOfPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
