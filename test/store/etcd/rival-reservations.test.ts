import { describe, expect, test } from 'vitest';
import { rivalProblem } from '../../../src/diagnosis/rival-reservations.ts';
import { instant } from '../../../src/lease/lease.ts';
import type { Reservation } from '../../../src/lease/reservation/reservation.ts';
import { hardwareToText } from '../../../src/net/hardware-address.ts';
import { Keys } from '../../../src/store/etcd/keys/keys.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { MemoryMirror } from '../../support/memory-mirror.ts';
import { DeafToReservations, WithoutIdentities } from '../../support/passing-etcd.ts';
import { clientId, reservationOf } from '../../support/reservations.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../support/shared-store.ts';
import { address, hardware, reservationChange, reserve, take, together } from '../changes.ts';

const CARD = hardware(1);
const KEYS = new Keys(SEGMENT);
const WEB = reservationOf('web', '10.15.3.20', { macs: [CARD] });
const SSH = reservationOf('ssh', '10.15.3.21', { macs: [CARD] });

interface Options {
  /** True: of a version without keys of identities. */
  readonly isOlder?: boolean;
  readonly mirror?: MemoryMirror;
}

async function gateway(cluster: MemoryCluster, place: number, { isOlder, mirror }: Options = {}) {
  const etcd = isOlder === true ? new WithoutIdentities(cluster.connect()) : cluster.connect();
  await beginSegment(etcd);
  const clock = new FakeClock();
  return openSharedStore({ etcd, clock, place, ...(mirror === undefined ? {} : { mirror }) });
}

/** What etcd's keys say of who has which identity. */
function holdersIn(cluster: MemoryCluster): object {
  const found = [...cluster.keys.values()].flatMap(({ key, value }) => {
    const identity = KEYS.identityOf(key);
    return identity === undefined ? [] : [[identity, Buffer.from(value).toString()]];
  });
  return Object.fromEntries(found);
}

const SHARED: readonly (readonly [string, Partial<Reservation>, Partial<Reservation>])[] = [
  ['one card', {}, {}],
  ['one of several cards', { macs: [hardware(2), CARD] }, { macs: [CARD, hardware(3)] }],
  ['a client identifier', { macs: [], clientId: clientId('0102') }, { macs: [], clientId: clientId('0102') }],
  ['a circuit', { macs: [], circuitId: '0a0b' }, { macs: [], circuitId: '0a0b' }],
  ['a port', { macs: [], port: 'tap104i0' }, { macs: [], port: 'fwpr104p0' }],
];

