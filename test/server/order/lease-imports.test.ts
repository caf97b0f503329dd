import { describe, expect, test } from 'vitest';
import type { LeaseImport } from '../../../src/engine/order/import-lease.ts';
import { type ClientKey, keyOfClone } from '../../../src/lease/client-key.ts';
import { type Instant, instant, NEVER } from '../../../src/lease/lease.ts';
import { readEntry } from '../../../src/lease/reservation/read-entry.ts';
import { hardwareFromText } from '../../../src/net/hardware-address.ts';
import { settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { at } from '../../support/plan.ts';
import type { ServerNode } from '../../support/server-node.ts';
import { embedded, shared } from '../../support/stored-server.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const WHO = { author: 'grace', note: 'moving in' };
const SHARED = 'ff00000001' as ClientKey;

async function settled<Result>(result: Promise<Result>): Promise<Result> {
  for (let step = 0; step < 8; step += 1) await settle();
  return await result;
}

async function taking(node: ServerNode, ...imports: readonly LeaseImport[]) {
  return await settled(node.server.leaseImports.submit(imports));
}

function leaseOf({ mac }: Guest, address: string, expiresAt: Instant, rest: Partial<LeaseImport> = {}) {
  return { address: at(address), hardware: cardOf(mac), expiresAt, ...WHO, ...rest };
}

function cardOf(mac: string) {
  const card = hardwareFromText(mac);
  if (card === undefined) throw new Error(mac);
  return card;
}

async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  await node.hear(guest.select(address, SERVER));
  return address;
}

