import { describe, expect, test } from 'vitest';
import type { ReservationOrder } from '../../src/engine/order/reservation-order.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { readEntry } from '../../src/lease/reservation/read-entry.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import type { ReconcileRequest } from '../../src/server/reconcile.ts';
import type { ReservationResult } from '../../src/server/reservation-intake.ts';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import { fileIn, openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { Guest } from '../support/guest.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { at } from '../support/plan.ts';
import { reservationOf } from '../support/reservations.ts';
import { ServerNode, type ServerNodeOptions, THERE } from '../support/server-node.ts';
import { beginSegment, openSharedStore } from '../support/shared-store.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const WHO = { author: 'grace', note: 'ticket 42' };
const DAY = 86_400_000;

async function started(options: ServerNodeOptions = {}): Promise<ServerNode> {
  const node = new ServerNode(options);
  await node.server.start();
  return node;
}

async function settled<Value>(node: ServerNode, result: Promise<Value>): Promise<Value> {
  let isDone = false;
  void result.finally(() => {
    isDone = true;
  });
  for (let step = 0; step < 200 && !isDone; step += 1) {
    await settle();
    node.clock.pass(1);
  }
  return result;
}

function entryOf(id: string, json: object = {}) {
  const read = readEntry(json, id);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.entry;
}

function submit(node: ServerNode, order: ReservationOrder): Promise<ReservationResult> {
  return settled(node, node.server.reservations.submit(order));
}

function put(node: ServerNode, id: string, json: object = {}, rest: object = {}) {
  return submit(node, { kind: 'put', entry: entryOf(id, json), ...WHO, ...rest });
}

function remove(node: ServerNode, id: string, rest: object = {}) {
  return submit(node, { kind: 'remove', id: id as OutsideId, ...WHO, ...rest });
}

function reconcile(node: ServerNode, request: Partial<ReconcileRequest>) {
  const scope = { label: 'node', value: 'pve1' };
  return settled(node, node.server.reservations.reconcile({ scope, entries: [], ...WHO, ...request }));
}

/** The result in short: `committed 10.15.3.20`, or why not and where. */
function told(result: ReservationResult): string {
  if (result.outcome === 'refused') {
    const { refusal } = result;
    const problems = 'problems' in refusal ? refusal.problems : [];
    return [refusal.why, ...problems.map(({ pointer, detail }) => `${pointer} ${detail}`)].join(': ');
  }
  if ('address' in result) return `${result.outcome} ${ipv4ToText(result.address)}`;
  return 'reservation' in result
    ? `${result.outcome} ${ipv4ToText(result.reservation.address)}`
    : result.outcome;
}

async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  await node.hear(guest.select(address, SERVER));
  return address;
}

