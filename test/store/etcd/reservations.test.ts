import { describe, expect, test, vi } from 'vitest';
import { instant } from '../../../src/lease/lease.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { EtcdError } from '../../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { MemoryMirror } from '../../support/memory-mirror.ts';
import { reservationOf } from '../../support/reservations.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import {
  address,
  at,
  bind,
  changeOf,
  client,
  hardware,
  POOL,
  reservationChange,
  reserve,
  take,
  together,
} from '../changes.ts';
import { reservationContract } from '../reservation.contract.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const WEB = reservationOf('web', '10.15.3.20', { macs: [hardware(1)], note: 'a note' });

async function gateway(
  cluster: MemoryCluster,
  place = 10,
  mirror = new MemoryMirror(),
  inFlight: ReadonlySet<Ipv4> = new Set<Ipv4>(),
): Promise<EtcdStore> {
  const etcd = cluster.connect();
  if (!cluster.isDown) await beginSegment(etcd);
  return openSharedStore({ etcd, clock: new FakeClock(), place, mirror, inFlight });
}

reservationContract('etcd', (inFlight) => gateway(new MemoryCluster(), 10, new MemoryMirror(), inFlight));

describe('two gateways on one etcd', () => {
  test.each([true, false])(
    'one that is removed for good while a gateway is away stops nobody when that one returns; its address had a lease: %s',
    async (hadLease) => {
      const cluster = new MemoryCluster();
      const mirror = new MemoryMirror();
      const first = await gateway(cluster);
      const away = await gateway(cluster, 11, mirror);
      if (hadLease) await bind(first, { client: 1, address: A });
      await reserve(first, WEB);
      await settle();
      await away.close();
      await reserve(first, { removed: 'web' });

      const back = await gateway(cluster, 11, mirror);

      expect([first, back].map(({ leases }) => leases.canPromise)).toEqual([true, true]);
      expect(mirror.reservations()).toEqual([]);
      expect(await bind(back, { client: 2, address: B })).toBe('committed');
    },
  );

  test('two that take each other’s address by one change have it at both gateways, and no key has it twice', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await reserve(first, WEB);
    await reserve(first, reservationOf('ssh', '10.15.3.21', { macs: [hardware(2)] }));
    await settle();
    const swapped = () =>
      together(
        reservationChange(second, { ...WEB, address: B }),
        reservationChange(second, reservationOf('ssh', '10.15.3.20', { macs: [hardware(2)] })),
      );

    expect(await take(second, swapped())).toBe('committed');
    await settle();

    for (const { reservations } of [first, second])
      expect([reservations.at(A)?.id, reservations.at(B)?.id]).toEqual(['ssh', 'web']);
    const stale = swapped();
    expect(await bind(first, { client: 1, address: A })).toBe('committed');
    expect(await take(second, stale)).toBe('conflict');
  });

  test('one of an address that a client has left, whose lease there nobody has ended yet, leaves the client at its new address', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await bind(first, { client: 1, address: A });
    await bind(first, { client: 1, address: B });

    await reserve(first, { ...WEB, macs: [hardware(2)] });
    await settle();
    const later = await gateway(cluster, 12);

    for (const { leases } of [first, second, later]) {
      expect(leases.bindingOf(client(1))?.address).toBe(B);
      expect(leases.recordAt(A)?.state).toBe('free');
    }
    await reserve(second, { removed: 'web' });
    await settle();
    for (const { leases } of [first, second, later]) expect(leases.bindingOf(client(1))?.address).toBe(B);
  });

  test('one of an address that is leased to another client leaves that lease as it is', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await bind(first, { client: 1, address: A });

    await reserve(second, { ...WEB, macs: [hardware(2)] });
    await settle();

    for (const { leases } of [first, second])
      expect(leases.bindingOf(client(1))).toMatchObject({ address: A, state: 'bound' });
  });

  test('a backup of etcd from before a reservation was made is known by a gateway that has seen it', async () => {
    const cluster = new MemoryCluster();
    const mirror = new MemoryMirror();
    const first = await gateway(cluster, 10, mirror);
    const backup = new MemoryCluster();
    for (const [key, value] of cluster.keys) if (!key.includes('/gw/')) backup.keys.set(key, value);
    backup.revision = cluster.revision;
    await reserve(first, WEB);
    await settle();

    const again = await gateway(backup, 10, mirror);

    expect(again.leases.canPromise).toBe(false);
    expect(again.failure).toContain('web');
  });

  test('a reservation made at one is known at the other, and in both mirrors, with the same version and why', async () => {
    const cluster = new MemoryCluster();
    const mirrors = [new MemoryMirror(), new MemoryMirror()];
    const [first, second] = [await gateway(cluster, 10, mirrors[0]), await gateway(cluster, 11, mirrors[1])];

    expect(await reserve(first, WEB, { by: { author: 'ann' } })).toBe('committed');
    await settle();

    expect(second.reservations.ofHardware(hardware(1))).toEqual(first.reservations.get(WEB.id));
    expect(second.leases.longestFree(POOL)).toBe(B);
    for (const mirror of mirrors) {
      expect(mirror.reservations()).toEqual([first.reservations.get(WEB.id)]);
      expect(mirror.reservationChanges.map(({ reason }) => reason)).toEqual(['reserved-by-operator by ann']);
    }
    await reserve(second, { removed: 'web' });
    await settle();
    expect([first.reservations.isEmpty, ...mirrors.map((mirror) => mirror.reservations().length)]).toEqual([
      true,
      0,
      0,
    ]);
    expect(first.leases.longestFree(POOL)).toBe(A);
  });

  test('of a lease and a reservation of one address at one moment one wins, and the other knows it, without the watch', async () => {
    for (const isLeaseFirst of [true, false]) {
      const cluster = new MemoryCluster();
      const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
      cluster.isWatchStalled = true;
      const lease = () => take(second, changeOf(second.leases, { client: 2, address: A }));
      const reservation = () => take(first, reservationChange(first, WEB));

      const outcomes = isLeaseFirst
        ? [await lease(), await reservation()]
        : [await reservation(), await lease()];

      expect(outcomes).toEqual(['committed', 'conflict']);
      if (isLeaseFirst) expect(first.leases.at(A)?.client).toBe(client(2));
      else expect(second.reservations.at(A)?.id).toBe('web');
    }
  });

  test('a lease that was decided by a reservation as it was before conflicts with its change', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await reserve(first, WEB);
    await settle();
    cluster.isWatchStalled = true;
    await reserve(first, { ...WEB, macs: [hardware(2)] });

    expect(await take(second, changeOf(second.leases, { client: 1, address: A }))).toBe('conflict');
  });

  test('of two that reserve one address, or under one id, one wins', async () => {
    for (const other of [reservationOf('other', '10.15.3.20'), reservationOf('web', '10.15.3.21')]) {
      const cluster = new MemoryCluster();
      const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
      cluster.isWatchStalled = true;

      const outcomes = [await reserve(first, WEB), await reserve(second, other)];

      expect(outcomes).toEqual(['committed', 'conflict']);
      expect(second.reservations.get(WEB.id)?.address).toBe(A);
    }
  });

  test('an address that is reserved is granted to nobody while the reservation itself is not known', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await bind(second, { client: 2, address: A, state: 'free' });
    cluster.isWatchStalled = true;
    await reserve(first, WEB);

    const outcomes = [];
    for (let attempt = 0; attempt < 3; attempt += 1)
      outcomes.push(await take(second, changeOf(second.leases, { client: 2, address: A })));

    // It may be granted again only to whom the reservation, which is known by then, is for: that the engine decides.
    expect(outcomes[0]).toBe('conflict');
    expect(second.reservations.at(A)?.id).toBe('web');
  });

  test('an address whose reservation has gone to another card is not granted by what the reservation was: the conflict brings both keys', async () => {
    const cluster = new MemoryCluster();
    const etcd = cluster.connect();
    const [first, second] = [
      await gateway(cluster),
      await openSharedStore({ etcd, clock: new FakeClock(), place: 11, mirror: new MemoryMirror() }),
    ];
    await reserve(first, WEB);
    await settle();
    cluster.isWatchStalled = true;
    await reserve(first, { ...WEB, macs: [hardware(2)] });
    // The conflict brings the address's own key, and nothing more can be asked of etcd then.
    vi.spyOn(etcd, 'range').mockRejectedValue(new EtcdError('unknown', 'no answer'));

    const outcome = await take(second, changeOf(second.leases, { client: 1, address: A }));

    // Whoever decides again does it by the reservation as it is.
    expect(outcome).toBe('conflict');
    expect(second.reservations.at(A)?.macs).toEqual([hardware(2)]);
  });

  test('a lease of the address stays as it is under the reservation, and the mark stays over leases', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    await bind(second, { client: 2, address: A, hostname: 'two' });
    await settle();

    expect(await reserve(first, WEB)).toBe('committed');
    await settle();
    expect(second.leases.at(A)).toMatchObject({ client: client(2), state: 'bound' });
    expect(await bind(second, { client: 2, address: A, state: 'free', reason: 'released' })).toBe(
      'committed',
    );
    await settle();
    expect(await bind(first, { client: 1, address: A })).toBe('committed');
    await settle();

    const third = await gateway(cluster, 12);
    expect(third.reservations.at(A)?.id).toBe('web');
    expect(await reserve(third, reservationOf('other', '10.15.3.20'))).toBe('conflict');
    expect(await reserve(first, { ...WEB, address: B, retiredUntil: instant(at(9)) })).toBe('committed');
    await settle();
    expect(await reserve(third, reservationOf('other', '10.15.3.20'))).toBe('committed');
  });

  test('a reservation is there with the mirror while etcd does not answer', async () => {
    const cluster = new MemoryCluster();
    const mirror = new MemoryMirror();
    await reserve(await gateway(cluster, 10, mirror), WEB);
    cluster.isDown = true;

    const again = await gateway(cluster, 10, mirror);

    expect(again.reservations.ofHardware(hardware(1))?.id).toBe('web');
    expect(await reserve(again, { ...WEB, note: 'x' })).toBe('failed');
  });

  test('text in its key that no version has written is not overwritten, and the reservation holds as before', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    await reserve(first, WEB);
    const etcd = cluster.connect();
    const key = '/vps-gateway/tenant-1/rs/web';
    await etcd.transact({
      compare: [],
      success: [{ kind: 'put', key, value: Buffer.from('by hand') }],
      failure: [],
    });
    await settle();

    expect(first.reservations.at(A)?.id).toBe('web');
    expect(await reserve(first, { ...WEB, note: 'x' })).toBe('conflict');
  });

  test('an id may have any characters', async () => {
    const cluster = new MemoryCluster();
    const [first, second] = [await gateway(cluster), await gateway(cluster, 11)];
    const id = 'a/b ü%2F' as OutsideId;
    await reserve(first, { ...WEB, id });
    await settle();

    expect(second.reservations.get(id)?.address).toBe(A);
  });
});

test('reservations of a gateway that shared nothing come along when it joins', async () => {
  const own = new MemoryMirror();
  own.putReservation({ id: WEB.id, before: undefined, after: { ...WEB, version: 3 }, reason: '' });

  const joined = await gateway(new MemoryCluster(), 10, own);

  expect(joined.reservations.get(WEB.id)).toMatchObject({ address: A, note: 'a note' });
  expect(joined.leases.longestFree(POOL)).toBe(B);
  expect(await bind(joined, { client: 1, address: A })).toBe('committed');
});