describe.each([
  ['SQLite', embedded],
  ['etcd', shared],
])('leases of another server, with leases in %s', (_where, open) => {
  test('are taken over with what is left of them; the guest renews, reboots and begins anew at its address', async () => {
    const { node, store, reasons } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);

    const results = await taking(node, leaseOf(ADA, '10.15.3.77', end, { hostname: 'ada' }));
    const record = store().leases.recordAt(at('10.15.3.77'));
    const rebooted = await node.hear(ADA.reboot('10.15.3.77'));
    const [offered] = await node.hear(ADA.discover());
    const renewed = await node.hear(ADA.extend('10.15.3.77'));

    expect(results).toEqual([{ outcome: 'taken', endsOutside: false }]);
    expect(record).toMatchObject({ state: 'bound', hardware: cardOf(ADA.mac), client: '01525400000001' });
    expect(Math.abs(Number(record?.leaseSeconds) - 1800)).toBeLessThanOrEqual(1);
    expect(rebooted.join()).toContain('DHCPACK 10.15.3.77');
    expect(offered).toContain('10.15.3.77');
    expect(renewed.join()).toContain('DHCPACK 10.15.3.77');
    expect(await reasons()).toContain('imported-by-operator by grace: moving in');
  });

  test('are taken over by client identifier; a second card of one identifier is a client of its own', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);

    const results = await taking(
      node,
      leaseOf(ADA, '10.15.3.77', end, { identifier: SHARED }),
      leaseOf(BOB, '10.15.3.78', NEVER, { identifier: SHARED }),
    );
    const again = await taking(node, leaseOf(BOB, '10.15.3.78', NEVER, { identifier: SHARED }));

    expect(results.map(({ outcome }) => outcome)).toEqual(['taken', 'taken']);
    expect(store().leases.recordAt(at('10.15.3.77'))?.client).toBe(SHARED);
    expect(store().leases.recordAt(at('10.15.3.78'))).toMatchObject({
      client: keyOfClone(SHARED, cardOf(BOB.mac)),
      expiresAt: NEVER,
    });
    expect(again).toEqual([{ outcome: 'known' }]);
  });

  test('are refused one by one, each with who holds what, and nothing of those is changed', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);
    const bobs = await boot(node, BOB);
    const read = readEntry({ id: 'web', address: '10.15.3.90' });
    if ('problems' in read) throw new Error('no entry');
    await settled(node.server.reservations.submit({ kind: 'put', entry: read.entry, ...WHO }));
    await settled(node.server.submit({ kind: 'quarantine', address: at('10.15.3.91'), seconds: 60, ...WHO }));
    const before = store().leases.recordAt(at(bobs));

    const results = await taking(
      node,
      leaseOf(ADA, bobs, end),
      leaseOf(BOB, '10.15.3.92', end),
      leaseOf(ADA, '10.15.3.90', end),
      leaseOf(ADA, '10.15.3.91', end),
      leaseOf(ADA, '10.15.3.1', end),
      leaseOf(ADA, '10.15.3.10', end),
      leaseOf(ADA, '10.15.4.20', end),
      leaseOf(ADA, '10.15.3.93', node.clock.now()),
      leaseOf(ADA, '10.15.3.94', end),
    );

    expect(results.map((result) => ('refusal' in result ? result.refusal : result.outcome))).toEqual([
      { why: 'leased', holder: cardOf(BOB.mac), until: before?.expiresAt },
      { why: 'has-another', address: at(bobs), until: before?.expiresAt },
      { why: 'reserved', reservation: 'web' },
      { why: 'quarantined', until: expect.any(Number) },
      { why: 'not-a-guest-address', detail: '10.15.3.1 is the address of the router' },
      { why: 'not-a-guest-address', detail: '10.15.3.10 is the address of this gateway' },
      expect.objectContaining({ why: 'not-a-guest-address' }),
      { why: 'over' },
      'taken',
    ]);
    expect(store().leases.recordAt(at(bobs))).toEqual(before);
  });

  test('of a reserved card are taken over at its address; one in no pool is kept until it ends', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);
    const read = readEntry({ id: 'web', address: '10.15.3.90', mac: [ADA.mac] });
    if ('problems' in read) throw new Error('no entry');
    await settled(node.server.reservations.submit({ kind: 'put', entry: read.entry, ...WHO }));

    const own = await taking(node, leaseOf(ADA, '10.15.3.90', end, { identifier: SHARED }));
    const outside = await taking(node, leaseOf(BOB, '10.15.3.5', end));
    const renewed = await node.hear(ADA.extend('10.15.3.90'));

    expect(own).toEqual([{ outcome: 'taken', endsOutside: false }]);
    expect(store().leases.recordAt(at('10.15.3.90'))?.ids).toMatchObject({
      reservationId: 'web',
      vpsId: 'web',
    });
    expect(outside).toEqual([{ outcome: 'taken', endsOutside: true }]);
    expect(renewed.join()).toContain('DHCPACK 10.15.3.90');
  });

  test('are known where their guest has them here, though the address is reserved for another one by now', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);
    const lease = leaseOf(ADA, '10.15.3.77', end, { identifier: SHARED });
    await taking(node, lease);
    const read = readEntry({ id: 'web', address: '10.15.3.77', mac: [BOB.mac] });
    if ('problems' in read) throw new Error('no entry');
    await settled(node.server.reservations.submit({ kind: 'put', entry: read.entry, ...WHO }));

    const again = await taking(node, lease, { ...lease, isDryRun: true });
    const longer = await taking(node, { ...lease, expiresAt: instant(end + 60_000) });
    const bobs = await taking(node, leaseOf(BOB, '10.15.3.77', end));

    expect(again).toEqual([{ outcome: 'known' }, { outcome: 'known' }]);
    expect(longer).toEqual([{ outcome: 'refused', refusal: { why: 'reserved', reservation: 'web' } }]);
    expect(bobs).toMatchObject([{ outcome: 'refused', refusal: { why: 'leased', holder: cardOf(ADA.mac) } }]);
    expect(store().leases.recordAt(at('10.15.3.77'))?.expiresAt).toBe(end);
  });

  test('are only looked at in a dry run; a lease that ends later is taken over again, and none is shortened', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);
    const lease = leaseOf(ADA, '10.15.3.77', end);

    const dry = await taking(node, { ...lease, isDryRun: true });
    const untouched = store().leases.recordAt(at('10.15.3.77'));
    await taking(node, lease);
    const longer = await taking(node, { ...lease, expiresAt: instant(end + 60_000) });
    const shorter = await taking(node, { ...lease, expiresAt: instant(end - 60_000) });

    expect(dry).toEqual([{ outcome: 'decided', endsOutside: false }]);
    expect(untouched).toBeUndefined();
    expect(longer).toEqual([{ outcome: 'taken', endsOutside: false }]);
    expect(shorter).toEqual([{ outcome: 'known' }]);
    expect(store().leases.recordAt(at('10.15.3.77'))?.expiresAt).toBe(end + 60_000);
  });

  test('a hundred of them are taken over at once, each at its own address', async () => {
    const { node, store } = await open();
    await node.server.start();
    const end = instant(node.clock.now() + 1_800_000);
    const guests = Array.from({ length: 100 }, (_, index) => {
      const guest = new Guest(`52:54:00:00:01:${(index + 16).toString(16)}`);
      return { guest, address: `10.15.3.${100 + index}` };
    });

    const submitted = node.server.leaseImports.submit(
      guests.map(({ guest, address }) => leaseOf(guest, address, end)),
    );
    for (let step = 0; step < 200; step += 1) await settle();
    const results = await submitted;

    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['taken']));
    expect(guests.every(({ address }) => store().leases.recordAt(at(address))?.state === 'bound')).toBe(true);
  });
});