describe('a reservation that is ordered', () => {
  test('without an address gets one and keeps it, before its VM exists; its guest gets that', async () => {
    const node = await started();

    const made = await put(node, 'vps-1');
    const again = await put(node, 'vps-1');
    const learnt = await put(node, 'vps-1', { mac: [ADA.mac] });

    expect([told(made), told(again), told(learnt)]).toEqual([
      'committed 10.15.3.20',
      'unchanged 10.15.3.20',
      'committed 10.15.3.20',
    ]);
    expect(made).toMatchObject({ isNew: true, pending: undefined });
    expect(learnt).toMatchObject({ isNew: false });
    expect(await boot(node, BOB)).not.toBe('10.15.3.20');
    expect(await boot(node, ADA)).toBe('10.15.3.20');
  });

  test('takes what its guest has, where it is new, or is told to adopt that', async () => {
    const node = await started();
    const adas = await boot(node, ADA);
    const bobs = await boot(node, BOB);

    expect(told(await put(node, 'ada', { mac: [ADA.mac] }))).toBe(`committed ${adas}`);
    const pinned = await put(node, 'bob');
    expect(told(await put(node, 'bob', { mac: [BOB.mac] }))).toBe(told(pinned));
    expect(told(await put(node, 'bob', { mac: [BOB.mac] }, { adopt: true }))).toBe(`committed ${bobs}`);
  });

  test.each([
    ['10.15.4.20', 'is not in 10.15.3.0/24, the network of this segment'],
    ['10.15.3.0', 'is the address of the network itself'],
    ['10.15.3.255', 'is the broadcast address of the network'],
    ['10.15.3.1', 'is the address of the router'],
    ['10.15.3.10', 'is the address of this gateway'],
    ['10.15.3.12', 'is kept for other machines than guests by the settings'],
  ])('is refused an address that is no guest’s: %s', async (address, why) => {
    const node = await started();

    expect(told(await put(node, 'one', { address }))).toBe(`not-allowed: /address ${address} ${why}`);
  });

  test('is told who has what it claims, all at once', async () => {
    const node = await started();
    await put(node, 'one', {
      address: '10.15.3.50',
      mac: [ADA.mac],
      port: 'tap1i0',
      circuit_id: '01',
      client_id: 'ff01',
    });

    const result = await put(node, 'two', {
      ...{
        address: '10.15.3.50',
        mac: [BOB.mac, ADA.mac],
        port: 'fwpr1p0',
        circuit_id: '01',
        client_id: 'ff01',
      },
    });

    expect(told(result)).toBe(
      ['held', '/address', '/mac/1', '/client_id', '/circuit_id', '/port']
        .join(': ')
        .replaceAll(/(\/[\w/]+)/g, '$1 belongs to the reservation one'),
    );
    expect(result).toMatchObject({
      refusal: { problems: expect.arrayContaining([expect.objectContaining({ holder: 'one' })]) },
    });
    expect(node.server.reservations.current?.size).toBe(1);
  });

  test('is pending while another guest has its address, with the end of that lease', async () => {
    const node = await started();
    const address = await boot(node, BOB);

    const result = await put(node, 'ada', { address, mac: [ADA.mac] });
    expect(result).toMatchObject({ outcome: 'committed', pending: { cause: 'leased' } });

    expect(await node.hear(BOB.extend(address))).toEqual([expect.stringContaining('DHCPNAK')]);
    await boot(node, BOB);
    const found = node.server.reservations.current?.get('ada' as OutsideId);
    expect(found && node.server.reservations.pendingOf(found)).toBeUndefined();
    expect(await boot(node, ADA)).toBe(address);
  });

  test('RFC 7396 §2: is patched member by member; null removes one', async () => {
    const node = await started();
    await put(node, 'one', { mac: [ADA.mac], note: 'old', labels: { a: '1', b: '2' } });
    const patch = (value: unknown) =>
      submit(node, { kind: 'patch', id: 'one' as OutsideId, patch: value, ...WHO });

    expect(told(await patch({ note: null, hostname: 'web', labels: { b: null, c: '3' } }))).toMatch(
      /^committed/,
    );
    expect(node.server.reservations.current?.get('one' as OutsideId)).toMatchObject({
      ...{ macs: [0x525400000001], note: undefined, hostname: 'web', labels: { a: '1', c: '3' } },
    });
    expect(told(await patch({ hostname: 'a b' }))).toMatch(/^invalid: \/hostname is not a host name/);
    expect(told(await patch({ id: 'two' }))).toMatch(/^invalid: \/id is not one/);
    expect(told(await patch([]))).toBe('invalid:  is not an object');
    expect(told(await submit(node, { kind: 'patch', id: 'no' as OutsideId, patch: {}, ...WHO }))).toBe(
      'unknown',
    );
  });

  test('holds only for the version that is expected', async () => {
    const node = await started();
    expect(told(await put(node, 'one', {}, { expectedVersion: 7 }))).toBe('another-version');
    expect(told(await put(node, 'one', {}, { expectedVersion: 0 }))).toMatch(/^committed/);
    const { version = 0 } = node.server.reservations.current?.get('one' as OutsideId) ?? {};

    expect(told(await put(node, 'one', { note: 'x' }, { expectedVersion: 0 }))).toBe('another-version');
    expect(told(await put(node, 'one', { note: 'x' }, { expectedVersion: version }))).toMatch(/^committed/);
    expect(told(await remove(node, 'one', { expectedVersion: version }))).toBe('another-version');
  });

  test('is refused by name when no address is free, and when nothing can be stored', async () => {
    const node = await started();
    for (let last = 20; last < 255; last += 1) await put(node, `n${last}`, { address: `10.15.3.${last}` });

    expect(told(await put(node, 'one'))).toBe('pool-full');
    node.store?.setFailure('disk full');
    expect(told(await put(node, 'two', { address: '10.15.3.5' }))).toBe('cannot-promise');
    await node.server.stop();
    expect(told(await put(node, 'two'))).toBe('stopped');
  });

  test('works while no sockets are open, and what serves afterwards knows of it', async () => {
    const node = new ServerNode();
    node.search = { kind: 'waiting', message: 'no address', remedy: 'wait' };
    await node.server.start();

    expect(told(await put(node, 'ada', { address: '10.15.3.77', mac: [ADA.mac] }))).toBe(
      'committed 10.15.3.77',
    );
    node.search = THERE;
    for (let second = 0; second < 3; second += 1) {
      node.clock.pass(1000);
      for (let step = 0; step < 5; step += 1) await settle();
    }
    expect(await boot(node, ADA)).toBe('10.15.3.77');
  });

  test('is durable with who and why, and there after a restart', async () => {
    const directory = temporaryDirectory();
    const node = await started({ openStore: (inFlight) => openIn(directory, { inFlight }) });
    await put(node, 'ada', { address: '10.15.3.77', mac: [ADA.mac] });
    await node.server.stop();

    const again = await started({ openStore: (inFlight) => openIn(directory, { inFlight }) });
    expect(await boot(again, ADA)).toBe('10.15.3.77');
    await again.server.stop();
    const database = openSqlite(fileIn(directory), { readonly: true });
    expect(database.prepare('SELECT event, reason FROM history ORDER BY id').raw().all()).toEqual([
      ['reserved', 'reserved-by-operator by grace: ticket 42'],
      ['bound', 'bound'],
    ]);
    database.close();
  });
});

