import { expect, test } from 'vitest';
import { etcdOfRunning } from '../../src/cli/running-etcd.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { shownSettings } from '../../src/config/loading/shown-settings.ts';

const shown = (environment: Readonly<Record<string, string>>) =>
  shownSettings(loadSettings({}, environment).origins);

test('the settings of etcd that a running gateway has are told as they are put before a command, without a secret', () => {
  const settings = {
    GATEWAY_ETCD_ENDPOINTS: 'https://192.0.2.11:2379,https://192.0.2.12:2379',
    GATEWAY_SEGMENT: 'tenant-1',
    GATEWAY_ETCD_CA: '/etc/my certificates/ca.crt',
    GATEWAY_ETCD_USER: 'gateway',
    GATEWAY_ETCD_PASSWORD: 'not to be shown',
    GATEWAY_DHCP_POOL_START: '10.15.3.20',
  };

  expect(etcdOfRunning(shown(settings))).toBe(
    "GATEWAY_ETCD_ENDPOINTS=https://192.0.2.11:2379,https://192.0.2.12:2379 GATEWAY_SEGMENT=tenant-1 GATEWAY_ETCD_CA='/etc/my certificates/ca.crt' GATEWAY_ETCD_USER=gateway GATEWAY_ETCD_PASSWORD='<secret>'",
  );
});

test('a running gateway that uses no etcd has none to tell', () => {
  expect(etcdOfRunning(shown({ GATEWAY_SEGMENT: 'tenant-1' }))).toBe(undefined);
  expect(etcdOfRunning([])).toBe(undefined);
});
