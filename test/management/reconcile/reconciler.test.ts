import { describe, expect, test, vi } from 'vitest';
import { MOST_AT_ONCE } from '../../../src/engine/order/order-groups.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import type { ReconcileResult } from '../../../src/management/reconcile/reconcile-result.ts';
import { Reconciler } from '../../../src/management/reconcile/reconciler.ts';
import type { HardwareAddress } from '../../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../../src/net/ipv4.ts';
import { settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { at } from '../../support/plan.ts';
import { reconcilerOf } from '../../support/reconciler-of.ts';
import { reservationOf } from '../../support/reservations.ts';
import { boot, put, reconcile, remove, settled, started, told, WHO } from '../../support/reserving.ts';
import type { ServerNode } from '../../support/server-node.ts';

const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');

function holders(node: ServerNode): Readonly<Record<string, string>> {
  const all = [...(node.server.reservations.current?.all() ?? [])];
  return Object.fromEntries(
    all
      .filter(({ retiredUntil }) => retiredUntil === undefined)
      .map(({ id, address }) => [id, ipv4ToText(address)]),
  );
}

function hardwareOf({ mac }: Guest): HardwareAddress {
  return Number.parseInt(mac.replaceAll(':', ''), 16) as HardwareAddress;
}

function refusals(result: ReconcileResult): readonly string[] {
  if (result.kind !== 'done') return [result.kind];
  return result.refused.map(({ id, refusal }) => `${id} ${refusal.why}`);
}

describe('the desired set of a scope', () => {
  const ONE = { id: 'one', mac: [ADA.mac], address: '10.15.3.50' };
  const TWO = { id: 'two', address: '10.15.3.51' };

  test('of one source removes what that source has, and nothing that others have under the same label', async () => {
    const node = await started();
    const labels = { node: 'pve1' };
    await put(node, 'operators', { labels });
    await put(node, 'platforms', { labels }, { source: 'platform' });

    const result = await reconcile(node, { source: 'platform', onlyOf: 'platform', mayBeEmpty: true });

    expect(result).toMatchObject({ removed: [{ id: 'platforms' }] });
    expect(Object.keys(holders(node))).toEqual(['operators']);
  });

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
      removed: [{ id: 'old' }],
      refused: [],
    });
    expect(second).toMatchObject({
      added: [],
      changed: [],
      unchanged: [ONE, TWO].map(({ id }) => ({ id })),
      removed: [],
      refused: [],
    });
    expect(third).toMatchObject({ added: [], changed: [{ id: 'one' }], unchanged: [{ id: 'two' }] });
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
      expect(result).toMatchObject({
        added: [{ id: 'one' }, { id: 'new' }],
        removed: [{ id: 'old' }],
        refused: [],
      });
  });

  test('an empty one must be meant', async () => {
    const node = await started();
    await put(node, 'old', { labels: { node: 'pve1' } });

    expect(await reconcile(node, {})).toEqual({ kind: 'empty' });
    expect(node.server.reservations.current?.size).toBe(1);
    expect(await reconcile(node, { mayBeEmpty: true })).toMatchObject({
      removed: [{ id: 'old', address: at('10.15.3.20') }],
    });
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

    expect(result).toMatchObject({ unexplained: { leases: [{ address: at(bobs) }], total: 1 } });
  });
});

