import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { withDerived } from '../../src/config/loading/derived-values.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { shownSettings } from '../../src/config/loading/shown-settings.ts';
import type { Environment } from '../../src/config/settings.ts';
import { at } from '../support/plan.ts';

const LISTEN = { listenIp: at('10.15.3.10'), interfaceName: 'OCvpsnet' };

/** Values in force by variable, of those that are not set. */
function derivedOf(environment: Environment, served: 'served' | 'not served' = 'served') {
  const loaded = loadSettings({}, environment);
  if (!loaded.ok) throw new Error('the settings have faults');
  const shown = withDerived(
    shownSettings(loaded.origins),
    loaded.settings,
    served === 'served' ? LISTEN : undefined,
  );
  return Object.fromEntries(
    shown.flatMap(({ setting, derived }) => (derived === undefined ? [] : [[setting, derived]])),
  );
}

test('what nobody has set follows from other settings, from the interface and from the host', () => {
  expect(derivedOf({})).toEqual({
    GATEWAY_DHCP_LISTEN_IP: '10.15.3.10',
    GATEWAY_DHCP_INTERFACE: 'OCvpsnet',
    GATEWAY_PEERS: '10.15.3.10 to 10.15.3.19',
    GATEWAY_DHCP_LEASE_TIME_MIN: '2m',
    GATEWAY_DHCP_LEASE_TIME_MAX: '12h',
    GATEWAY_DHCP_RENEWAL_TIME: '6h',
    GATEWAY_DHCP_REBINDING_TIME: '10h30m',
    GATEWAY_NODE_NAME: hostname(),
  });
});

test('what is set is not derived', () => {
  const derived = derivedOf({
    GATEWAY_DHCP_LISTEN_IP: '10.15.3.10',
    GATEWAY_DHCP_INTERFACE: 'OCvpsnet',
    GATEWAY_PEERS: 'off',
    GATEWAY_DHCP_LEASE_TIME: '90s',
    GATEWAY_DHCP_RENEWAL_TIME: '40%',
    GATEWAY_NODE_NAME: 'pve1',
  });

  expect(derived).toEqual({
    GATEWAY_DHCP_LEASE_TIME_MIN: '1m30s',
    GATEWAY_DHCP_LEASE_TIME_MAX: '1m30s',
    GATEWAY_DHCP_REBINDING_TIME: '1m18s',
  });
});

test('without a listen address none is in force, and RFC 2131 §4.4.5: a lease without an end has no T1 and T2', () => {
  expect(derivedOf({ GATEWAY_DHCP_LEASE_TIME: 'infinite' }, 'not served')).toEqual({
    GATEWAY_PEERS: '10.15.3.10 to 10.15.3.19',
    GATEWAY_DHCP_LEASE_TIME_MIN: '2m',
    GATEWAY_DHCP_LEASE_TIME_MAX: 'infinite',
    GATEWAY_NODE_NAME: hostname(),
  });
});
