import { describe, expect, test } from 'vitest';
import type { LeaseCondition } from '../../../../src/store/sqlite/query/lease-conditions.ts';
import { LiveLeaseFile } from '../../../../src/store/sqlite/query/live-file.ts';
import { type LeaseSearchAt, searchLeasesAt } from '../../../../src/store/sqlite/query/search-leases-at.ts';
import { FakeClock } from '../../../support/clock.ts';
import { reservationOf } from '../../../support/reservations.ts';
import { address, at, bind, hardware, reserve } from '../../changes.ts';
import { openIn, temporaryDirectory } from '../temporary-store.ts';

const SIGNAL = new AbortController().signal;
const A = address('10.15.3.20');
const B = address('10.15.3.21');
const FREE = { state: 'free' } as const;

/** A store with what happened to two addresses, and what its file tells of a time. */
async function told(happen: (store: ReturnType<typeof openIn>) => Promise<unknown>) {
  const directory = temporaryDirectory();
  const clock = new FakeClock(at(0));
  const store = openIn(directory, { clock });
  await happen(store);
  const carried = store.carry(1000);
  await clock.pass(1000);
  expect(await carried).toBe(true);
  const file = new LiveLeaseFile(directory);
  return async (seconds: number, search: Partial<LeaseSearchAt> = {}) => {
    const all = { conditions: [], isDescending: false, limit: 100, after: undefined };
    const found = await searchLeasesAt(file.database, { ...all, at: at(seconds), ...search }, SIGNAL);
    return {
      ...found,
      held: found.rows.map(({ address: of, mac, state }) => `${of} ${mac?.slice(-2)} ${state}`),
    };
  };
}

const condition = (name: LeaseCondition['name'], value: string | number, isNegated = false) => ({
  conditions: [{ name, value, isNegated }],
});

describe('who had an address at a time', () => {
  test('is its holder by the last row of the history until then, and nobody before and between', async () => {
    const then = await told(async (store) => {
      await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(50) });
      await bind(store, { client: 1, address: A, at: at(20), expiresAt: at(20), ...FREE });
      await bind(store, { client: 2, address: A, at: at(30), expiresAt: at(90) });
    });

    expect((await then(9)).held).toEqual([]);
    expect((await then(10)).held).toEqual(['10.15.3.20 01 bound']);
    expect((await then(25)).held).toEqual([]);
    expect((await then(30)).held).toEqual(['10.15.3.20 02 bound']);
    expect((await then(25)).since).toBe(at(10));
  });

  test('is its holder also where a reservation was made and removed since', async () => {
    const then = await told(async (store) => {
      await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(50) });
      await reserve(store, reservationOf('vps-1', '10.15.3.20'), { at: at(20) });
      await bind(store, { client: 1, address: A, at: at(60), expiresAt: at(60), ...FREE });
    });

    expect((await then(55)).held).toEqual(['10.15.3.20 01 bound']);
  });

  test('is known of a lease that still runs, though the history has forgotten its beginning', async () => {
    const directory = temporaryDirectory();
    const clock = new FakeClock(at(0));
    const store = openIn(directory, { clock, history: { seconds: 1000, rows: 1 } });
    await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(50) });
    await bind(store, { client: 1, address: A, at: at(40), expiresAt: at(4_000_000) });
    await bind(store, { client: 2, address: B, at: at(2000), expiresAt: at(4_000_000) });
    const carried = store.carry(1000);
    await clock.pass(1000);
    await carried;
    const file = new LiveLeaseFile(directory);
    const all = { conditions: [], isDescending: false, limit: 100, after: undefined };

    const found = await searchLeasesAt(file.database, { ...all, at: at(1000) }, SIGNAL);

    expect(found.since).toBe(at(2000));
    expect(found.rows).toMatchObject([{ address: '10.15.3.20', mac: expect.stringMatching(/01$/) }]);
    expect(found.rows[0]?.starts).toBe(new Date(at(10)).toISOString().replace('.000', ''));
  });

  test('is told of what had run out by then as expired, and of a quarantine while it lasted', async () => {
    const then = await told(async (store) => {
      await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(50) });
      await bind(store, { client: 2, address: B, at: at(10), expiresAt: at(40), state: 'declined' });
    });

    expect((await then(30)).held).toEqual(['10.15.3.20 01 bound', '10.15.3.21 02 declined']);
    expect((await then(60)).held).toEqual(['10.15.3.20 01 expired']);
  });

  test('is filtered by what the holder was, and not by who has it now', async () => {
    const then = await told(async (store) => {
      await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(50), hostname: 'web' });
      await bind(store, { client: 1, address: A, at: at(20), expiresAt: at(20), ...FREE });
      await bind(store, { client: 2, address: A, at: at(30), expiresAt: at(90), hostname: 'db' });
      await bind(store, { client: 3, address: B, at: at(11), expiresAt: at(90), hostname: 'web-2' });
    });

    expect((await then(15, condition('hostname', 'WEB'))).held).toEqual([
      '10.15.3.20 01 bound',
      '10.15.3.21 03 bound',
    ]);
    expect((await then(15, condition('hostname', 'web', true))).held).toEqual([]);
    expect((await then(35, condition('mac', hardware(1)))).held).toEqual([]);
    expect((await then(15, condition('address', B))).held).toEqual(['10.15.3.21 03 bound']);
    expect((await then(15, condition('q', "' OR 1=1 --"))).held).toEqual([]);
  });

  test.each([false, true])('is paged exactly (descending: %s)', async (isDescending) => {
    const then = await told(async (store) => {
      for (let number = 1; number <= 5; number += 1)
        await bind(store, {
          client: number,
          address: address(`10.15.3.${20 + number}`),
          at: at(number),
          expiresAt: at(100),
        });
      await bind(store, {
        client: 3,
        address: address('10.15.3.23'),
        at: at(50),
        expiresAt: at(50),
        ...FREE,
      });
    });

    const seen: string[] = [];
    for (let after: LeaseSearchAt['after']; ; ) {
      const page = await then(30, { isDescending, limit: 2, after });
      expect(page.total).toBe(5);
      seen.push(...page.rows.map(({ address: of }) => of));
      after = page.last;
      if (after === undefined) break;
    }

    const order = [21, 22, 23, 24, 25].map((last) => `10.15.3.${last}`);
    expect(seen).toEqual(isDescending ? order.reverse() : order);
  });
});