describe('two gateways on one etcd, of which one has not heard what the other has done', () => {
  test.each(SHARED)(
    'of two reservations of %s one stands, and the other gateway knows whose it is',
    async (_, one, other) => {
      const cluster = new MemoryCluster();
      const [first, second] = [await gateway(cluster, 10), await gateway(cluster, 11)];
      cluster.isWatchStalled = true;

      const outcomes = [
        await reserve(first, { ...WEB, ...one }),
        await reserve(second, { ...SSH, ...other }),
      ];

      expect(outcomes).toEqual(['committed', 'conflict']);
      expect([...second.reservations.all()].map(({ id }) => id)).toEqual(['web']);
      expect(await reserve(second, { ...SSH, macs: [hardware(9)] })).toBe('committed');
    },
  );

  test('an address is reserved once, also where the reservation that it has cannot be read', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster, 10);
    const deaf = new DeafToReservations(cluster.connect());
    const second = await openSharedStore({ etcd: deaf, clock: new FakeClock(), place: 11 });
    deaf.isDeaf = true;
    await reserve(first, WEB);
    const other = reservationOf('db', '10.15.3.20', { macs: [hardware(7)] });

    const outcomes = [
      await reserve(second, other),
      await reserve(second, other),
      await reserve(second, other),
    ];

    expect(outcomes).toEqual(['conflict', 'conflict', 'conflict']);
    expect(second.reservations.at(address('10.15.3.20'))?.id).toBe('web');
  });

  test('an address whose reservation was deleted by hand can be reserved', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster, 10), await gateway(cluster, 11)];
    await reserve(first, WEB);
    await settle();
    const success = [{ kind: 'delete', key: KEYS.ofReservation(WEB.id) } as const];
    await cluster.connect().transact({ compare: [], success, failure: [] });
    await settle();

    expect(await reserve(second, reservationOf('db', '10.15.3.20', { macs: [hardware(7)] }))).toBe(
      'committed',
    );
  });

  test('what a reservation has given up, by a change, its removal or its end, the other gateway can give at once', async () => {
    for (const given of [
      { ...WEB, macs: [hardware(2)] },
      { ...WEB, retiredUntil: instant(5000) },
      { removed: 'web' },
    ]) {
      const cluster = new MemoryCluster();
      const [first, second] = [await gateway(cluster, 10), await gateway(cluster, 11)];
      await reserve(first, WEB);
      await settle();
      await reserve(first, given);
      await settle();

      expect(await reserve(second, SSH)).toBe('committed');
      expect(holdersIn(cluster)).toMatchObject({ [`mac ${hardwareToText(CARD)}`]: 'ssh' });
    }
  });

  test('what a reservation has given up since, as another gateway has not heard, that one may give to none by what it knows', async () => {
    const cluster = new MemoryCluster();
    const [first, second, third] = [
      await gateway(cluster, 10),
      await gateway(cluster, 11),
      await gateway(cluster, 12),
    ];
    await reserve(first, WEB);
    await settle();
    await reserve(first, { removed: 'web' });
    await settle();
    cluster.isWatchStalled = true;
    await reserve(first, SSH);

    expect(await reserve(second, { ...WEB, id: SSH.id, address: SSH.address, note: 'mine' })).toBe(
      'conflict',
    );
    expect(await reserve(third, WEB)).toBe('conflict');
  });

  test('two that take each other’s cards by one change leave no key that names the wrong one, and none is left when they go', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster, 10), await gateway(cluster, 11)];
    const ssh = { ...SSH, macs: [hardware(2)] };
    await reserve(first, WEB);
    await reserve(first, ssh);
    await settle();

    const swapped = together(
      reservationChange(second, { ...WEB, macs: ssh.macs }),
      reservationChange(second, { ...ssh, macs: WEB.macs }),
    );
    expect(await take(second, swapped)).toBe('committed');
    await settle();

    expect(holdersIn(cluster)).toEqual({
      [`mac ${hardwareToText(CARD)}`]: 'ssh',
      [`mac ${hardwareToText(hardware(2))}`]: 'web',
    });
    for (const id of ['web', 'ssh']) await reserve(first, { removed: id });
    expect(holdersIn(cluster)).toEqual({});
  });

  test('a change with many cards is stored beside others of its commit; one with more than etcd takes at once is not, and holds up nothing', async () => {
    const store = await gateway(new MemoryCluster(), 10);
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        reservationOf(`m${at}`, `10.15.3.${200 + at}`, {
          macs: Array.from({ length: 16 }, (__, card) => hardware(at * 100 + card)),
        }),
      );
    const few = Array.from({ length: 50 }, (_, at) => reservationOf(`r${at}`, `10.15.3.${20 + at}`));
    const commit = (count: number) =>
      store.commit([
        together(...many(count).map((record) => reservationChange(store, record))),
        ...few.map((record) => reservationChange(store, record)),
      ]);

    expect(await commit(8)).toEqual(['conflict', ...few.map(() => 'committed')]);
    expect(await commit(5)).toEqual(['committed', ...few.map(() => 'committed')]);
    expect(store.failure).toBeUndefined();
  });
});