describe('entries of one set that take from each other', () => {
  const place = (index: number) => `10.15.3.${30 + index}`;
  const card = (index: number) =>
    `52:54:00:00:${[index >> 8, index & 255].map((octet) => (octet + 256).toString(16).slice(1)).join(':')}`;
  const id = (index: number) => `vm-${String(index).padStart(3, '0')}`;
  /** So many guests, each at its own place moved on by some. */
  const row = (count: number, by: number, cardsBy = 0) =>
    Array.from({ length: count }, (_, index) => ({
      id: id(index),
      address: place((index + by) % count),
      mac: [card((index + cardsBy) % count)],
    }));
  const placesOf = (entries: readonly { readonly id: string; readonly address: string }[]) =>
    Object.fromEntries(entries.map((entry) => [entry.id, entry.address]));

  test.each([
    ['two that change their addresses', 2, 1, 0],
    ['two that change their cards', 2, 0, 1],
    ['three that change addresses and cards the other way round', 3, 1, 2],
    ['a ring of sixteen', 16, 1, 0],
    ['a ring that is just too long for one change', 17, 1, 0],
    ['a ring that is far too long for one change', 200, 1, 0],
    ['a ring of addresses with its cards, that long', 16, 1, 1],
    ['a ring of addresses with its cards that is too long for one change', 60, 1, 1],
    ['a ring of cards alone that is just too long for one change', 17, 0, 1],
    ['a ring of cards alone that is far too long for one change', 60, 0, 1],
    ['many rings at once', 120, 60, 0],
  ])('%s have what they are to have', async (_what, count, by, cardsBy) => {
    const node = await started();
    const wanted = row(count, by, cardsBy);
    await reconcile(node, { entries: row(count, 0) });

    const dry = await reconcile(node, { entries: wanted, isDryRun: true });
    const before = holders(node);
    const result = await reconcile(node, { entries: wanted });

    for (const each of [dry, result])
      expect(each).toMatchObject({ added: [], unchanged: [], removed: [], refused: [] });
    expect(before).toEqual(placesOf(row(count, 0)));
    expect(holders(node)).toEqual(placesOf(wanted));
    expect(await reconcile(node, { entries: wanted })).toMatchObject({
      unchanged: wanted.map(({ id }) => ({ id })),
      changed: [],
    });
  });

  test.each([3, 4, 16, 40])(
    'a ring of %d guests with sixteen cards each, which are too many for one transaction of etcd, gets what its entries say',
    async (count) => {
      const node = await started();
      const cardsOf = (guest: number) => Array.from({ length: 16 }, (_, number) => card(guest * 16 + number));
      const ring = (by: number) =>
        row(count, by).map((entry, index) => ({ ...entry, mac: cardsOf((index + by) % count) }));
      await reconcile(node, { entries: ring(0) });

      const dry = await reconcile(node, { entries: ring(1), isDryRun: true });
      const done = await reconcile(node, { entries: ring(1) });

      for (const each of [dry, done]) expect(each).toMatchObject({ unchanged: [], refused: [] });
      expect(holders(node)).toEqual(placesOf(ring(1)));
      expect(await reconcile(node, { entries: ring(1) })).toMatchObject({ changed: [], refused: [] });
    },
  );

  test.each([4, 10, 40])(
    'a ring of %d guests that keep their addresses and change sixteen cards each has what it is to have',
    async (count) => {
      const node = await started();
      const cardsOf = (guest: number) => Array.from({ length: 16 }, (_, number) => card(guest * 16 + number));
      const ring = (by: number) =>
        row(count, 0).map(({ id, address }, index) => ({
          id,
          // One without an address keeps what it has.
          ...(by > 0 && index % 3 === 1 ? {} : { address }),
          mac: cardsOf((index + by) % count),
        }));
      await reconcile(node, { entries: ring(0) });

      const dry = await reconcile(node, { entries: ring(1), isDryRun: true });
      const done = await reconcile(node, { entries: ring(1) });

      for (const each of [dry, done]) expect(each).toMatchObject({ unchanged: [], refused: [] });
      expect(holders(node)).toEqual(placesOf(row(count, 0)));
      expect(await reconcile(node, { entries: ring(1) })).toMatchObject({ changed: [], refused: [] });
    },
  );

  test.each([18, 33, 50])(
    'a ring of %d guests in which some take an address and others a card has what it is to have',
    async (count) => {
      const node = await started();
      // Each third hands its card on, the others their addresses.
      const givesCard = (index: number) => index % 3 === 0;
      const wanted = row(count, 0).map(({ id, address, mac }, index) => {
        const from = (index + 1) % count;
        const rest = givesCard(index)
          ? { address, mac: [card(1000 + index)] }
          : { address: place(count + index), mac };
        return { id, ...rest, ...(givesCard(from) ? { mac: [card(from)] } : { address: place(from) }) };
      });
      await reconcile(node, { entries: row(count, 0) });

      const dry = await reconcile(node, { entries: wanted, isDryRun: true });
      const done = await reconcile(node, { entries: wanted });

      for (const each of [dry, done]) expect(each).toMatchObject({ refused: [] });
      expect(holders(node)).toEqual(placesOf(wanted));
    },
  );

  test.each([
    ['cards', 0, 1],
    ['addresses', 1, 0],
  ])(
    'a ring of %s that is too long for one change, and of which one wants what another has and keeps, is refused whole',
    async (_what, by, cardsBy) => {
      const node = await started();
      const wanted = row(40, by, cardsBy).map((entry, index) =>
        index === 30 ? { ...entry, mac: [...entry.mac, card(0x7fff)] } : entry,
      );
      await put(node, 'outsider', { mac: [card(0x7fff)], address: '10.15.3.200' });
      await reconcile(node, { entries: row(40, 0) });
      const all = () =>
        [...(node.server.reservations.current?.all() ?? [])].map((each) => [
          each.id,
          each.address,
          each.macs,
        ]);
      const before = all();

      const done = await reconcile(node, { entries: wanted });

      expect(done).toMatchObject({ changed: [] });
      expect(all()).toEqual(before);
    },
  );

  test('two that want one address or one card: a dry run refuses the second one too, with who has it', async () => {
    const node = await started();
    const entries = [
      { id: 'a', address: '10.15.3.50', mac: [ADA.mac] },
      { id: 'b', address: '10.15.3.50' },
      { id: 'c', address: '10.15.3.51', mac: [ADA.mac] },
    ];

    const dry = await reconcile(node, { entries, isDryRun: true });
    const done = await reconcile(node, { entries });

    for (const each of [dry, done])
      expect(each).toMatchObject({
        added: [{ id: 'a' }],
        refused: [
          { id: 'b', refusal: { why: 'held', problems: [{ pointer: '/address', holder: 'a' }] } },
          {
            id: 'c',
            refusal: { why: 'held', problems: [{ pointer: expect.stringMatching('^/mac'), holder: 'a' }] },
          },
        ],
      });
  });

  test('also where they are put without a scope: others and labels stay, and nothing is removed', async () => {
    const node = await started();
    await reconcile(node, { entries: row(3, 0) });
    await put(node, 'other', { address: '10.15.3.90' });
    const wanted = row(3, 1).slice(0, 3);

    const result = await reconcile(node, { entries: wanted, scope: undefined });

    expect(result).toMatchObject({
      changed: wanted.map(({ id }, entry) => ({ id, entry })),
      removed: [],
      refused: [],
    });
    expect(holders(node)).toEqual({ ...placesOf(wanted), other: '10.15.3.90' });
    const none = await reconcile(node, { entries: [], scope: undefined, mayBeEmpty: true });
    expect(none).toMatchObject({ removed: [], unexplained: { total: 0 } });
  });

  test.each([
    ['from its free end', (entries: readonly object[]) => entries],
    ['from its other end', (entries: readonly object[]) => entries.toReversed()],
  ])('a row that moves on by one address does so, named %s', async (_what, turned) => {
    const node = await started();
    await reconcile(node, { entries: row(60, 0) });
    const wanted = Array.from({ length: 60 }, (_, index) => ({ id: id(index), address: place(index + 1) }));

    const dry = await reconcile(node, { entries: turned(wanted), isDryRun: true });
    const result = await reconcile(node, { entries: turned(wanted) });

    for (const each of [dry, result]) expect(refusals(each)).toEqual([]);
    expect(holders(node)).toEqual(placesOf(wanted));
  });

  test('the address that a card leaves goes to a new guest in the same set', async () => {
    const node = await started();
    await reconcile(node, { entries: row(1, 0) });

    const result = await reconcile(node, {
      entries: [
        { id: 'new', address: place(0), mac: [card(0)] },
        { id: id(0), address: place(5), mac: [card(5)] },
      ],
    });

    expect(result).toMatchObject({ added: [{ id: 'new' }], changed: [{ id: id(0) }], refused: [] });
  });

  test('one that cannot be put stops those alone that want what it keeps, each by name', async () => {
    const node = await started();
    await put(node, 'other', { address: '10.15.3.99', labels: { node: 'pve2' } });
    await reconcile(node, { entries: row(4, 0) });
    const [first, second, third, fourth] = row(4, 1);

    const result = await reconcile(node, {
      entries: [
        { ...first, mac: [card(0), '52:54:00:00:09:09'] },
        second,
        { ...third, address: '10.15.3.1' },
        { ...fourth, address: '10.15.3.99' },
      ],
    });

    expect(refusals(result)).toEqual([
      `${id(0)} held`,
      `${id(1)} held`,
      `${id(2)} not-allowed`,
      `${id(3)} held`,
    ]);
    expect(holders(node)).toMatchObject(placesOf(row(4, 0)));
  });

  test('two that want one address: the first one has it', async () => {
    const node = await started();
    const entries = ['one', 'two'].map((name) => ({ id: name, address: place(0) }));

    expect(refusals(await reconcile(node, { entries }))).toEqual(['two held']);
    expect(holders(node)).toEqual({ one: place(0) });
  });

  test('the guests of two that change addresses while they run get the new ones, and no address is with two', async () => {
    const node = await started();
    const guests = [ADA, BOB];
    const wanted = guests.map(({ mac }, index) => ({ id: `g${index}`, mac: [mac], address: place(index) }));
    await reconcile(node, { entries: wanted });
    expect([await boot(node, ADA), await boot(node, BOB)]).toEqual([place(0), place(1)]);

    const turned = wanted.map((entry, index) => ({ ...entry, address: place(1 - index) }));
    const result = await reconcile(node, { entries: turned });
    expect(result).toMatchObject({
      changed: [{ pending: { cause: 'leased' } }, { pending: { cause: 'leased' } }],
    });
    for (let round = 0; round < 3; round += 1)
      for (const [index, guest] of guests.entries()) {
        const now = node.store?.leases.leasesOf(hardwareOf(guest)).find(({ state }) => state === 'bound');
        if (now === undefined || ipv4ToText(now.address) === place(1 - index)) continue;
        const [answer] = await node.hear(guest.extend(ipv4ToText(now.address)));
        if (answer?.includes('DHCPNAK') === true) await boot(node, guest);
      }

    expect([await boot(node, ADA), await boot(node, BOB)]).toEqual([place(1), place(0)]);
  });
});

