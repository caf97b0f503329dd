import { expect, test } from 'vitest';
import { instant, type Lease, NEVER } from '../../../src/lease/lease.ts';
import { CLOCK_GRACE } from '../../../src/store/etcd/keys/clock-grace.ts';
import { Reckoning } from '../../../src/store/etcd/reckoning.ts';
import type { RevisionTime } from '../../../src/store/mirror.ts';
import { FakeClock } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { at } from '../../support/plan.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import { bind } from '../changes.ts';

const DAY = 86_400_000;
const LENGTH = 3_600_000;
const SELF = at('10.15.3.10');
const OTHER = at('10.15.3.11');

function leaseBy(granter: typeof SELF, writtenAt: number): Lease {
  return {
    address: at('10.15.3.20'),
    client: '01525400000001' as Lease['client'],
    hardware: 0 as Lease['hardware'],
    granter,
    state: 'bound',
    expiresAt: instant(writtenAt + LENGTH),
    updatedAt: instant(writtenAt),
    leaseSeconds: LENGTH / 1000,
    version: 7,
  };
}

function reckoning(clock: FakeClock, options: { agrees?: boolean; notes?: readonly RevisionTime[] } = {}) {
  const { agrees = false, notes = [] } = options;
  return new Reckoning({
    clock,
    isOwn: (granter) => granter === SELF,
    isOwnOperation: () => true,
    agrees: () => agrees,
    differs: () => false,
    notes,
  });
}

test.each([
  ['days behind', -3 * DAY],
  ['days ahead', 3 * DAY],
])('a lease by a gateway whose clock is %s ends when it has been known for its length', async (_, error) => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);
  reckoned.begin();
  const lease = leaseBy(OTHER, clock.now() + error);
  const knownAt = reckoned.now();

  await clock.pass(LENGTH - 1000);
  const before = reckoned.endOf(lease, knownAt) - clock.now();
  await clock.pass(1000);

  expect(before).toBe(1000);
  expect(reckoned.endOf(lease, knownAt) - clock.now()).toBe(0);
});

test.each([
  ['back', -3 * DAY],
  ['forward', 3 * DAY],
])("this gateway's own clock may jump %s: another's lease runs as long as before", async (_, jump) => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);
  reckoned.begin();
  const lease = leaseBy(OTHER, clock.now());
  const knownAt = reckoned.now();
  await clock.pass(LENGTH / 2);

  clock.jump(jump);

  expect(reckoned.endOf(lease, knownAt) - clock.now()).toBe(LENGTH / 2);
});

test('what this process has granted ends by its wall clock; what an earlier one has, as if another had', async () => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);
  const earlier = reckoned.now();
  reckoned.begin();
  const lease = leaseBy(SELF, clock.now() - 3 * DAY);

  expect(reckoned.endOf(lease, reckoned.now())).toBe(lease.expiresAt);
  expect(reckoned.endOf(lease, earlier) - clock.now()).toBe(LENGTH);
});

test('what this process has granted is promised for no longer than its length, though the wall clock was put back', async () => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);
  reckoned.begin();
  reckoned.completeness.told(6);
  reckoned.completeness.answered(6, clock.monotonic());
  const lease = leaseBy(SELF, clock.now());
  const [knownAt, writtenAfter] = [reckoned.now(), reckoned.writtenAfter()];
  await clock.pass(LENGTH / 2);

  clock.jump(-3 * DAY);

  expect(reckoned.promisedUntil(lease, knownAt, writtenAfter) - clock.now()).toBe(LENGTH / 2);
});

test.each([
  ['this process', SELF],
  ['another gateway', OTHER],
])('nothing is promised of a lease of %s that may have been written at any time', (_, granter) => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);
  reckoned.begin();
  reckoned.completeness.told(6);
  reckoned.completeness.answered(6, clock.monotonic());

  reckoned.completeness.forget();

  const lease = leaseBy(granter, clock.now());
  expect(reckoned.promisedUntil(lease, reckoned.now(), reckoned.writtenAfter())).toBe(0);
});

test('what an earlier process has granted is not promised by a clock that another gateway speaks against', () => {
  const clock = new FakeClock();
  const lease = leaseBy(SELF, clock.now());
  const ends = [false, true].map((differs) => {
    const own = { isOwn: () => true, isOwnOperation: () => true };
    const parts = { clock, ...own, agrees: () => !differs, differs: () => differs, notes: [] };
    return new Reckoning(parts).promisedUntil(lease, 0, 0);
  });

  expect(ends).toEqual([lease.expiresAt, 0]);
});

