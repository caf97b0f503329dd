import { expect, test } from 'vitest';
import { installedClients, refuseWithoutEtcd } from '../../../src/cli/lab/installed-programs.ts';
import { GatewayError } from '../../../src/errors.ts';

const nothing = () => undefined;
const everything = (name: string) => `/usr/bin/${name}`;

test('the clients that are installed are told from those that are not', () => {
  const onlyOne = (name: string) => (name === 'udhcpc' ? '/sbin/udhcpc' : undefined);

  expect(installedClients(onlyOne)).toEqual({
    found: [['udhcpc', '/sbin/udhcpc']],
    missing: ['dhclient', 'dhcpcd'],
  });
});

test('without etcd, or without its command, it is said by name what is missing, and a command that installs it', () => {
  const withoutCommand = (name: string) => (name === 'etcd' ? '/usr/bin/etcd' : undefined);

  expect(() => refuseWithoutEtcd(nothing)).toThrow(
    /^--etcd: etcd and etcdctl are not installed here: \S+ \S+ .*etcd/,
  );
  expect(() => refuseWithoutEtcd(withoutCommand)).toThrow(/^--etcd: etcdctl is not installed here: /);
  expect(() => refuseWithoutEtcd(nothing)).toThrow(GatewayError);
  expect(() => refuseWithoutEtcd(everything)).not.toThrow();
});
