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

/** One of each kind, as wide as they come. */
const ALL: readonly LabEvent[] = [
  OPENED,
  LEASED,
  TRIED,
  {
    kind: 'segment',
    router: '10.15.3.1',
    joining: 'veth',
    members: 3,
    nodes: [
      {
        name: 'node-10',
        address: '10.15.3.19',
        guests: [
          { name: 'guest-10', client: 'built-in', hardware: '52:54:00:15:03:0a', port: 'veth110i0' },
          { name: 'guest-11', client: 'dhclient', hardware: '52:54:00:15:03:0b', port: 'veth111i0' },
        ],
      },
    ],
  },
  {
    kind: 'missing',
    clients: ['dhclient', 'udhcpc', 'dhcpcd'],
    install: 'apt-get install isc-dhcp-client udhcpc dhcpcd-base',
  },
  {
    kind: 'decision',
    at: 0,
    node: 'node-10',
    message: 'DHCPDISCOVER',
    guest: 'guest-10',
    reason: 'left-to-the-gateway-of-its-host',
    address: '10.15.3.254',
  },
  {
    kind: 'rows',
    leases: [
      {
        guest: 'guest-10',
        node: 'node-10',
        client: 'built-in',
        hardware: '52:54:00:15:03:0a',
        address: '192.168.100.100',
        from: '10.15.3.66',
      },
    ],
    others: 100,
    file: '/tmp/vps-gateway-lab-22Gt8i/node-1/leases.sqlite',
    rows: Array.from({ length: 20 }, () => ({
      address: '10.15.3.254',
      mac: '52:54:00:15:03:0a',
      hostname: 'guest-10',
      state: 'quarantined',
      expires: '2026-11-29T01:37:16Z',
    })),
  },
  {
    kind: 'running',
    enter: [
      {
        machine: 'node-1',
        command:
          'GATEWAY_DHCP_LEASES_DIR=/tmp/vps-gateway-lab-22Gt8i/node-1 nsenter --net --mount --target 1234566 --wd=/root',
      },
      { machine: 'guest-1', command: 'nsenter --net --mount --target 1234567' },
    ],
  },
  { kind: 'page', link: 'http://127.0.0.1:38335/?token=YT2Cs3CL4KAxo_Xa8zqkKCtD-SC7gsKhfwEheZWmY74' },
  { kind: 'page', link: undefined },
  {
    kind: 'help',
    orders: [{ key: 'k', title: 'kill a gateway', hindrance: 'it takes --nodes 2 at least' }],
  },
  {
    kind: 'order',
    at: 0,
    title: 'start a rogue server',
    expected: 'each gateway should name it in log and health, and a new guest should still get a lease.',
  },
  { kind: 'progress', at: 0, text: 'not now: "start a rogue server" is not over yet' },
  {
    kind: 'outcome',
    at: 0,
    title: 'a title',
    kept: false,
    seen: 'a new guest on node-10 has no lease after 20.0 s',
    milliseconds: 1,
  },
  { kind: 'end', leased: 1, without: ['guest-1', 'guest-2', 'guest-10'] },
];

/** There to be copied: the terminal wraps it, and copies it as one line. */
const COPIED = /^(apt-get|sqlite3|GATEWAY_DHCP_LEASES_DIR=|nsenter|http:)/;

test.each([40, 47, 55, 60, 66, 72, 80, 100])(
  'no line is wider than a terminal of %d columns, but what is to be copied',
  (columns) => {
    for (const event of ALL) {
      for (const line of narrate(event, true, columns).split('\n').map(stripVTControlCharacters)) {
        if (!COPIED.test(line)) expect(line.length, line).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/ $/);
      }
    }
  },
);

test('on a terminal of 40 columns each promise stands with what was seen', () => {
  const told = narrate(TRIED, false, 40);

  expect(told).toContain('  kill a gateway: kept\n    promised: its guests keep their\n');
  expect(told).toContain('  pin a guest: broken\n    promised: it moves\n    seen: it has nothing\n');
  expect(told).toContain('  cut a node off: not tried\n');
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
