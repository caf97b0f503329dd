import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { faultOf, textOf } from '../../../src/store/etcd/status-codes.ts';

function callError(code: number, details: string): Error {
  return Object.assign(new Error(`${code} ${status[code]}: ${details}`), { code });
}

test.each([
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'unknown'],
  [status.UNAVAILABLE, 'etcdserver: leader changed', 'unknown'],
  [status.UNKNOWN, 'context deadline exceeded', 'unknown'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'unknown'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'refused'],
  [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'refused'],
  [status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request', 'refused'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'compacted'],
])('code %i, %s: %s', (code, details, fault) => {
  expect(faultOf(callError(code, details))).toBe(fault);
});

test.each([
  [
    status.UNAVAILABLE,
    'No connection established. Last error: Error: connect ECONNREFUSED 10.15.3.11:2379. Resolution note: ',
    'connect ECONNREFUSED 10.15.3.11:2379',
  ],
  [status.CANCELLED, 'Cancelled on client', 'no answer in time'],
  [status.UNAVAILABLE, 'etcdserver: leader changed', '14 UNAVAILABLE: etcdserver: leader changed'],
])('what an operator reads of code %i', (code, details, text) => {
  expect(textOf(callError(code, details))).toBe(text);
});
