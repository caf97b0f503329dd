import { describe, expect, test } from 'vitest';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { ipv4ToText } from '../../../src/net/ipv4.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { fileIn, openIn, temporaryDirectory } from '../../store/sqlite/temporary-store.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { at } from '../../support/plan.ts';
import { boot, put, remove, started, submit, told, WHO } from '../../support/reserving.ts';
import { ServerNode, THERE } from '../../support/server-node.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';

const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const DAY = 86_400_000;

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
    ['10.15.3.12', 'is kept from guests by the settings: it is excluded, or for a gateway'],
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
    expect(found && node.server.reservations.progressOf(found)).toEqual({
      pending: undefined,
      stillHeld: undefined,
    });
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

  test('that is patched is kept by whoever kept it; one that is put anew is of who puts it', async () => {
    const node = await started();
    const sourceNow = () => node.server.reservations.current?.get('one' as OutsideId)?.source;
    await put(node, 'one', {}, { source: 'platform' });

    await submit(node, { kind: 'patch', id: 'one' as OutsideId, patch: { hostname: 'web' }, ...WHO });
    const patched = sourceNow();
    await put(node, 'one', { hostname: 'web' });

    expect([patched, sourceNow()]).toEqual(['platform', 'api']);
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
  expect(told(await submit(node, { ...order, id: '..' as OutsideId }))).toMatch(/^invalid: \/id is \. or/);
  expect(await boot(node, ADA)).toBe(ipv4ToText(address));
  expect(told(await submit(node, { ...order, address: at('10.15.3.99') }))).toBe('not-leased');
});

async function twoOn(cluster: MemoryCluster): Promise<readonly [ServerNode, ServerNode]> {
  await beginSegment(cluster.connect());
  const clock = new FakeClock();
  const at = (place: number) =>
    started({
      clock,
      openStore: (inFlight) => openSharedStore({ etcd: cluster.connect(), clock, inFlight, place }),
    });
  return [await at(10), await at(11)];
}

test('a gateway that has missed the end of a reservation does not say that it is there, with leases in etcd', async () => {
  const cluster = new MemoryCluster();
  const [first, second] = await twoOn(cluster);
  const wanted = { mac: [ADA.mac], address: '10.15.3.77' };
  await put(first, 'ada', wanted);
  await settle();
  expect(told(await put(second, 'ada', wanted))).toBe('unchanged 10.15.3.77');
  cluster.isWatchStalled = true;
  await remove(first, 'ada');

  const again = await put(second, 'ada', wanted);

  cluster.isWatchStalled = false;
  expect(told(again)).toBe('committed 10.15.3.77');
});

test('of two orders for one card, each to a gateway that has not heard of the other’s, the second is refused and names the first', async () => {
  const cluster = new MemoryCluster();
  const [first, second] = await twoOn(cluster);
  cluster.isWatchStalled = true;

  const results = await Promise.all([
    put(first, 'ada', { mac: [ADA.mac], address: '10.15.3.77' }),
    put(second, 'bob', { mac: [ADA.mac], address: '10.15.3.78' }),
  ]);

  const [won, lost] = results.toSorted((one, other) => one.outcome.localeCompare(other.outcome)).map(told);
  const [winner, loser] = won === 'committed 10.15.3.77' ? ['ada', second] : ['bob', first];
  expect([won, lost]).toEqual([
    expect.stringMatching(/^committed/),
    `held: /mac/0 belongs to the reservation ${winner}`,
  ]);
  cluster.isWatchStalled = false;
  cluster.deliver();
  for (const node of [first, second])
    expect([...(node.server.reservations.current?.all() ?? [])].map(({ id }) => id)).toEqual([winner]);
  expect(told(await put(loser, 'eve', { mac: [BOB.mac] }))).toMatch(/^committed/);
});

test('a reservation made at one gateway is honoured at the next message at another, with leases in etcd', async () => {
  const [first, second] = await twoOn(new MemoryCluster());
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