test('a lease without end, and what is nobody’s, are not reckoned', () => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock);

  expect(reckoned.endOf({ ...leaseBy(OTHER, 0), expiresAt: NEVER }, 0)).toBe(NEVER);
  expect(reckoned.endOf({ ...leaseBy(OTHER, 0), state: 'free' }, 0)).toBe(LENGTH);
});

test('the waiting survives a restart while a live gateway agrees with the clock, and else begins anew', () => {
  const clock = new FakeClock();
  const notes = [{ revision: 7, at: instant(clock.now() - LENGTH / 2) }];
  const lease = leaseBy(OTHER, clock.now());

  const ends = [true, false].map(
    (agrees) => reckoning(clock, { agrees, notes }).endOf(lease, 0) - clock.now(),
  );

  expect(ends).toEqual([LENGTH / 2 + 2 * CLOCK_GRACE, LENGTH]);
});

test('what was written after it was noted what is known is waited for anew', () => {
  const clock = new FakeClock();
  const notes = [{ revision: 6, at: instant(clock.now() - LENGTH / 2) }];

  const end = reckoning(clock, { agrees: true, notes }).endOf(leaseBy(OTHER, 0), 0);

  expect(end - clock.now()).toBe(LENGTH);
});

test('it is noted what is known while a gateway agrees, and forgotten when the clock jumps', async () => {
  const clock = new FakeClock();
  const reckoned = reckoning(clock, { agrees: true });

  const first = reckoned.note(5);
  const at0 = clock.now();
  await clock.pass(1000);
  const soon = reckoned.note(6);
  await clock.pass(300_000);
  const second = reckoned.note(9);
  clock.jump(DAY);
  const jumped = reckoned.note(10);

  expect(first).toEqual([{ revision: 5, at: at0 }]);
  expect(soon).toBeUndefined();
  expect(second).toHaveLength(2);
  expect(jumped).toEqual([]);
  expect(reckoning(clock, { agrees: false }).note(5)).toBeUndefined();
});

test.each([
  ['behind', -3 * DAY],
  ['ahead', 3 * DAY],
])(
  'a gateway whose clock is three days %s has its leases freed by the others at their end, and not before',
  async (_, error) => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const [clock, wrong] = [new FakeClock(), new FakeClock()];
    wrong.jump(error);
    const right = await openSharedStore({ etcd: cluster.connect(), clock });
    const off = await openSharedStore({ etcd: cluster.connect(), clock: wrong, place: 11 });
    const address = at('10.15.3.20');
    const times = { at: wrong.now(), expiresAt: instant(wrong.now() + LENGTH) };
    await bind(off, { client: 1, address, ...times });

    await clock.pass(LENGTH + CLOCK_GRACE - 1000);
    const early = right.sweep(clock.now(), 10);
    await clock.pass(1000);
    const late = right.sweep(clock.now(), 10);

    expect(early).toEqual([]);
    expect(late.map((lease) => lease.address)).toEqual([address]);
  },
);

test('what an earlier process of this gateway had sent, and is written only now, is no grant of this one by its clock', async () => {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const [clock, wrong] = [new FakeClock(), new FakeClock()];
  wrong.jump(5 * DAY);
  const earlier = new MemoryCluster();
  await beginSegment(earlier.connect());
  const before = await openSharedStore({ etcd: earlier.connect(), clock });
  const now = await openSharedStore({
    ...{ etcd: cluster.connect(), clock: wrong, random: () => 0.5 },
  });
  const address = at('10.15.3.20');
  await bind(before, { client: 1, address, at: clock.now(), expiresAt: instant(clock.now() + LENGTH) });

  const sent = [...earlier.keys.values()].filter(({ key }) => /\/(ip|cl)\//.test(key));
  const success = sent.map(({ key, value }) => ({ kind: 'put', key, value }) as const);
  cluster.transact({ compare: [], success, failure: [] });
  await wrong.pass(LENGTH + CLOCK_GRACE - 1000);
  const early = now.sweep(wrong.now(), 10);
  await wrong.pass(1000);
  const late = now.sweep(wrong.now(), 10);

  expect(early).toEqual([]);
  expect(late.map((lease) => lease.address)).toEqual([address]);
});
