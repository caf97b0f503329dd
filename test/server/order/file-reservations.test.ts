import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import type { Declaration } from '../../../src/server/declaration/declaration.ts';
import type { FileReservation } from '../../../src/subnet/policy.ts';
import { FakeClock } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { planOf } from '../../support/plan.ts';
import { loadFile, problemsOfFile } from '../../support/policy.ts';
import { boot, put, remove, settled, submit, told, WHO } from '../../support/reserving.ts';
import { ServerNode, type ServerNodeOptions } from '../../support/server-node.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';

const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
/** Gateways that share the leases; none of them is of interest here. */
const OTHERS = {
  live: new Set<Ipv4>(),
  graceMilliseconds: 0,
  problems: [],
  agreedAt: undefined,
  isByWallClock: () => true,
};
const ONE = 'reservations: [{id: ada, mac: "52:54:00:00:00:01", address: 10.15.3.57}]';

function reservationsIn(text: string): readonly FileReservation[] {
  const loaded = loadFile(text);
  if (!loaded.ok) throw new Error(problemsOfFile(text).join());
  return loaded.settings.policy?.reservations ?? [];
}

function declared(text: string): Declaration {
  const planFor: Declaration['planOf'] = ({ listenIp }) => planOf({ serverIdentifier: listenIp });
  return { planOf: planFor, reservations: reservationsIn(text) };
}

async function startedWith(text: string, options: ServerNodeOptions = {}): Promise<ServerNode> {
  const node = new ServerNode({ ...declared(text), ...options });
  await settled(node, node.server.start());
  return node;
}

async function reload(node: ServerNode, text: string) {
  const next = declared(text);
  const faults = node.server.faults(next);
  if (faults.length > 0) return faults;
  return (await settled(node, node.server.adopt(next))).kind;
}

function inForce(node: ServerNode) {
  const all = [...(node.server.reservations.current?.all() ?? [])];
  return all
    .filter(({ retiredUntil }) => retiredUntil === undefined)
    .map(({ id, source }) => `${id} of ${source}`);
}

