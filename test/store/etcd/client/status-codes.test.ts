import { expect, test } from 'vitest';
import {
  EtcdCallError,
  errorText,
  faultOf,
  isOfTheToken,
  STATUS,
} from '../../../../src/store/etcd/client/status-codes.ts';

test.each([
  [STATUS.DEADLINE_EXCEEDED, 'Deadline exceeded', 'unknown'],
  [STATUS.UNAVAILABLE, 'etcdserver: leader changed', 'unknown'],
  [STATUS.UNKNOWN, 'context deadline exceeded', 'unknown'],
  [STATUS.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'unknown'],
  [STATUS.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'refused'],
  [STATUS.PERMISSION_DENIED, 'etcdserver: permission denied', 'refused'],
  [STATUS.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request', 'refused'],
  [STATUS.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'compacted'],
])('code %i, %s: %s', (code, details, fault) => {
  expect(faultOf(new EtcdCallError(code, details))).toBe(fault);
});

test.each([
  ['etcdserver: user name is empty', 'set GATEWAY_ETCD_USER and GATEWAY_ETCD_PASSWORD'],
  ['etcdserver: authentication failed, invalid user ID or password', 'GATEWAY_ETCD_PASSWORD is its password'],
  ['etcdserver: permission denied', '--prefix=true readwrite /vps-gateway/'],
])('%s: the operator reads what mends it as well', (said, remedy) => {
  expect(errorText(new EtcdCallError(STATUS.INVALID_ARGUMENT, said))).toMatch(
    new RegExp(`^${said}: .*${remedy}`),
  );
  expect(errorText(new Error('no answer in time'))).toBe('no answer in time');
});

test.each([
  [STATUS.UNAUTHENTICATED, 'etcdserver: invalid auth token', true],
  [STATUS.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old', true],
  [STATUS.INVALID_ARGUMENT, 'etcdserver: user name is empty', true],
  [STATUS.PERMISSION_DENIED, 'etcdserver: permission denied', true],
  // A member of etcd that is older than the code for it.
  [STATUS.UNKNOWN, 'auth: revision in header is old', true],
  [STATUS.UNKNOWN, 'context deadline exceeded', false],
  [STATUS.UNAVAILABLE, 'etcdserver: leader changed', false],
  [STATUS.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', false],
])('code %i, %s: may be mended by a new login: %s', (code, details, isMended) => {
  expect(isOfTheToken(new EtcdCallError(code, details))).toBe(isMended);
});
