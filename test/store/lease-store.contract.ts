import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INFINITE_SECONDS, type Lease, NEVER } from '../../src/lease/lease.ts';
import type { AddressRange } from '../../src/lease/lease-view.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { NO_IDS } from '../../src/lease/outside-ids.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';
import { address, at, bind, changeOf, client, hardware, offer, POOL, take, withdraw } from './changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');

/** A record in all but its version, which a shared store counts for whatever is written about its address. */
function asItWas(record: Lease | undefined): object {
  return { ...record, version: expect.any(Number) };
}

/** Everything a LeaseStore promises. Each implementation runs all of it. `own`: what it has for this gateway. */
export function leaseStoreContract(
  name: string,
  open: (inFlight: Set<Ipv4>) => Promise<LeaseStore>,
  own = UNSPECIFIED,
): void {
  describe(`the ${name} store keeps the contract of all lease stores`, () => {
    let store: LeaseStore;
    let inFlight: Set<Ipv4>;

    beforeEach(async () => {
      inFlight = new Set();
      store = await open(inFlight);
    });
    afterEach(() => store.close());

    describe('commit', () => {
      it('an empty store knows nothing and may promise', () => {
        expect(store.leases.at(A)).toBeUndefined();
        expect(store.leases.bindingOf(client(1))).toBeUndefined();
        expect(store.leases.offerTo(client(1))).toBeUndefined();
        expect(store.leases.canPromise).toBe(true);
        expect(store.failure).toBeUndefined();
        expect(store.lastStoredAt).toBe(0);
        expect(store.depth).toBeGreaterThanOrEqual(1);
        expect(store.batchLimit).toBeGreaterThanOrEqual(64);
      });

      it('a committed binding is found by its address and by its client', async () => {
        const outcome = await bind(store, { client: 1, address: A, at: at(5), expiresAt: at(605) });

        const lease = store.leases.at(A);
        expect(outcome).toBe('committed');
        expect(lease).toEqual({
          address: A,
          client: client(1),
          hardware: hardware(1),
          granter: own,
          state: 'bound',
          expiresAt: at(605),
          updatedAt: at(5),
          leaseSeconds: 600,
          version: expect.any(Number),
        });
        expect(store.leases.bindingOf(client(1))).toEqual(lease);
        expect(store.lastStoredAt).toBe(at(5));
      });

      it.each([
        ['a day', at(86_400), 86_400],
        ['no end', NEVER, INFINITE_SECONDS],
        ['a length that is not known', at(600), 0],
      ])('a lease of %s has its length, and its renewal its own', async (_, expiresAt, leaseSeconds) => {
        await bind(store, { client: 1, address: A, expiresAt, leaseSeconds });
        expect(store.leases.at(A)).toMatchObject({ expiresAt, leaseSeconds });

        await bind(store, { client: 1, address: A, at: at(9), expiresAt: at(69) });
        expect(store.leases.at(A)).toMatchObject({ expiresAt: at(69), leaseSeconds: 60 });
      });

      it('an offer and a quarantine have their lengths; what is free has none', async () => {
        await offer(store, { client: 1, address: A, expiresAt: at(60) });
        await bind(store, { client: 2, address: B, state: 'declined', expiresAt: at(600) });
        await bind(store, { client: 3, address: C });
        await bind(store, { client: 3, address: C, at: at(9), state: 'free' });

        expect([A, B, C].map((each) => store.leases.at(each)?.leaseSeconds)).toEqual([60, 600, 0]);
      });

      it('every committed change has a version above all before it', async () => {
        const versions = [store.leases.revision];
        for (const seconds of [0, 10, 20]) {
          await bind(store, { client: 1, address: A, at: at(seconds) });
          versions.push(store.leases.at(A)?.version ?? 0);
        }

        expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
        expect(store.leases.revision).toBeGreaterThanOrEqual(versions.at(-1) ?? 0);
      });

      it.each([
        ['that there is no record where there is one', { client: 2, address: A, expectedVersion: 0 }],
        ['a record where there is none', { client: 2, address: B, expectedVersion: 1 }],
        ['an older version of the record', { client: 2, address: A, expectedVersion: 1 }],
        [
          'that the client has no binding when it has one',
          { client: 1, address: B, expectedBindingVersion: 0 },
        ],
        ['a binding of a client that has none', { client: 2, address: B, expectedBindingVersion: 1 }],
        ['an older version of the binding', { client: 1, address: B, expectedBindingVersion: 1 }],
      ])('a change that rests on %s is a conflict and writes nothing', async (_, wish) => {
        await bind(store, { client: 1, address: A });
        await bind(store, { client: 1, address: A, at: at(1) });
        const before = [store.leases.at(A), store.leases.at(B)];

        const outcome = await bind(store, wish);

        expect(outcome).toBe('conflict');
        expect([store.leases.at(A), store.leases.at(B)]).toEqual(before);
      });

      it('the writes of a change happen together', async () => {
        await bind(store, { client: 1, address: A });

        const outcome = await bind(
          store,
          { client: 1, address: B, at: at(9), reason: 'moved' },
          { client: 1, address: A, state: 'free', at: at(9) },
        );

        expect(outcome).toBe('committed');
        expect(store.leases.at(A)).toMatchObject({ state: 'free', client: client(1) });
        expect(store.leases.at(B)).toMatchObject({ state: 'bound', client: client(1) });
        expect(store.leases.bindingOf(client(1))?.address).toBe(B);
      });

      it('the order of the writes of a move does not matter', async () => {
        await bind(store, { client: 1, address: A });

        await bind(
          store,
          { client: 1, address: A, state: 'free', at: at(9), reason: 'moved' },
          { client: 1, address: B, at: at(9) },
        );

        expect(store.leases.bindingOf(client(1))?.address).toBe(B);
      });

      it('or not at all: one write that has moved holds back the other', async () => {
        await bind(store, { client: 1, address: A });
        await bind(store, { client: 2, address: B });

        const outcome = await bind(
          store,
          { client: 1, address: C, reason: 'moved' },
          { client: 1, address: B, state: 'precondition-only', expectedVersion: 1 },
        );

        expect(outcome).toBe('conflict');
        expect(store.leases.at(C)).toBeUndefined();
      });

      it('changes of a batch are judged one by one, and the outcomes are in their order', async () => {
        await bind(store, { client: 9, address: B });

        const outcomes = await store.commit([
          changeOf(store.leases, { client: 1, address: A }),
          changeOf(store.leases, { client: 2, address: B, expectedVersion: 0 }),
          changeOf(store.leases, { client: 3, address: C }),
        ]);

        expect(outcomes).toEqual(['committed', 'conflict', 'committed']);
        expect(store.leases.at(A)?.client).toBe(client(1));
        expect(store.leases.at(B)?.client).toBe(client(9));
        expect(store.leases.at(C)?.client).toBe(client(3));
      });

      it('a write "precondition-only" is compared and leaves the record as it was', async () => {
        await bind(store, { client: 2, address: B });
        const before = store.leases.at(B);

        const outcome = await bind(
          store,
          { client: 1, address: A },
          { client: 1, address: B, state: 'precondition-only' },
        );

        expect(outcome).toBe('committed');
        expect(store.leases.at(B)).toEqual(before);
      });

      it('takes as many changes at once as it says', async () => {
        const leases = store.leases;
        const changes = Array.from({ length: store.batchLimit }, (_, index) =>
          changeOf(leases, { client: index, address: (A + index) as Ipv4 }),
        );

        const outcomes = await store.commit(changes);

        expect(outcomes).toEqual(changes.map(() => 'committed'));
        expect(changes.every((change) => leases.bindingOf(change.client)?.state === 'bound')).toBe(true);
      });
    });

    describe('whose an address is', () => {
      it.each(['free', 'declined', 'peer'] as const)('a %s record names its last client', async (state) => {
        await bind(store, { client: 1, address: A });
        await bind(store, { client: 1, address: A, state, at: at(5) });

        expect(store.leases.at(A)).toMatchObject({ state, client: client(1) });
        expect(store.leases.bindingOf(client(1))).toEqual(store.leases.at(A));
      });

      it('a client whose address went to another one has no binding', async () => {
        await bind(store, { client: 1, address: A });
        await bind(store, { client: 2, address: A, at: at(9000) });

        expect(store.leases.bindingOf(client(1))).toBeUndefined();
        expect(store.leases.bindingOf(client(2))?.address).toBe(A);
      });

      it('unless another record still names it', async () => {
        await bind(store, { client: 1, address: A });
        await bind(
          store,
          { client: 1, address: B, reason: 'moved' },
          { client: 1, address: A, state: 'free' },
        );
        await bind(store, { client: 2, address: B, at: at(9000) });

        expect(store.leases.bindingOf(client(1))).toEqual(store.leases.at(A));
      });

      it('a live binding is the one that counts, whatever was written after it', async () => {
        await bind(store, { client: 1, address: A });
        await bind(store, { client: 2, address: B, holder: 1, state: 'declined', reason: 'address-in-use' });

        expect(store.leases.bindingOf(client(1))?.address).toBe(A);
      });

      it('of several ended ones the newest counts', async () => {
        for (const where of [A, B, C]) {
          await bind(store, { client: 1, address: where });
          await bind(store, { client: 1, address: where, state: 'free', reason: 'released' });
        }

        expect(store.leases.bindingOf(client(1))?.address).toBe(C);
      });
    });

    describe('the ids of a lease', () => {
      const IDS = { vpsId: '104' as OutsideId, organizationId: 'org-1' as OutsideId };
      const idsAt = (where: Ipv4) => store.leases.at(where)?.ids;

      it('are there with the lease, and stay while the address names its client', async () => {
        await bind(store, { client: 1, address: A, ids: IDS });
        await bind(store, { client: 2, address: B });
        expect([idsAt(A), idsAt(B)]).toEqual([IDS, undefined]);

        await bind(store, { client: 1, address: A, at: at(10) });
        expect(idsAt(A)).toEqual(IDS);
        await bind(store, { client: 1, address: A, at: at(20), state: 'free' });
        expect(idsAt(A)).toEqual(IDS);
        expect(store.leases.bindingOf(client(1))?.ids).toEqual(IDS);
      });

      it('go when the address names another client', async () => {
        await bind(store, { client: 1, address: A, ids: IDS });
        await bind(store, { client: 1, address: A, at: at(10), state: 'free' });

        await bind(store, { client: 2, address: A, at: at(20) });

        expect(idsAt(A)).toBeUndefined();
      });

      it('are replaced as a whole, and end where a write says that there are none', async () => {
        await bind(store, { client: 1, address: A, ids: IDS });

        await bind(store, { client: 1, address: A, at: at(10), ids: { vpsId: '105' as OutsideId } });
        expect(idsAt(A)).toEqual({ vpsId: '105' });
        await bind(store, { client: 1, address: A, at: at(20), ids: NO_IDS });
        expect(idsAt(A)).toBeUndefined();
      });

      it('of an offer are its own; a record beneath it keeps those that it has', async () => {
        await bind(store, { client: 2, address: A, ids: IDS });
        await bind(store, { client: 2, address: A, at: at(5), state: 'free' });
        await offer(store, { client: 1, address: A, at: at(10) });
        expect(idsAt(A)).toBeUndefined();

        await withdraw(store, { client: 1, address: A, at: at(20) });

        expect(idsAt(A)).toEqual(IDS);
      });
    });

    describe('offers', () => {
      it('an offer is seen at its address and by its client, and is no binding', async () => {
        const outcome = await offer(store, { client: 1, address: A, expiresAt: at(30) });

        expect(outcome).toBe('committed');
        expect(store.leases.at(A)).toMatchObject({ state: 'offered', client: client(1), expiresAt: at(30) });
        expect(store.leases.offerTo(client(1))).toEqual(store.leases.at(A));
        expect(store.leases.bindingOf(client(1))).toBeUndefined();
      });

      it('an offer moves the revision, and a change that rests on what was there before is a conflict', async () => {
        await bind(store, { client: 2, address: A, state: 'free' });
        const stale = changeOf(store.leases, { client: 3, address: A });
        const before = store.leases.revision;

        await offer(store, { client: 1, address: A });

        expect(store.leases.revision).toBeGreaterThan(before);
        expect(await take(store, stale)).toBe('conflict');
      });

      it('a withdrawn offer shows the record beneath it again', async () => {
        await bind(store, { client: 2, address: A, state: 'free' });
        const record = store.leases.at(A);
        await offer(store, { client: 1, address: A });

        const outcome = await withdraw(store, { client: 1, address: A });

        expect(outcome).toBe('committed');
        expect(store.leases.at(A)).toEqual(asItWas(record));
        expect(store.leases.offerTo(client(1))).toBeUndefined();
        expect(store.leases.bindingOf(client(2))).toEqual(store.leases.at(A));
      });

      it('a withdrawn offer of an address without a record leaves nothing', async () => {
        await offer(store, { client: 1, address: A });
        await withdraw(store, { client: 1, address: A });

        expect(store.leases.at(A)).toBeUndefined();
        expect(store.leases.bindingOf(client(1))).toBeUndefined();
      });

      it('the binding of an offered address ends the offer', async () => {
        await offer(store, { client: 1, address: A });
        await bind(store, { client: 1, address: A });

        expect(store.leases.at(A)?.state).toBe('bound');
        expect(store.leases.offerTo(client(1))).toBeUndefined();
      });

      it('a binding that frees the offer of another address leaves the record beneath that one as it was', async () => {
        await bind(store, { client: 2, address: B, state: 'free' });
        const record = store.leases.at(B);
        await offer(store, { client: 1, address: B });

        await bind(store, { client: 1, address: A }, { client: 1, address: B, state: 'free' });

        expect(store.leases.at(B)).toEqual(asItWas(record));
        expect(store.leases.bindingOf(client(1))?.address).toBe(A);
        expect(store.leases.bindingOf(client(2))).toEqual(store.leases.at(B));
      });

      it('a client that gives back its binding while it is offered again has neither', async () => {
        await bind(store, { client: 1, address: A });
        await offer(store, { client: 1, address: A });

        await bind(store, { client: 1, address: A, state: 'free', reason: 'released' });

        expect(store.leases.at(A)?.state).toBe('free');
        expect(store.leases.offerTo(client(1))).toBeUndefined();
      });

      it('a client has one offer: a new one ends the old one', async () => {
        await offer(store, { client: 1, address: A });
        await offer(store, { client: 1, address: B });

        expect(store.leases.offerTo(client(1))?.address).toBe(B);
        expect(store.leases.at(A)).toBeUndefined();
      });

      it('an address has one offer: who takes it over has it alone', async () => {
        await offer(store, { client: 1, address: A });
        await offer(store, { client: 2, address: A });

        expect(store.leases.offerTo(client(1))).toBeUndefined();
        expect(store.leases.at(A)?.client).toBe(client(2));
      });
    });

    describe('checks', () => {
      it('one that holds writes nothing', async () => {
        await bind(store, { client: 2, address: A });
        const before = store.leases.at(A);

        const check = { kind: 'check', client: 1, address: A, state: 'precondition-only' } as const;
        const outcome = await bind(store, check);

        expect(outcome).toBe('committed');
        expect(store.leases.at(A)).toEqual(before);
      });

      it('one that has been overtaken is a conflict', async () => {
        const check = changeOf(store.leases, {
          kind: 'check',
          client: 1,
          address: A,
          state: 'precondition-only',
        });
        await bind(store, { client: 2, address: A });

        expect(await take(store, check)).toBe('conflict');
      });
    });

    describe('which address is free', () => {
      const take3 = async () => {
        for (const number of [0, 1, 2]) await bind(store, { client: number, address: (A + number) as Ipv4 });
      };
      const small: AddressRange = { first: A, last: C, excluded: new Set() };

      it('those never used come first, from the lowest', async () => {
        expect(store.leases.longestFree(POOL)).toBe(A);
        await bind(store, { client: 1, address: A });
        expect(store.leases.longestFree(POOL)).toBe(B);
        await bind(store, { client: 1, address: A, state: 'free' });
        expect(store.leases.longestFree(POOL)).toBe(B);
      });

      it('then the one that has been free longest', async () => {
        expect(store.leases.longestFree(small)).toBe(A);
        await take3();
        expect(store.leases.longestFree(small)).toBeUndefined();

        await bind(store, { client: 1, address: B, state: 'free' });
        await bind(store, { client: 0, address: A, state: 'free' });

        expect(store.leases.longestFree(small)).toBe(B);
        await bind(store, { client: 7, address: B });
        expect(store.leases.longestFree(small)).toBe(A);
      });

      it('is the same whether the store was asked before or not', async () => {
        await take3();
        await bind(store, { client: 1, address: B, state: 'free' });
        await bind(store, { client: 0, address: A, state: 'free' });

        expect(store.leases.longestFree(small)).toBe(B);
      });

      it('never one that is excluded, on offer, in flight or in quarantine', async () => {
        const range = { ...POOL, excluded: new Set([A]) };
        await offer(store, { client: 1, address: B });
        inFlight.add(C);
        await bind(store, { client: 3, address: address('10.15.3.23'), state: 'declined' });

        expect(store.leases.longestFree(range)).toBe(address('10.15.3.24'));
        expect(store.leases.isInFlight(C)).toBe(true);
        expect(store.leases.isInFlight(B)).toBe(false);
      });

      it('in a range that was prepared, also what has changed meanwhile', async () => {
        expect(store.prepare([small])).toBe(false);
        await bind(store, { client: 1, address: A });
        while (!store.prepare([small]));
        await bind(store, { client: 2, address: B });

        expect(store.leases.longestFree(small)).toBe(C);
      });

      it('an address whose offer was withdrawn is free again', async () => {
        expect(store.leases.longestFree(POOL)).toBe(A);
        await offer(store, { client: 1, address: A });
        expect(store.leases.longestFree(POOL)).toBe(B);
        await withdraw(store, { client: 1, address: A });

        expect(store.leases.longestFree(POOL)).toBe(A);
      });

      it('the oldest offer of a range is one that is not in flight', async () => {
        expect(store.leases.oldestOffer(POOL)).toBeUndefined();
        await offer(store, { client: 1, address: B });
        await offer(store, { client: 2, address: A });
        await offer(store, { client: 3, address: address('10.15.4.1') });

        expect(store.leases.oldestOffer(POOL)?.address).toBe(B);
        inFlight.add(B);
        expect(store.leases.oldestOffer(POOL)?.address).toBe(A);
        inFlight.add(A);
        expect(store.leases.oldestOffer(POOL)).toBeUndefined();
      });

      it('an offer that is made again becomes the newest', async () => {
        await offer(store, { client: 1, address: A });
        await offer(store, { client: 2, address: B });
        await offer(store, { client: 1, address: A, at: at(3) });

        expect(store.leases.oldestOffer(POOL)?.address).toBe(B);
      });

      it('an offer of its own live lease to a client does not give way', async () => {
        await bind(store, { client: 1, address: A, expiresAt: at(100) });
        await offer(store, { client: 1, address: A, at: at(50) });
        expect(store.leases.oldestOffer(POOL)).toBeUndefined();

        await offer(store, { client: 1, address: A, at: at(100) });
        expect(store.leases.oldestOffer(POOL)?.address).toBe(A);
      });
    });

    describe('sweep', () => {
      it('names what has run out, and nothing else', async () => {
        await bind(store, { client: 1, address: A, expiresAt: at(10) });
        await bind(store, { client: 2, address: B, expiresAt: at(11) });
        await bind(store, { client: 3, address: C, state: 'declined', expiresAt: at(10) });
        await bind(store, { client: 4, address: address('10.15.3.23'), state: 'free', expiresAt: at(0) });
        await bind(store, { client: 5, address: address('10.15.3.24'), state: 'peer', expiresAt: at(0) });

        const expired = store.sweep(at(10), 64).map((lease) => lease.address);

        expect(expired.sort()).toEqual([A, C]);
      });

      it('goes on where it ended, and begins again', async () => {
        for (const number of [0, 1, 2]) await bind(store, { client: number, address: (A + number) as Ipv4 });
        const pieces = [1, 2, 3, 4, 5].map(() => store.sweep(at(9999), 1).map((lease) => lease.address));

        expect(pieces.flat().slice(0, 3).sort()).toEqual([A, B, C]);
        expect(pieces.flat().length).toBeGreaterThan(3);
      });

      it('leaves what is in flight', async () => {
        await bind(store, { client: 1, address: A, expiresAt: at(10) });
        inFlight.add(A);

        expect(store.sweep(at(20), 64)).toEqual([]);
      });

      it('drops offers that have run out, unless they are in flight', async () => {
        await offer(store, { client: 1, address: A, expiresAt: at(10) });
        await offer(store, { client: 2, address: B, expiresAt: at(10) });
        await offer(store, { client: 3, address: C, expiresAt: at(11) });
        inFlight.add(B);

        store.sweep(at(10), 64);

        expect(store.leases.at(A)).toBeUndefined();
        expect(store.leases.at(B)?.state).toBe('offered');
        expect(store.leases.at(C)?.state).toBe('offered');
      });
    });
  });
}