describe('a reservation of the settings file', () => {
  test('is in force before the first message is answered', async () => {
    const node = await startedWith(ONE);

    expect(inForce(node)).toEqual(['ada of file']);
    expect(await boot(node, BOB)).not.toBe('10.15.3.57');
    expect(await boot(node, ADA)).toBe('10.15.3.57');
  });

  test('is added, changed and removed by a reload; a removed address is free at once', async () => {
    const node = await startedWith('');

    expect(await reload(node, ONE)).toBe('adopted');
    expect(await boot(node, ADA)).toBe('10.15.3.57');
    expect(
      await reload(
        node,
        'reservations: [{id: ada, mac: "52:54:00:00:00:01", address: 10.15.3.58, hostname: web}]',
      ),
    ).toBe('adopted');
    expect(node.server.reservations.current?.get('ada' as never)).toMatchObject({
      hostname: 'web',
      source: 'file',
    });
    expect(
      await reload(node, 'reservations: [{id: bob, mac: "52:54:00:00:00:02", address: 10.15.3.58}]'),
    ).toBe('adopted');
    expect(inForce(node)).toEqual(['bob of file']);
    expect(await boot(node, BOB)).toBe('10.15.3.58');
    expect(await reload(node, '')).toBe('adopted');
    expect(inForce(node)).toEqual([]);
  });

  test('may exchange its address with another one of the file in one reload', async () => {
    const pair = (one: string, two: string) =>
      `reservations:\n  - {id: a, address: ${one}, mac: "52:54:00:00:00:01"}\n  - {id: b, address: ${two}, mac: "52:54:00:00:00:02"}\n`;
    const node = await startedWith(pair('10.15.3.57', '10.15.3.58'));

    expect(await reload(node, pair('10.15.3.58', '10.15.3.57'))).toBe('adopted');

    expect(node.problems).toEqual([]);
    expect(await boot(node, ADA)).toBe('10.15.3.58');
    expect(await boot(node, BOB)).toBe('10.15.3.57');
  });

  test('is not changed by the API, which says where it stands', async () => {
    const node = await startedWith(ONE);
    const place = '/etc/settings.yaml:1:16';

    for (const result of [
      await put(node, 'ada', { address: '10.15.3.59' }),
      await remove(node, 'ada'),
      await submit(node, { kind: 'patch', id: 'ada' as never, patch: { note: 'mine' }, ...WHO }),
    ])
      expect(result).toMatchObject({
        outcome: 'refused',
        refusal: { why: 'of-settings-file', id: 'ada', place },
      });
    expect(inForce(node)).toEqual(['ada of file']);
  });

  test('is told by its new line after a reload that changes nothing of it', async () => {
    const node = await startedWith(ONE);

    node.server.show(declared(`# moved\n${ONE}`));

    expect(await remove(node, 'ada')).toMatchObject({ refusal: { place: '/etc/settings.yaml:2:16' } });
  });

  test('takes over one of the same id, and gives back nothing when it goes', async () => {
    const node = await startedWith('');
    await put(node, 'ada', { mac: [ADA.mac], address: '10.15.3.60' });

    expect(await reload(node, ONE)).toBe('adopted');

    expect(inForce(node)).toEqual(['ada of file']);
    expect(await boot(node, ADA)).toBe('10.15.3.57');
  });

  test('that has what another one has is a fault of the reload, which then changes nothing', async () => {
    const node = await startedWith('');
    await put(node, 'vps-7', { mac: [BOB.mac], address: '10.15.3.57' });

    expect(await reload(node, ONE)).toEqual([
      expect.stringMatching(
        /^reservations\.ada \(file .*:1:16\): the reservation vps-7, which is none of the settings file, has 10\.15\.3\.57/,
      ),
    ]);
    expect(
      await reload(node, 'reservations: [{id: b, mac: "52:54:00:00:00:02", address: 10.15.3.61}]'),
    ).toEqual([expect.stringContaining('has its card')]);
    expect(inForce(node)).toEqual(['vps-7 of api']);
  });

  test('that contradicts another one at the start is a problem that health shows, until it can be put in force', async () => {
    const node = await startedWith('');
    await put(node, 'vps-7', { mac: [BOB.mac], address: '10.15.3.57' });
    await settled(node, node.server.adopt(declared(ONE)));

    expect(node.problems.join()).toContain(
      'reservations of the settings file are not in force: ada: belongs to the reservation vps-7',
    );

    await put(node, 'vps-7', { mac: [BOB.mac], address: '10.15.3.70' });
    await node.clock.pass(10_000);
    expect(inForce(node)).toEqual(['ada of file', 'vps-7 of api']);
    expect(node.problems).toEqual([]);
  });

  test('that stands in no file any more is removed at the start', async () => {
    const node = await startedWith(ONE);
    const { store } = node;
    const again = new ServerNode({
      ...declared(''),
      openStore: () => {
        if (store === undefined) throw new Error('no store');
        return store;
      },
    });

    await settled(again, again.server.start());

    expect(inForce(again)).toEqual([]);
  });

  test('does not have sockets opened by a start that a stop overtakes', async () => {
    const node = new ServerNode({ ...declared(ONE) });
    const start = node.server.start();
    await settled(node, node.server.stop());

    await settled(node, start);

    expect(node.transports).toEqual([]);
  });

  test('of another gateway that shares the leases stays, until that one takes it off its file', async () => {
    const clock = new FakeClock();
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const first = await sharing(cluster, clock, 10, ONE);
    const second = await sharing(cluster, clock, 11, '');

    expect(inForce(second)).toEqual(['ada of file']);
    expect(told(await remove(second, 'ada'))).toContain('of-settings-file');
    expect(
      await reload(second, 'reservations: [{id: bob, mac: "52:54:00:00:00:02", address: 10.15.3.58}]'),
    ).toBe('adopted');
    expect(await reload(first, '')).toBe('adopted');
    await clock.pass(1000);
    expect(inForce(first)).toEqual(['bob of file']);
  });
});