describe('a reservation that is removed', () => {
  test('keeps its address for its id for a day, and for nobody after it', async () => {
    const node = await started();
    await put(node, 'one', { mac: [ADA.mac] });
    await boot(node, ADA);

    expect(told(await remove(node, 'one', { address: at('10.15.3.99') }))).toBe('another-address');
    expect(told(await remove(node, 'one', { address: at('10.15.3.20') }))).toBe('committed 10.15.3.20');
    expect(told(await remove(node, 'one'))).toBe('unknown');
    expect(told(await put(node, 'two', { address: '10.15.3.20' }))).toMatch(
      /^held: \/address is kept for the id one until 2026-01-02T/,
    );
    expect(told(await put(node, 'two', { mac: [ADA.mac] }))).toBe('committed 10.15.3.21');
    expect(told(await put(node, 'one'))).toBe('committed 10.15.3.20');

    await remove(node, 'one');
    node.clock.stall(DAY + 1000);
    await node.clock.pass(60_000);
    expect(node.server.reservations.current?.get('one' as OutsideId)).toBeUndefined();
    expect(told(await put(node, 'three', { address: '10.15.3.20' }))).toBe('committed 10.15.3.20');
  });
});

test('the holder of a lease gets a reservation of its address, and keeps it', async () => {
  const node = await started();
  const address = at(await boot(node, ADA));
  const order = { kind: 'reserve-lease', address, ...WHO } as const;

  const made = await submit(node, { ...order, hostname: 'web' });
  const named = await submit(node, { ...order, id: 'vps-1' as OutsideId });

  expect(made).toMatchObject({
    outcome: 'committed',
    id: ADA.mac,
    reservation: { hostname: 'web', macs: [0x525400000001] },
  });
  expect(told(named)).toBe(
    `held: /address belongs to the reservation ${ADA.mac}: /mac/0 belongs to the reservation ${ADA.mac}`,
  );
  expect(await boot(node, ADA)).toBe(ipv4ToText(address));
  expect(told(await submit(node, { ...order, address: at('10.15.3.99') }))).toBe('not-leased');
});

