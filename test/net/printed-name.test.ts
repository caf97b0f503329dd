import { expect, test } from 'vitest';
import { printedName } from '../../src/net/printed-name.ts';

test.each([
  ['eth0@if5', 'eth0'],
  ['5: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500', 'eth0'],
  ['5: OCvpsnet:', 'OCvpsnet'],
  ['eth0.100@eth0', 'eth0.100'],
  ['eth0:1', 'eth0'],
])('of what `ip link` prints, the name is understood: %s', (text, name) => {
  expect(printedName(text)).toBe(name);
});

test.each(['eth0', 'eth0.100', 'vmbr0v5', 'a b', '', '@', 'fwpr101p0', 'a-name-too-long-for-linux'])(
  'a name alone, or no name, is nothing that `ip link` prints more of: %j',
  (text) => expect(printedName(text)).toBeUndefined(),
);
