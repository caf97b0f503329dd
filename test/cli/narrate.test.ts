import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { LabEvent } from '../../src/cli/lab/telling/lab-event.ts';
import { narrate } from '../../src/cli/lab/telling/narrate.ts';

const OPENED: LabEvent = {
  kind: 'gateway',
  at: 0,
  node: 'node-2',
  level: 'info',
  text: 'sockets opened',
  fields: { interface: 'OCvpsnet', listenIp: '10.15.3.11', pool: '10.15.3.20-10.15.3.254', transport: 'raw' },
};
const LEASED: LabEvent = {
  kind: 'lease',
  at: 0,
  guest: 'guest-3',
  client: 'dhcpcd',
  address: '10.15.3.167',
  from: 'node-1',
  router: '10.15.3.1',
  dns: '1.1.1.1 1.0.0.1',
  leaseSeconds: 180,
  isNew: true,
};
const TRIED: LabEvent = {
  kind: 'promises',
  promises: [
    {
      order: 'kill a gateway',
      promise: 'its guests keep their addresses, new ones get theirs from another gateway',
      kept: true,
      seen: 'guest-3 had 10.15.3.167 and has 10.15.3.167 from node-1; a new guest on node-3 has 10.15.3.196',
    },
    { order: 'pin a guest', promise: 'it moves', kept: false, seen: 'it has nothing' },
    { order: 'cut a node off', promise: 'both go on', kept: undefined, seen: 'it takes --nodes 2 at least' },
  ],
};

test.each([
  ['in colour', true],
  ['plain', false],
])('what happens in the lab goes on below itself where a terminal of 80 columns ends, %s', (_, hasColour) => {
  for (const event of [OPENED, LEASED]) {
    const lines = narrate(event, hasColour, 80).trimEnd().split('\n').map(stripVTControlCharacters);
    const whole = stripVTControlCharacters(narrate(event, hasColour)).trimEnd();

    expect(lines.length).toBe(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^ {26}\S/);
    expect(lines.join(' ').split(/\s+/)).toEqual(whole.split(/\s+/));
  }
});

test('who got what is told with the gateway that gave it', () => {
  expect(narrate(LEASED, false)).toContain('guest-3   has 10.15.3.167  from node-1  for 3 min');
});

test.each([80, 100, 200])(
  'no line of the table of promises is wider than a terminal of %d columns',
  (columns) => {
    const told = narrate(TRIED, false, columns);

    for (const line of told.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    expect(told).toMatch(/kill a gateway .* yes /);
    expect(told).toMatch(/pin a guest .* NO /);
    expect(told).toMatch(/cut a node off .* not tried /);
  },
);

test('the help names each key, and why an order cannot be given', () => {
  const orders = [
    { key: 'k', title: 'kill a gateway', hindrance: 'it takes --nodes 2 at least' },
    { key: 'f', title: 'flood with DHCPDISCOVERs', hindrance: undefined },
  ];

  const told = narrate({ kind: 'help', orders }, false, 80);

  expect(told).toContain('k      kill a gateway  (not here: it takes --nodes 2 at least)\n');
  expect(told).toContain('f      flood with DHCPDISCOVERs\n');
});

test('a command that is to be copied is not parted', () => {
  const file = `/tmp/${'x'.repeat(80)}/leases.sqlite`;

  expect(narrate({ kind: 'rows', leases: [], others: 0, file, rows: [] }, false, 80)).toContain(
    `sqlite3 ${file} 'SELECT * FROM leases'`,
  );
});
