import { expect, test } from 'vitest';
import { parametersOf } from '../../src/management/guests/guest-parameters.ts';

const SUBNET = { prefix_length: 24, mask: '255.255.255.0', router: '10.15.3.1', dns: ['1.1.1.1'], mtu: 1450 };

test.each([
  [{}, SUBNET],
  [
    { interfaceMtu: '1400', routers: '10.15.3.5' },
    { ...SUBNET, mtu: 1400, router: '10.15.3.5' },
  ],
  // Its type was named before its value, and it is not what the option has.
  [
    { interfaceMtu: 'hex:05', routers: 'hex:0a0f', domainNameServers: 'hex:0a' },
    { ...SUBNET, dns: [] },
  ],
])('a guest with the options %j is to use what they say, else what the subnet has', (options, wanted) => {
  expect(parametersOf({ options }, SUBNET)).toEqual(wanted);
});
