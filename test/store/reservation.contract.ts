import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instant } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';
import { reservationOf } from '../support/reservations.ts';
import {
  address,
  at,
  bind,
  changeOf,
  hardware,
  POOL,
  reservationChange,
  reserve,
  take,
  together,
} from './changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const WEB = 'web' as OutsideId;

/** All that a LeaseStore promises of reservations. Each implementation runs all of it. */
export function reservationContract(
  name: string,
  open: (inFlight: ReadonlySet<Ipv4>) => Promise<LeaseStore>,
): void {
  describe(`reservations in the ${name} store`, () => {
    let store: LeaseStore;

    beforeEach(async () => {
      store = await open(new Set());
    });
    afterEach(() => store.close());

    it('one that is committed is there, with a version, and its address in no order of free ones', async () => {
      const record = reservationOf('web', '10.15.3.20', { macs: [hardware(1)], hostname: 'web' });

      expect(store.reservations.isEmpty).toBe(true);
      expect(await reserve(store, record)).toBe('committed');

      const found = store.reservations.get(WEB);
      expect(found).toEqual({ ...record, version: found?.version });
      expect(found?.version).toBeGreaterThan(0);
      expect(store.reservations.ofHardware(hardware(1))).toBe(found);
      expect(store.reservations.at(A)).toBe(found);
      expect(store.leases.longestFree(POOL)).toBe(B);
      expect(store.leases.occupancy(POOL)).toMatchObject({ reserved: 1 });
      expect(store.leases.at(A)).toBeUndefined();
    });

    it('each write makes another version; with another one than it expects it conflicts', async () => {
      await reserve(store, reservationOf('web', '10.15.3.20'));
      const first = store.reservations.get(WEB)?.version ?? 0;

      expect(await reserve(store, reservationOf('web', '10.15.3.20', { note: 'two' }))).toBe('committed');
      expect(store.reservations.get(WEB)?.version).toBeGreaterThan(first);
      const late = await reserve(store, reservationOf('web', '10.15.3.20'), { expectedVersion: first });
      expect([late, store.reservations.get(WEB)?.note]).toEqual(['conflict', 'two']);
      expect(await reserve(store, { removed: 'web' }, { expectedVersion: first })).toBe('conflict');
    });

    it('one that moves leaves its address free, and one that is removed is forgotten', async () => {
      await reserve(store, reservationOf('web', '10.15.3.20'));
      await reserve(store, reservationOf('web', '10.15.3.21'));
      expect([store.leases.longestFree(POOL), store.reservations.at(A)]).toEqual([A, undefined]);

      await reserve(store, { removed: 'web' });
      expect([store.reservations.isEmpty, store.reservations.get(WEB)]).toEqual([true, undefined]);
      expect(store.leases.occupancy(POOL)).toMatchObject({ reserved: 0, unused: 10 });
    });

    it('one that is retired keeps its address', async () => {
      const record = reservationOf('web', '10.15.3.20', { macs: [hardware(1)] });
      await reserve(store, record);
      await reserve(store, { ...record, retiredUntil: instant(at(0) + 1000) });

      expect(store.reservations.ofHardware(hardware(1))).toBeUndefined();
      expect(store.reservations.at(A)?.retiredUntil).toBe(at(1));
      expect(store.leases.longestFree(POOL)).toBe(B);
    });

    it('one conflicts if its address was leased since it was decided, and a lease does the other way round', async () => {
      const reservation = reservationChange(store, reservationOf('web', '10.15.3.20'));
      const lease = changeOf(store.leases, { client: 1, address: B });
      await bind(store, { client: 2, address: A });

      expect(await take(store, reservation)).toBe('conflict');
      expect(store.reservations.isEmpty).toBe(true);
      expect(await take(store, lease)).toBe('committed');
      expect(store.leases.at(B)?.state).toBe('bound');
    });

    it('of two in one commit that claim the same only the first is written', async () => {
      const macs = [hardware(1)];
      const one = reservationChange(store, reservationOf('one', '10.15.3.20', { macs }));
      const two = reservationChange(store, reservationOf('two', '10.15.3.21', { macs }));

      expect(await store.commit([one, two])).toEqual(['committed', 'conflict']);
      expect(store.reservations.get('two' as OutsideId)).toBeUndefined();
    });

    it('a ring of reservations that take each other’s address and card is written by one change', async () => {
      const ring = ['one', 'two', 'three'];
      const record = (index: number, place: number) =>
        reservationOf(ring[index] ?? '', `10.15.3.2${place % 3}`, { macs: [hardware(10 + (place % 3))] });
      for (const index of ring.keys()) await reserve(store, record(index, index));

      const turned = together(...ring.map((_, index) => reservationChange(store, record(index, index + 1))));

      expect(await take(store, turned)).toBe('committed');
      for (const [index, id] of ring.entries()) {
        const found = store.reservations.get(id as OutsideId);
        expect(found).toEqual({ ...record(index, index + 1), version: found?.version });
        expect(store.reservations.at(found?.address ?? A)).toBe(found);
        expect(store.reservations.ofHardware(hardware(10 + ((index + 1) % 3)))).toBe(found);
      }
      expect(store.leases.occupancy(POOL)).toMatchObject({ reserved: 3, unused: 7 });
    });

    it('of a change that gives one address to two, or what another has, nothing is written', async () => {
      await reserve(store, reservationOf('web', '10.15.3.20'));
      await reserve(store, reservationOf('other', '10.15.3.22'));
      const twice = ['web', 'new'].map((id) => reservationChange(store, reservationOf(id, '10.15.3.21')));
      const held = [
        reservationChange(store, reservationOf('web', '10.15.3.22')),
        reservationChange(store, reservationOf('new', '10.15.3.20')),
      ];

      expect(await take(store, together(...twice))).toBe('conflict');
      expect(await take(store, together(...held))).toBe('conflict');
      expect([store.reservations.size, store.reservations.get(WEB)?.address]).toEqual([2, A]);
    });

    it('they are committed beside leases', async () => {
      const one = reservationChange(store, reservationOf('one', '10.15.3.20'));
      const lease = changeOf(store.leases, { client: 2, address: B });

      expect(await store.commit([lease, one])).toEqual(['committed', 'committed']);
      expect(store.leases.at(B)?.state).toBe('bound');
      expect(store.reservations.at(A)?.id).toBe('one');
    });
  });
}
