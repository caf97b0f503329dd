import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import type { Flags } from '../../src/config/loading/origins.ts';
import { needsRestart } from '../../src/config/needs-restart.ts';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';

function settings(flags: Flags) {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

function refused(before: Flags, after: Flags, isShared = false): string[] {
  return needsRestart(settings(before), settings(after), isShared).map(({ setting }) => setting);
}

describe('a change of settings while the gateway runs', () => {
  test('of what clients are given, and how, needs no restart', () => {
    const change = {
      poolStart: '10.15.3.100',
      dns: '9.9.9.9',
      leaseTime: '1h',
      routes: 'off',
      relays: '10.15.3.5',
    };

    expect(refused({}, change)).toEqual([]);
    expect(refused({}, { gateway: '10.15.3.2' })).toEqual([]);
  });

  test.each([
    [{ identity: 'mac' }, 'GATEWAY_DHCP_IDENTITY'],
    [{ subnetMask: '23' }, 'GATEWAY_DHCP_SUBNET_MASK'],
    [{ listenIp: '10.15.3.12' }, 'GATEWAY_DHCP_LISTEN_IP'],
    [{ interface: 'eth1' }, 'GATEWAY_DHCP_INTERFACE'],
    [{ leasesDir: '/elsewhere' }, 'GATEWAY_DHCP_LEASES_DIR'],
    [{ logLevel: 'debug' }, 'LOG_LEVEL'],
  ])('%o needs one', (change, setting) => {
    expect(refused({}, change)).toEqual([setting]);
  });

  test('of the kind of store needs one, and no password is shown', () => {
    const after = { etcdEndpoints: 'http://10.15.3.10:2379', segment: 'one' };

    expect(refused({}, after)).toEqual(['GATEWAY_ETCD_ENDPOINTS', 'GATEWAY_SEGMENT']);
  });

  test('that means the same as before is none', () => {
    expect(refused({ leasesDir: '/a', logLevel: 'info' }, { leasesDir: '/a' })).toEqual([]);
  });

  test('of what all gateways must have alike needs one of all of them, where leases are shared', () => {
    expect(refused({}, { gateway: '10.15.3.2' }, true)).toEqual(['GATEWAY_DHCP_GATEWAY']);
    expect(refused({}, { poolStart: '10.15.3.100' }, true)).toEqual([]);
  });

  test('is refused with a sentence that says why', () => {
    for (const key of SETTING_KEYS) expect(SETTINGS[key].restart ?? 'none').toMatch(/^[a-z].+[a-z]$/);
  });
});
