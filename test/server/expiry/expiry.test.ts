import { expect, test } from 'vitest';
import type { PeerObservations } from '../../../src/engine/decision/decision.ts';
import { NO_PEERS } from '../../../src/exchange/decision-context.ts';
import { keyOfIdentifier } from '../../../src/lease/client-key.ts';
import { instant, type Lease, type LeaseState, NEVER } from '../../../src/lease/lease.ts';
import { NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { ipv4, UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { Expiry } from '../../../src/server/expiry/expiry.ts';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { at } from '../../support/plan.ts';

const FIRST = at('10.15.3.20');
/** A clock that is not known to have jumped. */
const STEADY = { isTrusted: true, steadyFor: Number.POSITIVE_INFINITY, knownFor: 0 };
/** When the leases below end. */
const END = Date.UTC(2026, 0, 1) + 1000;

function leases(count: number, state: LeaseState = 'bound'): Lease[] {
  return Array.from({ length: count }, (_, index) => ({
    address: ipv4(FIRST + index),
    client: keyOfIdentifier(Uint8Array.of(1, index)),
    hardware: NO_HARDWARE,
    granter: UNSPECIFIED,
    state,
    expiresAt: instant(END),
    updatedAt: instant(END - 1000),
    leaseSeconds: 0,
    version: index + 1,
  }));
}

function sweeper(stored: readonly Lease[]) {
  const bench = memoryBench({ leases: stored });
  const standing = { ...STEADY };
  const expiry = new Expiry(bench.store, bench.clock, bench.exchange, () => standing);
  const count = (state: LeaseState) => bench.store.table.countByState()[state];
  return { bench, standing, expiry, count };
}

test('a lease is freed when it has run out, and its client kept', async () => {
  const { bench, expiry } = sweeper(leases(1));

  expiry.sweep();
  await bench.clock.pass(999);
  const before = bench.store.table.recordAt(FIRST);
  await bench.clock.pass(1);
  expiry.sweep();
  await bench.clock.pass(0);

  expect(before?.state).toBe('bound');
  expect(bench.store.table.recordAt(FIRST)).toMatchObject({ state: 'free', client: '0100' });
  expect(bench.record.orders).toEqual(['expired committed']);
});

test.each([
  ['bound', 'expired'],
  ['declined', 'quarantine-ended'],
] as const)('what ends is told by its own word: %s, %s', async (state, reason) => {
  const { bench, expiry } = sweeper(leases(1, state));

  await bench.clock.pass(1000);
  expiry.sweep();
  await bench.clock.pass(0);

  expect(bench.record.orders).toEqual([`${reason} committed`]);
});

const PEER = at('10.15.3.11');
const OTHERS = { ...NO_PEERS, peers: new Map([[PEER, instant(0)]]) };

/** Sweeps what has run out, one second after the beginning. */
async function sweepBeside(peerObservations: PeerObservations, stored: readonly Lease[]) {
  const bench = memoryBench({ leases: stored });
  const context = { peerObservations, clusterPeers: undefined };
  const expiry = new Expiry(
    bench.store,
    bench.clock,
    bench.exchange,
    () => STEADY,
    () => context,
  );
  await bench.clock.pass(1000);
  expiry.sweep();
  await bench.clock.pass(0);
  return bench.store.table.recordAt(FIRST);
}

test.each([
  ['a lease that has run out is not free: its client may have it through one of them', 'bound'],
  [
    'a quarantine that is over leaves no free address: who was found there may be a client of theirs',
    'declined',
  ],
] as const)('beside other gateways %s', async (_, state) => {
  expect(await sweepBeside(OTHERS, leases(1, state))).toMatchObject({
    state: 'peer',
    granter: UNSPECIFIED,
    client: '0100',
  });
});

test.each(['bound', 'declined'] as const)(
  'what was %s here has the client afterwards that was heard taking it from another gateway',
  async (state) => {
    const asking = {
      granter: PEER,
      client: keyOfIdentifier(Uint8Array.of(2, 2)),
      hardware: NO_HARDWARE,
      revision: 0,
    };
    const lastRequestFor = () => ({ ...asking, on: instant(END - 500) });

    expect(await sweepBeside({ ...OTHERS, lastRequestFor }, leases(1, state))).toMatchObject({
      state: 'peer',
      granter: PEER,
      client: '0202',
      expiresAt: NEVER,
    });
  },
);

// Its own confirmation is the newer word: a guest that asks a peer and then its own gateway has the latter's lease.
test('what was heard in the very moment in which this gateway confirmed its own lease does not count', async () => {
  const asking = {
    granter: PEER,
    client: keyOfIdentifier(Uint8Array.of(2, 2)),
    hardware: NO_HARDWARE,
    revision: 0,
  };
  const heardAt = (moment: number) => ({
    ...OTHERS,
    lastRequestFor: () => ({ ...asking, on: instant(moment) }),
  });

  expect(await sweepBeside(heardAt(END - 1000), leases(1))).toMatchObject({ client: '0100' });
  expect(await sweepBeside(heardAt(END - 999), leases(1))).toMatchObject({ client: '0202' });
});

test('a quarantine ends', async () => {
  const { bench, expiry, count } = sweeper(leases(1, 'declined'));
  await bench.clock.pass(1000);

  expiry.sweep();
  await bench.clock.pass(0);

  expect(count('free')).toBe(1);
});

test('a turn has at most 64 orders, and the next one follows by itself', async () => {
  const { bench, expiry, count } = sweeper(leases(200));
  await bench.clock.pass(1000);

  expiry.sweep();
  await bench.clock.pass(0);
  const first = count('free');
  await bench.clock.pass(1000);

  expect(first).toBe(64);
  expect(count('free')).toBe(200);
});

test('nothing is freed while the clock is in doubt', async () => {
  const { bench, standing, expiry, count } = sweeper(leases(3));
  standing.isTrusted = false;
  await bench.clock.pass(1000);

  expiry.sweep();
  expiry.prompt();
  await bench.clock.pass(1000);

  expect(count('free')).toBe(0);
});

test('what is in doubt when it is to be freed is not, though the sweep has found it', async () => {
  const { bench, standing, expiry, count } = sweeper(leases(3));
  await bench.clock.pass(1000);
  const { sweep } = bench.store;
  bench.store.sweep = (...asked) => {
    const found = sweep.apply(bench.store, asked);
    standing.isTrusted = false;
    return found;
  };

  expiry.sweep();
  await bench.clock.pass(0);

  expect(bench.record.orders).toEqual(['no-binding', 'no-binding', 'no-binding']);
  expect(count('free')).toBe(0);
});

test('a lease whose end lies far ahead is freed once it is known here for its length and a minute, a quarantine too', async () => {
  const ahead = { expiresAt: instant(Date.UTC(2098, 0)), updatedAt: instant(Date.UTC(2097, 11)) };
  const given = leases(2).map((lease) => ({ ...lease, ...ahead, leaseSeconds: 3600 }));
  const [first, second] = given;
  if (first === undefined || second === undefined) throw new Error('no lease');
  const { bench, standing, expiry, count } = sweeper([first, { ...second, state: 'declined' }]);

  standing.knownFor = 3_659_999;
  expiry.sweep();
  await bench.clock.pass(1000);
  const before = count('free');
  standing.knownFor = 3_660_000;
  expiry.sweep();
  await bench.clock.pass(1000);

  expect([before, count('free')]).toEqual([0, 2]);
});

test('a busy exchange is not disturbed, unless addresses are wanted', async () => {
  const { bench, expiry, count } = sweeper(leases(3));
  await bench.clock.pass(1000);
  bench.store.script({ takes: 'until released' });
  const guest = new Guest('52:54:00:00:00:01');
  await bench.hear(guest.discover());
  const address = bench.replies()[0]?.split(' ')[1] ?? '';
  await bench.hear(guest.select(address, '10.15.3.10'));

  expiry.sweep();
  await bench.clock.pass(100);
  const before = bench.record.orders.length;
  expiry.prompt();
  await bench.clock.pass(100);
  bench.store.release();
  await bench.clock.pass(0);

  expect(before).toBe(0);
  expect(count('free')).toBe(3);
});

test('a lease that was renewed meanwhile is left alone', async () => {
  const { bench, expiry } = sweeper(leases(1));
  await bench.clock.pass(1000);
  const [lease] = leases(1);
  if (lease === undefined) throw new Error('no lease');
  bench.store.sweep = () => [lease];
  const next = { ...lease, expiresAt: instant(END + 5000), hostname: undefined };
  const writes = [{ address: lease.address, expectedVersion: lease.version, next }];
  const { client, version } = lease;
  bench.store.applyForeign({
    kind: 'binding',
    client,
    expectedBindingVersion: version,
    writes,
    at: instant(END),
    reason: 'renewed',
  });

  expiry.sweep();
  await bench.clock.pass(0);

  expect(bench.store.table.recordAt(FIRST)?.state).toBe('bound');
  expect(bench.store.commits).toEqual([]);
});

// A flood of DHCPDISCOVERs at a full pool asks for room each time: a sweep looks at hundreds of records.
test('room is looked for at once, and then not again for a tenth of a second, however often it is wanted', async () => {
  const { bench, expiry } = sweeper(leases(1));
  const { store } = bench;
  const sweep = store.sweep.bind(store);
  let sweeps = 0;
  store.sweep = (...asked) => {
    sweeps += 1;
    return sweep(...asked);
  };
  const counts: number[] = [];
  for (const pause of [0, 0, 99, 1, 50, 50]) {
    await bench.clock.pass(pause);
    expiry.makeRoom();
    counts.push(sweeps);
  }

  expect(counts).toEqual([1, 1, 1, 2, 2, 3]);
});

test.each([
  ['has run out', -1000],
  ['was made under a clock that was put back by days since', 5 * 86_400_000],
])('an offer that %s ends, also while the clock is in doubt', (_, ahead) => {
  const { bench, standing, expiry } = sweeper([]);
  const [lease] = leases(1, 'offered');
  if (lease === undefined) throw new Error('no lease');
  standing.isTrusted = false;
  const updatedAt = instant(bench.clock.now() + ahead - 30_000);
  bench.store.table.loadOffer({ ...lease, updatedAt, expiresAt: instant(updatedAt + 30_000) });

  expiry.sweep();

  expect(bench.store.table.countByState().offered).toBe(0);
});

test.each([
  ['after', 1, '0202'],
  ['before', 0, '0100'],
])(
  'a peer that was heard giving the address %s the lease was stored, by a clock that was put back then',
  async (_, revision, client) => {
    const asking = {
      granter: PEER,
      client: keyOfIdentifier(Uint8Array.of(2, 2)),
      hardware: NO_HARDWARE,
      revision,
    };
    const lastRequestFor = () => ({ ...asking, on: instant(END - 86_400_000) });

    expect(await sweepBeside({ ...OTHERS, lastRequestFor }, leases(1))).toMatchObject({
      state: 'peer',
      client,
    });
  },
);
