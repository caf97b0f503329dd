import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { type SharedSettingTexts, sharedSettingTexts } from '../../src/config/shared-settings.ts';

function textsOf(environment: Readonly<Record<string, string>>): SharedSettingTexts {
  const loaded = loadSettings({}, environment);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return sharedSettingTexts(loaded.settings);
}

test('all gateways of a segment must have its prefix, router and identity alike, and nothing else', () => {
  expect(textsOf({}).mustBeEqual).toEqual({
    GATEWAY_DHCP_GATEWAY: '10.15.3.1',
    GATEWAY_DHCP_SUBNET_MASK: '24',
    GATEWAY_DHCP_IDENTITY: 'auto',
  });
});

test('what they should have alike is said as an operator would write it', () => {
  const { shouldBeEqual } = textsOf({
    GATEWAY_DHCP_DNS: '9.9.9.9, 1.1.1.1',
    GATEWAY_DHCP_RELAYS: '10.15.3.5,10.15.4.0/24',
    GATEWAY_DHCP_ROUTES: '10.0.0.0/8=10.15.3.5',
    GATEWAY_DHCP_BOOTP: 'yes',
    GATEWAY_DHCP_LEASE_TIME_MAX: '7d',
  });

  expect(shouldBeEqual).toMatchObject({
    GATEWAY_DHCP_POOL_START: '10.15.3.20',
    GATEWAY_DHCP_DNS: '9.9.9.9,1.1.1.1',
    GATEWAY_DHCP_NTP: 'off',
    GATEWAY_DHCP_RELAYS: '10.15.3.5-10.15.3.5,10.15.4.0-10.15.4.255',
    GATEWAY_DHCP_ROUTES: '10.0.0.0/8=10.15.3.5',
    GATEWAY_DHCP_BOOTP: 'on',
    GATEWAY_DHCP_LEASE_TIME: '43200',
    GATEWAY_DHCP_LEASE_TIME_MIN: 'default',
    GATEWAY_DHCP_LEASE_TIME_MAX: '604800',
  });
});

test('two ways to write one value are the same', () => {
  const one = {
    GATEWAY_DHCP_SUBNET_MASK: '255.255.255.0',
    GATEWAY_DHCP_LEASE_TIME: '12h',
    GATEWAY_DHCP_BOOTP: 'off',
  };
  const other = {
    GATEWAY_DHCP_SUBNET_MASK: '/24',
    GATEWAY_DHCP_LEASE_TIME: '43200',
    GATEWAY_DHCP_BOOTP: 'no',
  };

  expect(textsOf(one)).toEqual(textsOf(other));
});

test('of pools with the same ends, those that have other holes differ', () => {
  const holes = 'GATEWAY_DHCP_POOLS';
  const pools = '10.15.3.20-10.15.3.99,10.15.3.120-10.15.3.254';
  const ranges = (text: string) => textsOf({ [holes]: text }).shouldBeEqual[holes];

  expect(ranges(pools)).toBe(pools);
  expect(ranges('10.15.3.120-10.15.3.254, 10.15.3.20-10.15.3.99')).toBe(pools);
  expect(ranges('10.15.3.20-10.15.3.254')).toBe(textsOf({}).shouldBeEqual[holes]);
  expect(textsOf({ GATEWAY_DHCP_EXCLUDE: '10.15.3.50' }).shouldBeEqual['GATEWAY_DHCP_EXCLUDE']).toBe(
    '10.15.3.50-10.15.3.50',
  );
});