describe('reservations in a settings file', () => {
  const AT = '/etc/settings.yaml';

  test.each([
    [
      'reservations: [{mac: "52:54:00:00:00:01", address: 10.15.3.57}]',
      `reservations[0].id: not set (file ${AT}:1:16): is missing`,
    ],
    [
      'reservations: [{id: a, mac: zz, address: 10.15.3.57}]',
      `reservations[0].mac: 'zz' (file ${AT}:1:29): is not a MAC address`,
    ],
    [
      'reservations: [{id: a, mac: [zz], address: 10.15.3.57}]',
      `reservations[0].mac[0]: 'zz' (file ${AT}:1:30)`,
    ],
    [
      'reservations: [{id: a, address: 10.15.3}]',
      `reservations[0].address: '10.15.3' (file ${AT}:1:33): is not an address`,
    ],
    ['reservations: [{id: a}]', 'reservations[0].address: not set'],
    ['reservations: [{id: a, address: 10.15.4.57}]', `(file ${AT}:1:33): is not in 10.15.3.0/24`],
    ['reservations: [{id: a, address: 10.15.3.1}]', 'is the address of the router'],
    ['reservations: [{id: a, address: 10.15.3.12}]', 'is the address of a gateway'],
    [
      'exclusions: [10.15.3.50, 10.15.3.60-10.15.3.69]\nreservations: [{id: a, address: 10.15.3.61}]',
      `reservations[0].address: '10.15.3.61' (file ${AT}:2:33): is excluded (GATEWAY_DHCP_EXCLUDE)`,
    ],
    [
      'reservations: [{id: a, address: 10.15.3.57, options: {53: 1}}]',
      `reservations[0].options.53: '1' (file ${AT}:1:59): is made by the server itself`,
    ],
    ['reservations: [{id: a, address: 10.15.3.57, options: {42: x}}]', 'is not a value of option 42'],
    ['reservations: [{id: a, address: 10.15.3.57, lease_time: 5s}]', 'is too short'],
    ['reservations: [{id: a, address: 10.15.3.57, hostnam: x}]', 'did you mean hostname?'],
    [
      'reservations: [{id: a, address: 10.15.3.57}, {id: b, address: 10.15.3.57}]',
      `reservations[1].address: '10.15.3.57' (file ${AT}:1:63): the reservation a has 10.15.3.57 too`,
    ],
    [
      'reservations: [{id: a, address: 10.15.3.57}, {id: a, address: 10.15.3.58}]',
      'two reservations have the id a too',
    ],
    [
      'reservations: [{id: a, mac: "52:54:00:00:00:01", address: 10.15.3.57}, {id: b, mac: "52:54:00:00:00:01", address: 10.15.3.58}]',
      'the reservation a has 52:54:00:00:00:01 too',
    ],
    [
      'reservations: [{id: a, address: 10.15.3.57, lease_time: 1h, renewal_time: 2h}]',
      `reservations[0].renewal_time: '2h' (file ${AT}:1:75): does not fit`,
    ],
    [
      'reservations: [{id: a, address: 10.15.3.57, options: {59: 12h}}]',
      'does not fit: T1, T2 and the end of a lease of 43200 s',
    ],
    ['reservations: [{id: a, address: 10.15.3.57, renewal_time: 50%}]', 'is not a duration'],
  ])('are refused with line and column: %s', (text, problem) => {
    expect(problemsOfFile(text)).toContainEqual(expect.stringContaining(problem));
  });

  test('have the values of YAML', () => {
    const [one] = reservationsIn(
      'reservations: [{id: 104, mac: "52:54:00:00:00:01", address: 10.15.3.57, lease_time: 1h, renewal_time: 10m, options: {ntp_servers: [10.15.3.2, 10.15.3.3], 23: 64}, labels: {rack: 7}}]',
    );

    expect(one?.entry).toMatchObject({
      id: '104',
      leaseTime: 3600,
      options: { ntpServers: '10.15.3.2, 10.15.3.3', defaultIpTimeToLive: '64', renewalTime: '600' },
      labels: { rack: '7' },
    });
  });
});

async function sharing(
  cluster: MemoryCluster,
  clock: FakeClock,
  place: number,
  text: string,
): Promise<ServerNode> {
  return startedWith(text, {
    clock,
    clusterPeers: OTHERS,
    openStore: (inFlight: Set<Ipv4>) => openSharedStore({ etcd: cluster.connect(), clock, inFlight, place }),
  });
}