describe('the desired set of a scope', () => {
  const ONE = { id: 'one', mac: [ADA.mac], address: '10.15.3.50' };
  const TWO = { id: 'two', address: '10.15.3.51' };

  test('is what is reserved then; other scopes are not touched; done twice it changes nothing', async () => {
    const node = await started();
    await put(node, 'other', { labels: { node: 'pve2' } });
    await put(node, 'old', { labels: { node: 'pve1' } });
    const entries = [ONE, TWO];

    const first = await reconcile(node, { entries });
    const second = await reconcile(node, { entries });
    const third = await reconcile(node, { entries: [{ ...ONE, note: 'new' }, TWO] });

    expect(first).toMatchObject({
      added: [{ id: 'one' }, { id: 'two' }],
      changed: [],
      removed: ['old'],
      refused: [],
    });
    expect(second).toMatchObject({ added: [], changed: [], unchanged: 2, removed: [], refused: [] });
    expect(third).toMatchObject({ added: [], changed: [{ id: 'one' }], unchanged: 1 });
    expect(
      [...(node.server.reservations.current?.all() ?? [])].map(({ id, labels }) => [id, labels['node']]),
    ).toEqual([
      ['old', 'pve1'],
      ['one', 'pve1'],
      ['other', 'pve2'],
      ['two', 'pve1'],
    ]);
  });

  test('one bad entry is refused by name, with who holds what, and the rest stand', async () => {
    const node = await started();
    await put(node, 'holder', { address: '10.15.3.52' });

    const result = await reconcile(node, {
      entries: [
        ONE,
        { id: 'bad', mac: ['x'] },
        { id: 'held', address: '10.15.3.52' },
        ONE,
        { ...TWO, labels: { node: 'pve2' } },
        7,
      ],
    });

    expect(result).toMatchObject({
      added: [{ id: 'one' }],
      refused: [
        { entry: 1, id: 'bad', refusal: { why: 'invalid', problems: [{ pointer: '/mac/0' }] } },
        { entry: 3, id: 'one', refusal: { why: 'invalid', problems: [{ pointer: '/id' }] } },
        { entry: 4, id: 'two', refusal: { why: 'invalid', problems: [{ pointer: '/labels/node' }] } },
        { entry: 5, id: undefined, refusal: { why: 'invalid' } },
        {
          entry: 2,
          id: 'held',
          refusal: { why: 'held', problems: [{ pointer: '/address', holder: 'holder' }] },
        },
      ],
    });
  });

  test('a dry run says the same and writes nothing', async () => {
    const node = await started();
    await put(node, 'old', { mac: [BOB.mac], labels: { node: 'pve1' } });
    const entries = [ONE, { id: 'new', mac: [BOB.mac] }];

    const dry = await reconcile(node, { entries, isDryRun: true });
    expect(node.server.reservations.current?.size).toBe(1);
    const wet = await reconcile(node, { entries });

    for (const result of [dry, wet])
      expect(result).toMatchObject({ added: [{ id: 'one' }, { id: 'new' }], removed: ['old'], refused: [] });
  });

  test('an empty one must be meant', async () => {
    const node = await started();
    await put(node, 'old', { labels: { node: 'pve1' } });

    expect(await reconcile(node, {})).toEqual({ kind: 'empty' });
    expect(node.server.reservations.current?.size).toBe(1);
    expect(await reconcile(node, { mayBeEmpty: true })).toMatchObject({ removed: ['old'] });
    expect(node.server.reservations.current?.size).toBe(0);
  });

  test.each([
    ['first taken there', ['pve2', 'pve1']],
    ['first given up here', ['pve1', 'pve2']],
  ])('an entry moves between two scopes with its address, %s', async (_order, nodes) => {
    const node = await started();
    await reconcile(node, { entries: [{ id: 'vm', mac: [ADA.mac] }] });
    const address = await boot(node, ADA);

    for (const value of nodes) {
      const entries = value === 'pve2' ? [{ id: 'vm', mac: [ADA.mac] }] : [];
      await reconcile(node, { scope: { label: 'node', value }, entries, mayBeEmpty: true });
    }

    const found = node.server.reservations.current?.get('vm' as OutsideId);
    expect(found).toMatchObject({ retiredUntil: undefined, labels: { node: 'pve2' }, address: at(address) });
    expect(await boot(node, ADA)).toBe(address);
  });

  test('never touches what the settings file has', async () => {
    const node = await started();
    const labels = { node: 'pve1' };
    node.store?.reservations.put(reservationOf('static', '10.15.3.60', { source: 'file', labels }));

    const result = await reconcile(node, { entries: [{ id: 'static' }], mayBeEmpty: true });
    const emptied = await reconcile(node, { mayBeEmpty: true });

    expect(result).toMatchObject({
      removed: [],
      refused: [{ id: 'static', refusal: { why: 'of-settings-file' } }],
    });
    expect(emptied).toMatchObject({ removed: [] });
    expect(told(await remove(node, 'static'))).toBe('of-settings-file');
  });

  test('says which leases nobody explains', async () => {
    const node = await started();
    await boot(node, ADA);
    const bobs = await boot(node, BOB);

    const result = await reconcile(node, { entries: [{ id: 'ada', mac: [ADA.mac] }] });

    expect(result).toMatchObject({ unexplained: [{ address: at(bobs) }] });
  });
});

test('a reservation made at one gateway is honoured at the next message at another, with leases in etcd', async () => {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const clock = new FakeClock();
  const nodes = await Promise.all(
    [10, 11].map((place) =>
      started({
        clock,
        openStore: (inFlight) => openSharedStore({ etcd: cluster.connect(), clock, inFlight, place }),
      }),
    ),
  );
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('two gateways');
  const before = await boot(second, ADA);

  const made = await put(first, 'ada', { mac: [ADA.mac], address: '10.15.3.77' });
  expect(told(made)).toBe('committed 10.15.3.77');
  expect(await second.hear(ADA.extend(before))).toEqual([expect.stringContaining('DHCPNAK')]);
  expect(await boot(second, ADA)).toBe('10.15.3.77');
  expect(told(await remove(second, 'ada'))).toBe('committed 10.15.3.77');
  expect(told(await put(first, 'bob', { address: '10.15.3.77' }))).toMatch(
    /^held: \/address is kept for the id ada/,
  );
});
