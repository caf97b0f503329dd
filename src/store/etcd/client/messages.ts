import type {
  Alarm,
  EtcdOperation,
  KeyValue,
  MemberStatus,
  OperationResult,
  RangeOptions,
  RangeResult,
  Revision,
  Transaction,
  TransactionResult,
  WatchEvent,
} from './etcd.ts';
import { MessageFields, MessageWriter } from './protobuf.ts';

/**
 * The messages of etcd's v3 API that are used, with their field numbers:
 * https://github.com/etcd-io/etcd/blob/main/api/etcdserverpb/rpc.proto
 */

/** Compare.CompareTarget; Compare.CompareResult EQUAL is 0 and left out. */
const TARGET_MOD = 2;
const TARGET_VALUE = 3;
/** RequestOp: the field number of each kind is one more than its index here. */
const KINDS = ['get', 'put', 'delete', 'transaction'] satisfies EtcdOperation['kind'][];
/** Event.EventType. */
const DELETE = 1;
/** Bytes at the beginning, enough for a transaction of some changes. */
const TRANSACTION_ROOM = 16_384;

export function encodeTransaction(transaction: Transaction): Uint8Array {
  const message = new MessageWriter(TRANSACTION_ROOM);
  writeTransaction(message, transaction);
  return message.finish();
}

function writeTransaction(message: MessageWriter, { compare, success, failure }: Transaction): void {
  writeOperations(message, 3, failure);
  writeOperations(message, 2, success);
  for (let index = compare.length - 1; index >= 0; index -= 1) {
    const each = compare[index];
    if (each === undefined) continue;
    const end = message.length;
    if ('value' in each) message.bytes(7, each.value).text(3, each.key).number(2, TARGET_VALUE);
    else message.number(6, each.modRevision).text(3, each.key).number(2, TARGET_MOD);
    message.nested(1, end);
  }
}

function writeOperations(message: MessageWriter, field: number, operations: readonly EtcdOperation[]): void {
  for (let index = operations.length - 1; index >= 0; index -= 1) {
    const operation = operations[index];
    if (operation === undefined) continue;
    const end = message.length;
    if (operation.kind === 'transaction') writeTransaction(message, operation.transaction);
    else {
      if (operation.kind === 'put') {
        if (operation.etcdLease !== undefined) message.number(3, BigInt(operation.etcdLease));
        message.bytes(2, operation.value);
      }
      message.text(1, operation.key);
    }
    message.nested(KINDS.indexOf(operation.kind) + 1, end).nested(field, end);
  }
}

/** Reads the answer to this transaction, whose operations tell what each result is. */
export function decodeTransaction(bytes: Uint8Array, asked: Transaction): TransactionResult {
  const fields = new MessageFields(bytes);
  return transactionOf(fields, asked, revisionIn(fields));
}

function transactionOf(fields: MessageFields, asked: Transaction, revision: Revision): TransactionResult {
  const succeeded = fields.flag(2);
  const branch = succeeded ? asked.success : asked.failure;
  const results = fields
    .messages(3)
    .map((response, index) => operationResultOf(response, branch[index], revision));
  if (results.length !== branch.length) throw new RangeError('an answer to another transaction');
  return { succeeded, revision, results };
}

function operationResultOf(
  response: MessageFields,
  asked: EtcdOperation | undefined,
  revision: Revision,
): OperationResult {
  switch (asked?.kind) {
    case 'get':
      return { kind: 'get', found: response.message(1).messages(2).map(keyValueOf)[0] };
    case 'put':
    case 'delete':
      return { kind: asked.kind };
    case 'transaction':
      return {
        kind: 'transaction',
        result: transactionOf(response.message(4), asked.transaction, revision),
      };
    case undefined:
      throw new RangeError('more answers than questions');
  }
}

export function encodeRange(first: string, end: string, { revision, limit }: RangeOptions): Uint8Array {
  const message = new MessageWriter().number(4, revision ?? 0).number(3, limit ?? 0);
  return message.text(2, end).text(1, first).finish();
}

