import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Flags } from '../../../src/config/loading/origins.ts';
import { planOfSettings } from '../../../src/config/plan-of-settings.ts';
import { EventRing } from '../../../src/reporting/event-ring.ts';
import type { Declaration } from '../../../src/server/declaration/declaration.ts';
import { settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { ip, text } from '../../support/packet.ts';
import { at } from '../../support/plan.ts';
import { PluggedCards } from '../../support/plugged.ts';
import { loadFile } from '../../support/policy.ts';
import { cards, reservationOf } from '../../support/reservations.ts';
import { ServerNode } from '../../support/server-node.ts';

const SERVER = '10.15.3.10';
const OTHER_SERVER = '10.15.3.11';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02', { options: [[12, ...text('bob')]] });
const PVE = new Guest('bc:24:11:00:00:03');
const WINDOWS = new Guest('52:54:00:00:00:04', { options: [[60, ...text('MSFT 5.0')]] });
const BUSYBOX = new Guest('52:54:00:00:00:05', { options: [[60, ...text('udhcp 1.36.1')]] });

/** What an operator declares, as `serve` makes it from settings. */
function declaredBy(flags: Flags): Declaration {
  const loaded = loadSettings({ arpProbe: 'off', ...flags }, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { settings } = loaded;
  return { planOf: (listen) => planOfSettings(settings, listen, []), values: settings };
}

async function serving(flags: Flags) {
  const ring = new EventRing(100);
  const node = new ServerNode({ ...declaredBy(flags), segmentObserver: ring });
  await node.server.start();
  return { node, ring };
}

async function adopt(node: ServerNode, flags: Flags): Promise<string> {
  const adoption = node.server.adopt(declaredBy(flags));
  for (let step = 0; step < 20; step += 1) {
    await settle();
    await node.clock.pass(1);
  }
  return (await adoption).kind;
}

/** The address that a guest gets; '' if it gets no answer. */
async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  if (address === '') return '';
  const [ack = ''] = await node.hear(guest.select(address, SERVER));
  return ack.startsWith('DHCPACK') ? address : '';
}

async function release(node: ServerNode, guest: Guest, address: string): Promise<void> {
  node.transport.put(guest.release(address, SERVER), at(address));
  node.transport.deliver();
  await settle();
}

async function served(flags: Flags, ...guests: readonly Guest[]): Promise<boolean[]> {
  const { node } = await serving(flags);
  const answers: boolean[] = [];
  for (const guest of guests) answers.push((await boot(node, guest)) !== '');
  return answers;
}

describe('lists of who is served', () => {
  test.each<[string, Flags, readonly Guest[], boolean[]]>([
    ['nothing is set', {}, [ADA, PVE, WINDOWS], [true, true, true]],
    ['a MAC is denied', { denyMacs: ADA.mac }, [ADA, BOB], [false, true]],
    ['the beginning of MACs is denied', { denyMacs: 'bc:24:11' }, [PVE, ADA], [false, true]],
    [
      'some MACs are allowed, written in any way',
      { allowMacs: 'BC-24-11, 52:54:00:00:00:01' },
      [PVE, ADA, BOB],
      [true, true, false],
    ],
    [
      'what is allowed is denied too',
      { allowMacs: '52:54', denyMacs: '52:54:00:00:00:01' },
      [ADA, BOB],
      [false, true],
    ],
    [
      'RFC 2132 §9.13: a vendor class is denied, by its beginning',
      { denyVendorClasses: 'udhcp*' },
      [BUSYBOX, WINDOWS, ADA],
      [false, true, true],
    ],
    [
      'RFC 2132 §9.13: vendor classes are allowed, and who sends none is not served',
      { allowVendorClasses: 'MSFT 5.0' },
      [WINDOWS, BUSYBOX, ADA],
      [true, false, false],
    ],
    [
      'both lists are set: each counts for itself',
      { allowMacs: '52:54', allowVendorClasses: 'udhcp*' },
      [BUSYBOX, WINDOWS, PVE],
      [true, false, false],
    ],
  ])('%s', async (_, flags, guests, expected) => {
    expect(await served(flags, ...guests)).toEqual(expected);
  });

  test('nothing that a guest asks for is answered when it is denied; what it releases counts, and its lease is not extended', async () => {
    const { node } = await serving({});
    const address = await boot(node, ADA);
    await adopt(node, { denyMacs: ADA.mac });

    const answers = [
      await node.hear(ADA.discover()),
      await node.hear(ADA.reboot(address)),
      await node.hear(ADA.extend(address)),
      await node.hear(ADA.inform(address)),
      await node.hear(ADA.bootp()),
    ];
    expect(answers.flat()).toEqual([]);
    expect(node.server.status.counters.drops).toMatchObject({ denied: 5 });
    await release(node, ADA, address);
    expect(node.server.status.leases).toMatchObject({ bound: 0, free: 1 });
  });

  test('a lease that a refused guest takes from another gateway is noted: its address is given to nobody else', async () => {
    const { node } = await serving({ denyMacs: ADA.mac, peers: OTHER_SERVER });

    await node.hear(ADA.select('10.15.3.77', OTHER_SERVER));
    const [offer] = await node.hear(BOB.discover([[50, ...ip('10.15.3.77')]]));

    expect(node.server.status.leases).toMatchObject({ peer: 1 });
    expect(offer).not.toContain('10.15.3.77');
  });
});

describe('known clients only', () => {
  const KNOWN_ONLY = { knownClientsOnly: 'on' };

  test('whoever has a lease, or has had one, is served; a stranger is not', async () => {
    const { node } = await serving({});
    const address = await boot(node, ADA);
    const freed = await boot(node, BOB);
    await release(node, BOB, freed);

    expect(await adopt(node, KNOWN_ONLY)).toBe('adopted');

    expect(await node.hear(ADA.extend(address))).toEqual([expect.stringMatching(/^DHCPACK/)]);
    expect(await boot(node, ADA)).toBe(address);
    expect(await boot(node, BOB)).toBe(freed);
    expect(await boot(node, PVE)).toBe('');
    expect(node.server.status.counters.drops).toEqual({ 'unknown-client': 1 });
    expect(await adopt(node, {})).toBe('adopted');
    expect(await boot(node, PVE)).not.toBe('');
  });

  test('whoever is plugged in at a port that is reserved is served from its first message on', async () => {
    const ports = new PluggedCards();
    ports.plug(ADA.mac, 'tap104i0');
    ports.plug(BOB.mac, 'tap105i0');
    const node = new ServerNode(declaredBy(KNOWN_ONLY));
    node.ports = ports;
    await node.server.start();
    node.store?.reservations.put(reservationOf('104', '10.15.3.77', { port: 'tap104i0' }));

    expect(await boot(node, ADA)).toBe('10.15.3.77');
    expect(await boot(node, BOB)).toBe('');
  });

  test("a machine that presents a known guest's client identifier with another MAC is a stranger; the known guest's boot loader without the identifier is not", async () => {
    const identifier = [0xff, 1, 2, 3, 4, 0, 4, 9, 9];
    const known = new Guest('52:54:00:00:00:11', { identifier });
    const clone = new Guest('52:54:00:00:00:12', { identifier });
    const { node } = await serving({});
    const address = await boot(node, known);
    await node.clock.pass(120_000);
    await adopt(node, KNOWN_ONLY);

    expect(await boot(node, clone)).toBe('');
    expect(await boot(node, new Guest(known.mac))).not.toBe('');
    expect(await boot(node, known)).toBe(address);
  });
});

test('a guest with a reservation is known, though it has never had a lease', async () => {
  const { node } = await serving({ knownClientsOnly: 'on' });
  node.store?.reservations.put(reservationOf('vps-3', '10.15.3.99', { macs: cards(PVE.mac) }));

  expect([await boot(node, PVE), await boot(node, ADA)]).toEqual(['10.15.3.99', '']);
});

test('a stranger does not become known by saying that it takes a lease from another gateway', async () => {
  const { node } = await serving({ knownClientsOnly: 'on', arpProbe: '300ms', peers: OTHER_SERVER });

  await node.hear(ADA.select('10.15.3.77', OTHER_SERVER));
  await node.clock.pass(1000);

  expect(node.server.status.leases).toMatchObject({ peer: 1 });
  expect(await node.hear(ADA.discover())).toEqual([]);
  expect(node.server.status.counters.drops).toMatchObject({ 'unknown-client': 1 });
});

describe('who is refused', () => {
  test('is shown with MAC, name, vendor class, cause and number, in the status, in the log and as an event', async () => {
    const { node, ring } = await serving({ denyMacs: BOB.mac, allowVendorClasses: 'udhcp*' });

    await node.hear(BOB.discover());
    await node.hear(BOB.discover());
    await node.hear(WINDOWS.discover());

    expect(node.server.status.refusedClients).toMatchObject([
      { hardware: WINDOWS.mac, why: 'not-allowed', vendorClass: 'MSFT 5.0', hostname: null, count: 1 },
      { hardware: BOB.mac, why: 'denied', vendorClass: null, hostname: 'bob', count: 2 },
    ]);
    const told = node.log.lines.filter(({ message }) => message.includes('is not served'));
    expect(told.map(({ fields }) => fields)).toMatchObject([
      { hardware: BOB.mac, reason: 'denied', hostname: 'bob', remedy: expect.stringContaining('DENY') },
      { hardware: WINDOWS.mac, reason: 'not-allowed' },
    ]);
    expect(ring.take().events).toMatchObject([
      { event: 'refused', refused: { hardware: BOB.mac, why: 'denied' } },
      { event: 'refused', refused: { hardware: WINDOWS.mac, why: 'not-allowed' } },
    ]);
  });

  test('is shown no more when other rules are in force, until they refuse it too', async () => {
    const { node } = await serving({ denyMacs: BOB.mac });
    await node.hear(BOB.discover());

    await adopt(node, {});

    expect(node.server.status.refusedClients).toEqual([]);
  });

  test('a guest that invents MACs without end fills neither log nor memory, and hides nobody who asks again', async () => {
    const { node } = await serving({ knownClientsOnly: 'on' });
    await node.hear(BOB.discover());
    await node.hear(BOB.discover());

    for (let number = 0; number < 2000; number += 1)
      await node.hear(new Guest(`52:54:01:00:${hex(number >> 8)}:${hex(number & 255)}`).discover());

    const { refusedClients, counters } = node.server.status;
    expect(refusedClients).toHaveLength(256);
    expect(refusedClients.map(({ hardware }) => hardware)).toContain(BOB.mac);
    expect(counters.drops).toEqual({ 'unknown-client': 2002 });
    const told = node.log.lines.filter(({ message }) => message.includes('is not served'));
    expect(told).toHaveLength(16);
  });
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

describe('known clients that are only those with a reservation', () => {
  const RESERVED: Flags = { knownClientsOnly: 'on', knownClients: 'reserved' };

  test('do not come to be by a lease', async () => {
    const { node, ring } = await serving({});
    const address = await boot(node, ADA);
    await adopt(node, RESERVED);

    expect(await boot(node, ADA)).toBe('');
    expect(await node.hear(ADA.extend(address))).toEqual([]);
    node.store?.reservations.put(reservationOf('bob', '10.15.3.60', { macs: cards(BOB.mac) }));
    expect(await boot(node, BOB)).toBe('10.15.3.60');
    expect(node.server.status.refusedClients).toMatchObject([{ hardware: ADA.mac, why: 'unknown-client' }]);
    expect(ring).toBeDefined();
  });

  test('are also those of MACs that are listed, which pass no list of what is denied', async () => {
    const known = { ...RESERVED, knownMacs: `bc:24:11,${ADA.mac}` };

    expect(await served(known, ADA, PVE, BOB)).toEqual([true, true, false]);
    expect(await served({ ...known, denyMacs: 'bc:24' }, ADA, PVE, BOB)).toEqual([true, false, false]);
    expect(await served({ knownClientsOnly: 'on', knownMacs: ADA.mac }, ADA, BOB)).toEqual([true, false]);
  });

  test('are a doubt where not only known clients are served', () => {
    for (const flags of [{ knownClients: 'reserved' }, { knownMacs: ADA.mac }])
      expect(loadSettings(flags, {}).warnings.map(({ message }) => message)).toEqual([
        expect.stringContaining('counts only'),
      ]);
  });
});

test('a client of a class that gets no answer is named with it, in health and in events', async () => {
  const never = 'classes: [{name: no, match: {mac: "52:54:00:00:00:01"}, answer: never}]';
  const loaded = loadFile(never, { arpProbe: 'off' });
  if (!loaded.ok) throw new Error('the file is usable');
  const ring = new EventRing(100);
  const node = new ServerNode({
    planOf: (listen) => planOfSettings(loaded.settings, listen, []),
    segmentObserver: ring,
  });
  await node.server.start();

  expect(await boot(node, ADA)).toBe('');
  expect(await boot(node, BOB)).not.toBe('');

  expect(node.server.status.refusedClients).toMatchObject([
    { hardware: ADA.mac, why: 'refused-by-class', count: 1 },
  ]);
});
