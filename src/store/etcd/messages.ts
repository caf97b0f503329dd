import type {
  Compare,
  KeyValue,
  MemberStatus,
  Operation,
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
/** Event.EventType. */
const DELETE = 1;

export function encodeTransaction({ compare, success, failure }: Transaction): Uint8Array {
  const message = new MessageWriter();
  for (const each of compare) message.bytes(1, encodeCompare(each));
  for (const each of success) message.bytes(2, encodeOperation(each));
  for (const each of failure) message.bytes(3, encodeOperation(each));
  return message.finish();
}

function encodeCompare(compare: Compare): Uint8Array {
  const message = new MessageWriter();
  if ('value' in compare) {
    return message.number(2, TARGET_VALUE).text(3, compare.key).bytes(7, compare.value).finish();
  }
  return message.number(2, TARGET_MOD).text(3, compare.key).number(6, compare.modRevision).finish();
}

function encodeOperation(operation: Operation): Uint8Array {
  const message = new MessageWriter();
  switch (operation.kind) {
    case 'get':
      return message.bytes(1, new MessageWriter().text(1, operation.key).finish()).finish();
    case 'put': {
      const put = new MessageWriter().text(1, operation.key).bytes(2, operation.value);
      return message.bytes(2, put.number(3, BigInt(operation.etcdLease ?? 0)).finish()).finish();
    }
    case 'delete':
      return message.bytes(3, new MessageWriter().text(1, operation.key).finish()).finish();
    case 'transaction':
      return message.bytes(4, encodeTransaction(operation.transaction)).finish();
  }
}

/** Reads the answer to this transaction: its shape says what each result is. */
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
  asked: Operation | undefined,
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
  const message = new MessageWriter().text(1, first).text(2, end);
  return message
    .number(3, limit ?? 0)
    .number(4, revision ?? 0)
    .finish();
}

export function decodeRange(bytes: Uint8Array): RangeResult {
  const fields = new MessageFields(bytes);
  return { revision: revisionIn(fields), found: fields.messages(2).map(keyValueOf), more: fields.flag(3) };
}

export function encodeWatch(first: string, end: string, from: Revision): Uint8Array {
  const create = new MessageWriter().text(1, first).text(2, end).number(3, from).flag(4, true).flag(8, true);
  return new MessageWriter().bytes(1, create.finish()).finish();
}

/** Asks for a sign of life: the server answers with an empty list of events. */
export function encodeProgressRequest(): Uint8Array {
  return new MessageWriter().bytes(3, new Uint8Array(0)).finish();
}

export interface WatchMessage {
  readonly revision: Revision;
  readonly isCreated: boolean;
  readonly isCanceled: boolean;
  /** 0: nothing was lost. */
  readonly compactedAt: Revision;
  readonly reason: string;
  /** More of the same revision follows. */
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

/** Seconds that are left; 0: the lease has ended. */
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
  };
}

export function encodeAuthenticate(name: string, password: string): Uint8Array {
  return new MessageWriter().text(1, name).text(2, password).finish();
}

export function decodeAuthenticate(bytes: Uint8Array): string {
  return new MessageFields(bytes).text(2);
}

function revisionIn(fields: MessageFields): Revision {
  return fields.message(1).number(3);
}
