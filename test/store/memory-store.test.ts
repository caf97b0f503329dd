import { describe, expect, it } from 'vitest';
import { memoryStore } from '../support/memory-store.ts';
import { address, bind, changeOf } from './changes.ts';
import { leaseStoreContract } from './lease-store.contract.ts';
import { reservationContract } from './reservation.contract.ts';

leaseStoreContract('memory', async (inFlight) => memoryStore({ inFlight }));
leaseStoreContract('memory, as a shared one', async (inFlight) => {
  return memoryStore({ inFlight, resolves: false, depth: 2, batchLimit: 64 });
});

reservationContract('memory', async (inFlight) => memoryStore({ inFlight }));

const A = address('10.15.3.20');

describe('the memory store as a test drives it', () => {
  it('a commit that is held ends when it is released, and memory moves only then', async () => {
    const store = memoryStore();
    store.script({ takes: 'until released' });
    const outcome = store.commit([changeOf(store.leases, { client: 1, address: A })]);

    expect(store.underWay).toBe(1);
    expect(store.leases.at(A)).toBeUndefined();
    expect(store.release()).toBe(true);
    expect(await outcome).toEqual(['committed']);
    expect(store.leases.at(A)?.state).toBe('bound');
    expect(store.release()).toBe(false);
  });

  it.each([
    ['conflict', 'conflict', false],
    ['failed', 'failed', false],
    ['unknown', 'unknown', false],
    ['unknown but written', 'unknown', true],
  ] as const)('a scripted %s', async (fate, outcome, written) => {
    const store = memoryStore();
    store.script({ fate });

    expect(await bind(store, { client: 1, address: A })).toBe(outcome);
    expect(store.leases.at(A) !== undefined).toBe(written);
  });

  it('compares when the commit ends: what somebody else wrote meanwhile is a conflict', async () => {
    const store = memoryStore();
    store.script({ takes: 'until released' });
    const outcome = store.commit([changeOf(store.leases, { client: 1, address: A })]);
    store.applyForeign(changeOf(store.leases, { client: 2, address: A }));
    store.release();

    expect(await outcome).toEqual(['conflict']);
  });

  it('refuses a client or an address that is in two changes at once', () => {
    const store = memoryStore({ depth: 2 });
    store.otherwise({ takes: 'until released' });
    void store.commit([changeOf(store.leases, { client: 1, address: A })]);

    expect(() => store.commit([changeOf(store.leases, { client: 2, address: A })])).toThrow(
      'two changes at once',
    );
  });
});
