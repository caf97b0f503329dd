import { describe, expect, it } from 'vitest';
import { INFINITE_SECONDS } from '../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { openSqlite } from '../../../src/store/sqlite/driver.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, changeOf, offer, withdraw } from '../changes.ts';
import { fileIn, openIn, temporaryDirectory } from './temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');

function eventsIn(directory: string): unknown[] {
  const database = openSqlite(fileIn(directory), { readonly: true });
  const rows = database
    .prepare('SELECT address, event, reason, mac, hostname FROM lease_history')
    .raw()
    .all();
  database.close();
  return rows;
}

describe('the history', () => {
  it('has a row for every change of state, and none for a renewal or an offer', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await offer(store, { client: 1, address: A });
    await bind(store, { client: 1, address: A, hostname: 'web' });
    await bind(store, { client: 1, address: A, at: at(10), reason: 'renewed' });
    await offer(store, { client: 2, address: B });
    await withdraw(store, { client: 2, address: B });
    await bind(
      store,
      { client: 1, address: B, at: at(20), reason: 'moved' },
      { client: 1, address: A, at: at(20), state: 'free' },
    );
    await bind(store, { client: 1, address: B, at: at(30), state: 'free', reason: 'released' });
    await bind(store, { client: 1, address: B, at: at(31), state: 'free', reason: 'released' });
    await bind(store, { client: 2, address: B, at: at(40), expiresAt: at(50) });
    await bind(store, { client: 2, address: B, at: at(51), state: 'free', reason: 'expired' });
    await bind(store, { client: 2, address: B, at: at(60), state: 'declined', reason: 'declined' });
    await bind(store, { client: 2, address: B, at: at(99_999), state: 'free', reason: 'expired' });

    store.flush();
    const first = '52:54:00:00:00:01';
    const second = '52:54:00:00:00:02';
    expect(eventsIn(directory)).toEqual([
      ['10.15.3.20', 'bound', 'bound', first, 'web'],
      ['10.15.3.21', 'bound', 'moved', first, null],
      ['10.15.3.20', 'moved', 'moved', first, 'web'],
      ['10.15.3.21', 'released', 'released', first, null],
      ['10.15.3.21', 'bound', 'bound', second, null],
      ['10.15.3.21', 'expired', 'expired', second, null],
      ['10.15.3.21', 'declined', 'declined', second, null],
      ['10.15.3.21', 'expired', 'expired', second, null],
    ]);
  });

  it('has a row where a lease begins again after it had run out, or goes to another client', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, expiresAt: at(10) });
    await bind(store, { client: 1, address: A, at: at(10), reason: 'rebooted' });
    await bind(store, { client: 2, address: A, at: at(20) });
    store.flush();

    expect(eventsIn(directory)).toHaveLength(3);
  });

  it('has nothing of a change that conflicted', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, seen: 7 });
    store.flush();

    expect(eventsIn(directory)).toEqual([]);
  });
});

describe('the retention of the history', () => {
  const binds = async (store: SqliteStore, count: number, from = 0) => {
    for (let number = from; number < from + count; number += 1) {
      await bind(store, { client: number, address: A, at: at(number) });
    }
  };

  it('ends what is older, a piece at a time', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { history: { seconds: 1000, rows: 1e6 } });
    await binds(store, 600);
    store.flush();

    const left = [1, 2, 3, 4].map((second) => {
      store.idle(at(1500 + second));
      return eventsIn(directory).length;
    });

    expect(left).toEqual([344, 98, 97, 96]);
  });

  // Guests write a row for each lease that they take and release: the file may not grow as fast as they like.
  it('keeps no more rows than it may, however fast they come and however little time is left for it', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { history: { seconds: INFINITE_SECONDS, rows: 500 } });
    const most: number[] = [];
    for (let round = 0; round < 24; round += 1) {
      // Each address goes to another client.
      const wishes = Array.from({ length: 250 }, (_, number) => ({
        client: 250 * round + number,
        address: (A + number) as Ipv4,
        at: at(round),
      }));
      await store.commit(wishes.map((wish) => changeOf(store.leases, wish)));
      if (round % 4 !== 3) continue;
      store.flush();
      most.push(eventsIn(directory).length);
    }

    expect(Math.max(...most)).toBeLessThanOrEqual(500);
    expect(most.at(-1)).toBe(500);
  });

  it('ends what is too much, also where the clock was wrong', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { history: { seconds: INFINITE_SECONDS, rows: 10 } });
    await binds(store, 30, 1e6);
    store.flush();

    store.idle(at(0));

    expect(eventsIn(directory)).toHaveLength(10);
  });
});