describe('reservations that an older version has written, without a key of the card', () => {
  test('go on, and their keys are made when they are written next', async () => {
    const cluster = new MemoryCluster();
    await reserve(await gateway(cluster, 10, { isOlder: true }), WEB);
    const [first, second] = [await gateway(cluster, 11), await gateway(cluster, 12)];
    expect(first.reservations.ofHardware(CARD)?.id).toBe('web');
    expect(await reserve(first, SSH)).toBe('conflict');
    expect(holdersIn(cluster)).toEqual({});

    expect(await reserve(first, { ...WEB, note: 'seen' })).toBe('committed');
    await settle();

    expect(holdersIn(cluster)).toEqual({ [`mac ${hardwareToText(CARD)}`]: 'web' });
    expect(await reserve(second, { removed: 'web' })).toBe('committed');
    expect(holdersIn(cluster)).toEqual({});
  });

  test.each([{ removed: 'web' }, { ...WEB, macs: [hardware(2)] }])(
    'a key that an older version has left behind, as it does not know it, keeps the card from nobody: %j',
    async (given) => {
      const cluster = new MemoryCluster();
      const [older, newer] = [await gateway(cluster, 10, { isOlder: true }), await gateway(cluster, 11)];
      await reserve(newer, WEB);
      await settle();
      await reserve(older, given);
      await settle();
      expect(holdersIn(cluster)).toEqual({ [`mac ${hardwareToText(CARD)}`]: 'web' });

      expect(await reserve(newer, SSH)).toBe('committed');

      expect(holdersIn(cluster)).toMatchObject({ [`mac ${hardwareToText(CARD)}`]: 'ssh' });
    },
  );

  test('a key that was left behind is taken from no reservation that has the card again', async () => {
    const cluster = new MemoryCluster();
    const [older, newer] = [await gateway(cluster, 10, { isOlder: true }), await gateway(cluster, 11)];
    await reserve(newer, WEB);
    await settle();
    await reserve(older, { removed: 'web' });
    await settle();
    cluster.isWatchStalled = true;
    await reserve(older, WEB);

    expect(await reserve(newer, SSH)).toBe('conflict');
    expect(newer.reservations.ofHardware(CARD)?.id).toBe('web');
  });

  test.each(['', ' ', '{"id":'])(
    'text in the key that names no reservation stops nobody: %j',
    async (text) => {
      const cluster = new MemoryCluster();
      const store = await gateway(cluster, 10);
      const key = KEYS.ofIdentity(`mac ${hardwareToText(CARD)}`);
      cluster.transact({
        compare: [],
        success: [{ kind: 'put', key, value: Buffer.from(text) }],
        failure: [],
      });
      await settle();

      expect(await reserve(store, WEB)).toBe('committed');
      expect(holdersIn(cluster)).toEqual({ [`mac ${hardwareToText(CARD)}`]: 'web' });
    },
  );

  test.each([true, false])(
    'of two of one card, each by a gateway that has not heard of the other, all take the one made first; it was written first: %s',
    async (isFirstWritten) => {
      const cluster = new MemoryCluster();
      const older = { isOlder: true };
      const [one, other] = [await gateway(cluster, 10, older), await gateway(cluster, 11, older)];
      const first = reservationOf('r2', '10.15.3.24', { macs: [CARD], createdAt: instant(1000) });
      const late = reservationOf('r1', '10.15.3.201', { macs: [CARD], createdAt: instant(2000) });
      cluster.isWatchStalled = true;
      const [mine, theirs] = isFirstWritten ? [first, late] : [late, first];
      const outcomes = [await reserve(one, mine), await reserve(other, theirs)];

      cluster.isWatchStalled = false;
      cluster.deliver();
      await settle();

      expect(outcomes).toEqual(['committed', 'committed']);
      for (const { reservations } of [one, other, await gateway(cluster, 12)])
        expect(reservations.ofHardware(CARD)?.id).toBe('r2');
      // The pair is named everywhere, until one of the two is gone, whichever it is.
      for (const { reservations } of [one, other, await gateway(cluster, 12)]) {
        const problem = rivalProblem(reservations.rivalries());
        expect(problem?.message).toContain(
          `the card ${hardwareToText(CARD)} is of r2 (10.15.3.24), which was made first and counts, and of r1 (10.15.3.201), which does not`,
        );
        expect(problem?.remedy).toContain('`vps-gateway reservations remove r1`');
      }
      // Either of the two can be removed by a gateway of this version, whichever was written last.
      const newer = await gateway(cluster, 13);
      expect(await reserve(newer, { ...first, note: 'kept' })).toBe('committed');
      expect(await reserve(newer, { removed: 'r1' })).toBe('committed');
      expect(rivalProblem(newer.reservations.rivalries())).toBeUndefined();
      expect(holdersIn(cluster)).toEqual({ [`mac ${hardwareToText(CARD)}`]: 'r2' });
    },
  );
});

describe('a gateway that joins with reservations of its own', () => {
  const mirrorWith = (record: Reservation) => {
    const mirror = new MemoryMirror();
    mirror.putReservation({ id: record.id, before: undefined, after: { ...record, version: 3 }, reason: '' });
    return mirror;
  };

  test('writes the keys of their cards too', async () => {
    const cluster = new MemoryCluster();
    await gateway(cluster, 10, { mirror: mirrorWith(WEB) });

    expect(holdersIn(cluster)).toEqual({ [`mac ${hardwareToText(CARD)}`]: 'web' });
  });

  test.each([true, false])(
    'keeps none whose card has one in etcd, written by an older version: %s',
    async (isOlder) => {
      const cluster = new MemoryCluster();
      const first = await gateway(cluster, 10, { isOlder });
      await reserve(first, WEB);

      const joined = await gateway(cluster, 11, { mirror: mirrorWith(SSH) });

      for (const { reservations } of [first, joined])
        expect([...reservations.all()].map(({ id }) => id)).toEqual(['web']);
    },
  );
});