describe('a large set', () => {
  /** `groups` has the numbers of orders that it has given together. */
  function countingReconciler(node: ServerNode) {
    const inner = node.server.reservations;
    const groups: number[] = [];
    const reconciler = new Reconciler({
      reservations: async () => [...(inner.current?.all() ?? [])],
      submit: async (orders) => {
        groups.push(orders.length);
        return await Promise.all(orders.map((order) => inner.submit(order)));
      },
      exchange: (order) => inner.exchange(order),
      unexplained: () => inner.unexplained(),
    });
    return { reconciler, groups };
  }

  test('is decided some entries at a time, and others come between', async () => {
    const node = await started();
    let most = 0;
    let calls = 0;
    const inner = node.server.reservations;
    const reconciler = new Reconciler({
      reservations: async () => [],
      submit: async (orders) => {
        most = Math.max(most, orders.length);
        calls += 1;
        await settle();
        return orders.map(() => ({ outcome: 'conflict' }) as const);
      },
      exchange: (order) => inner.exchange(order),
      unexplained: () => inner.unexplained(),
    });
    const entries = Array.from({ length: 10_000 }, (_, index) => ({ id: `vm-${index}` }));

    const result = await reconciler.reconcile({ scope: { label: 'node', value: 'pve1' }, entries, ...WHO });

    expect([most, calls]).toEqual([MOST_AT_ONCE, Math.ceil(10_000 / MOST_AT_ONCE)]);
    expect(refusals(result).length).toBe(10_000);
  });

  test('is put, and removed, in groups, each of which is one write; one that is refused spoils no other', async () => {
    const node = await started({ soon: (run) => void setImmediate(run) });
    await put(node, 'held', { address: '10.15.3.77' });
    const { reconciler, groups } = countingReconciler(node);
    const request = { scope: { label: 'node', value: 'pve1' }, mayBeEmpty: true, ...WHO };
    const entries = Array.from({ length: 100 }, (_, index) => ({
      id: `vm-${index}`,
      ...(index === 50 ? { address: '10.15.3.77' } : {}),
    }));
    const commits = vi.spyOn(node.store ?? expect.fail(), 'commit');

    const made = await settled(node, reconciler.reconcile({ ...request, entries }));
    const removed = await settled(node, reconciler.reconcile({ ...request, entries: [] }));

    expect(made).toMatchObject({
      added: { length: 99 },
      refused: [{ id: 'vm-50', refusal: { why: 'held' } }],
    });
    expect(removed).toMatchObject({ removed: { length: 99 }, refused: [] });
    // The one that was held is tried once more.
    expect(groups).toEqual([32, 32, 32, 4, 1, 32, 32, 32, 3]);
    expect(commits.mock.calls.map(([changes]) => changes.length)).toEqual([32, 31, 32, 4, 32, 32, 32, 3]);
  });

  test('of guests with many cards is put in smaller groups, which take as long', async () => {
    const node = await started();
    const { reconciler, groups } = countingReconciler(node);
    const request = { scope: { label: 'node', value: 'pve1' }, mayBeEmpty: true, ...WHO };
    const octet = (number: number) => (256 + number).toString(16).slice(1);
    const entries = Array.from({ length: 12 }, (_, guest) => ({
      id: `vm-${guest}`,
      mac: Array.from({ length: 16 }, (__, card) => `52:54:00:00:${octet(guest)}:${octet(card)}`),
    }));

    await settled(node, reconciler.reconcile({ ...request, entries }));
    await settled(node, reconciler.reconcile({ ...request, entries: [] }));

    expect(groups).toEqual([6, 6, 6, 6]);
    expect(node.server.reservations.current?.size).toBe(0);
  });

  test('is ended between two groups when nobody waits for its answer', async () => {
    const node = await started();
    const given = new AbortController();
    let calls = 0;
    const reconciler = new Reconciler({
      reservations: async () => [],
      submit: async (orders) => {
        calls += 1;
        if (calls === 3) given.abort(new Error('gone'));
        return orders.map(() => ({ outcome: 'conflict' }) as const);
      },
      exchange: (order) => node.server.reservations.exchange(order),
      unexplained: () => node.server.reservations.unexplained(),
    });
    const request = {
      scope: { label: 'node', value: 'pve1' },
      entries: Array.from({ length: 1000 }, (_, index) => ({ id: `vm-${index}` })),
      ...WHO,
    };

    await expect(reconciler.reconcile(request, given.signal)).rejects.toThrow('gone');
    expect(calls).toBe(3);
  });

  test('of a server that has stopped says so', async () => {
    const node = await started();
    await node.server.stop();

    expect(await reconcile(node, { entries: [{ id: 'one' }] })).toEqual({ kind: 'stopped' });
  });
});

test('two runs of one scope at once: the one behind the other is what stays', async () => {
  const node = await started();
  const sets = [1, 2, 3].map((run) =>
    Array.from({ length: 40 }, (_, index) => ({ id: `vm-${run * 20 + index}`, note: `run ${run}` })),
  );
  const reconciler = reconcilerOf(node);
  const request = { scope: { label: 'node', value: 'pve1' }, ...WHO };

  await settled(node, Promise.all(sets.map((entries) => reconciler.reconcile({ ...request, entries }))));

  const left = [...(node.server.reservations.current?.all() ?? [])].filter(
    ({ retiredUntil }) => retiredUntil === undefined,
  );
  expect(left.map(({ id: each }) => each).sort()).toEqual(sets[2]?.map(({ id: each }) => each).sort());
  expect(new Set(left.map(({ note }) => note))).toEqual(new Set(['run 3']));
});