export function decodeRange(bytes: Uint8Array): RangeResult {
  const fields = new MessageFields(bytes);
  return { revision: revisionIn(fields), found: fields.messages(2).map(keyValueOf), more: fields.flag(3) };
}

export function encodeWatch(first: string, end: string, from: Revision): Uint8Array {
  const create = new MessageWriter().flag(8, true).flag(4, true).number(3, from).text(2, end).text(1, first);
  return create.nested(1, 0).finish();
}

/** Asks for a progress notice: the server answers with an empty list of events. */
export function encodeProgressRequest(): Uint8Array {
  return new MessageWriter().bytes(3, new Uint8Array(0)).finish();
}

export interface WatchMessage {
  readonly revision: Revision;
  readonly isCreated: boolean;
  readonly isCanceled: boolean;
  /** The revision up to which events were lost by a compaction; 0: none were. */
  readonly compactedAt: Revision;
  readonly reason: string;
  /** True: more events of the same revision follow. */
  readonly isFragment: boolean;
  readonly events: readonly WatchEvent[];
}

export function decodeWatch(bytes: Uint8Array): WatchMessage {
  const fields = new MessageFields(bytes);
  return {
    revision: revisionIn(fields),
    isCreated: fields.flag(3),
    isCanceled: fields.flag(4),
    compactedAt: fields.number(5),
    reason: fields.text(6),
    isFragment: fields.flag(7),
    events: fields.messages(11).map(eventOf),
  };
}

function eventOf(fields: MessageFields): WatchEvent {
  const entry = keyValueOf(fields.message(2));
  return fields.number(1) === DELETE
    ? { kind: 'delete', key: entry.key, modRevision: entry.modRevision }
    : { kind: 'put', entry };
}

function keyValueOf(fields: MessageFields): KeyValue {
  return {
    key: fields.text(1),
    createRevision: fields.number(2),
    modRevision: fields.number(3),
    value: fields.bytes(5).slice(),
    etcdLease: fields.identifier(6),
  };
}

export function encodeLeaseGrant(seconds: number): Uint8Array {
  return new MessageWriter().number(1, seconds).finish();
}

export function decodeLeaseGrant(bytes: Uint8Array): string {
  return new MessageFields(bytes).identifier(2);
}

export function encodeLeaseId(etcdLease: string): Uint8Array {
  return new MessageWriter().number(1, BigInt(etcdLease)).finish();
}

/** The seconds that an etcd lease still has; 0: it has ended. */
export function decodeKeepAlive(bytes: Uint8Array): number {
  return new MessageFields(bytes).number(3);
}

export function decodeStatus(bytes: Uint8Array, endpoint: string): MemberStatus {
  const fields = new MessageFields(bytes);
  const header = fields.message(1);
  return {
    endpoint,
    clusterId: header.identifier(1),
    memberId: header.identifier(2),
    leader: fields.identifier(4),
    revision: header.number(3),
    version: fields.text(2),
    databaseBytes: fields.number(3),
    usedBytes: fields.number(9) || fields.number(3),
    quotaBytes: fields.number(12),
  };
}

/** AlarmType: NOSPACE is 1, CORRUPT 2. An empty request asks for those of all members. */
const ALARMS: readonly Alarm['kind'][] = ['other', 'no-space', 'corrupt'];

export function decodeAlarms(bytes: Uint8Array): readonly Alarm[] {
  return new MessageFields(bytes)
    .messages(2)
    .map((alarm) => ({ memberId: alarm.identifier(1), kind: ALARMS[alarm.number(2)] ?? 'other' }));
}

export function encodeCompaction(revision: Revision): Uint8Array {
  return new MessageWriter().number(1, revision).finish();
}

export function encodeAuthenticate(name: string, password: string): Uint8Array {
  return new MessageWriter().text(2, password).text(1, name).finish();
}

export function decodeAuthenticate(bytes: Uint8Array): string {
  return new MessageFields(bytes).text(2);
}

function revisionIn(fields: MessageFields): Revision {
  return fields.message(1).number(3);
}
