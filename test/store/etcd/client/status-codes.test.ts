import { expect, test } from 'vitest';
import { EtcdCallError, errorText, faultOf, STATUS } from '../../../../src/store/etcd/client/status-codes.ts';

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
