import { describe, expect, it } from 'vitest';
import { INFINITE_SECONDS } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind, changeOf, offer, type Wish, withdraw } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

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

/** Rows of a thousand network cards. */
function fill(directory: string, rows: number): void {
  const database = openSqlite(fileIn(directory));
  const insert = database.prepare(
    "INSERT INTO history (id, at, address, client, mac, event, reason, expires_at) VALUES (?, ?, ?, ?, ?, 'bound', '', 0)",
  );
  database.transaction(() => {
    for (let id = 1; id <= rows; id += 1) insert.run(id, at(0), A, `01${id % 1000}`, id % 1000);
  })();
  database.close();
}

function namesIn(directory: string): unknown[] {
  return (eventsIn(directory) as unknown[][]).map(([, event]) => event);
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
    await bind(store, { client: 1, address: A, expectedVersion: 7 });
    store.flush();

    expect(eventsIn(directory)).toEqual([]);
  });
});

describe('a client that releases its address and has it again', () => {
  const release = { client: 1, address: A, state: 'free', reason: 'released' } as const;

  it('within a minute never was without it, as often as it does so', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, at: at(0) });
    for (let second = 10; second < 300; second += 20) {
      await bind(store, { ...release, at: at(second) });
      if (second % 60 === 10) store.flush();
      await bind(store, { client: 1, address: A, at: at(second + 10) });
      if (second % 60 === 30) store.flush();
    }
    store.flush();
    expect(namesIn(directory)).toEqual(['bound']);

    await bind(store, { ...release, at: at(500) });
    store.flush();

    expect(namesIn(directory)).toEqual(['bound', 'released']);
  });

  it('is seen by whoever reads the journal as it will be in the file', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, at: at(0) });
    await bind(store, { ...release, at: at(10) });
    store.flush();
    await bind(store, { client: 1, address: A, at: at(20) });

    const reader = openLeaseReader(imageOf(directory));
    const events = [...reader.history({})].map(({ event }) => event);
    reader.close();

    expect(events).toEqual(['bound']);
  });

  it.each([
    ['a minute later', { client: 1, at: at(70) }],
    ['and the clock went back meanwhile', { client: 1, at: at(5) }],
    ['when it is another client', { client: 2, at: at(20) }],
  ])('has its rows %s', async (_, next) => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, at: at(0) });
    await bind(store, { ...release, at: at(10) });
    await bind(store, { address: A, ...next });
    store.flush();

    expect(eventsIn(directory)).toHaveLength(3);
  });

  it('has its rows when another one had the address in between', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, at: at(0) });
    await bind(store, { ...release, at: at(10) });
    await bind(store, { client: 2, address: A, at: at(11) });
    await bind(store, { ...release, client: 2, at: at(12) });
    await bind(store, { client: 1, address: A, at: at(13) });
    store.flush();

    expect(eventsIn(directory)).toHaveLength(5);
  });
});

describe('the history of others', () => {
  const LIMIT = 1000;
  const DAY = 86_400;
  const OTHERS = 50;

  /** Guests of the day before and of today, each of whose rows is to stay. */
  async function withOthers(store: SqliteStore, first: number): Promise<void> {
    for (let number = 0; number < OTHERS; number += 1) {
      const who = { client: 5000 + number, address: (A + 300 + number) as Ipv4 };
      for (const second of [first, first + 100])
        for (const state of ['bound', 'free'] as const)
          await bind(store, {
            ...who,
            state,
            reason: 'released',
            at: at(second + (state === 'free' ? 1 : 0)),
          });
    }
    store.flush();
  }

  /** Of the others and of all. */
  function rowsIn(directory: string): { others: number; all: number } {
    const rows = eventsIn(directory) as readonly (readonly unknown[])[];
    const others = rows.filter(([text]) => address(String(text)) >= A + 300).length;
    return { others, all: rows.length };
  }

  type Flood = (store: SqliteStore, event: number) => Wish;

  /** A hundred changes with each commit; whether there were ever more rows than there may be. */
  async function flood(directory: string, store: SqliteStore, wish: Flood, rounds: number): Promise<number> {
    let most = 0;
    for (let round = 0; round < rounds; round += 1) {
      const wishes = Array.from({ length: 100 }, (_, number) => wish(store, round * 100 + number));
      const changes = wishes.map((each) =>
        changeOf(store.leases, { ...each, at: at(DAY + 200 + round / 50) }),
      );
      expect(new Set(await store.commit(changes))).toEqual(new Set(['committed']));
      if (round % 20 !== 19) continue;
      store.flush();
      most = Math.max(most, rowsIn(directory).all);
    }
    return most;
  }

  const state = (event: number) => (Math.floor(event / 100) % 2 === 0 ? 'bound' : 'free');

  it.each<[string, number, number, Flood]>([
    [
      'a hundred network cards that ask for their address and release it',
      DAY,
      1000,
      (_, event) => ({
        client: event % 100,
        ...{ address: (A + (event % 100)) as Ipv4, state: state(event), reason: 'released' },
      }),
    ],
    [
      'a hundred network cards that change places',
      DAY,
      400,
      (_, event) => ({
        client: (event + Math.floor(event / 200)) % 100,
        ...{ address: (A + (event % 100)) as Ipv4, state: state(event), reason: 'released' },
      }),
    ],
    [
      'a network card for each address that is asked for, of which none comes again',
      0,
      400,
      (_, event) => ({
        client: 10_000 + Math.floor(event / 200) * 100 + (event % 100),
        ...{ address: (A + (event % 100)) as Ipv4, state: state(event), reason: 'released' },
      }),
    ],
  ])(
    'stays whole while a flood comes, and no more rows than may be: %s',
    async (_, since, rounds, wish) => {
      const directory = temporaryDirectory();
      const store = openIn(directory, {
        history: { seconds: INFINITE_SECONDS, rows: LIMIT },
        journalBytes: 4 * 1024 * 1024,
      });
      await withOthers(store, since);
      expect(rowsIn(directory)).toEqual({ others: 4 * OTHERS, all: 4 * OTHERS });

      const most = await flood(directory, store, wish, rounds);

      expect(most).toBeLessThanOrEqual(LIMIT);
      expect(rowsIn(directory).others).toBe(4 * OTHERS);
    },
    60_000,
  );

  it.each<[string, number, Flood]>([
    [
      'a hundred network cards that change places',
      DAY,
      (_, event) => ({
        client: (event + Math.floor(event / 200)) % 100,
        ...{ address: (A + (event % 100)) as Ipv4, state: state(event), reason: 'released' },
      }),
    ],
    [
      'a network card for each address that is asked for, of which none comes again',
      0,
      (store, event) => ({
        client: 10_000 + store.leases.revision + (event % 100),
        ...{ address: (A + (event % 100)) as Ipv4 },
      }),
    ],
  ])(
    'stays whole when the flood goes on after a restart: %s',
    async (_, since, wish) => {
      const directory = temporaryDirectory();
      const options = {
        history: { seconds: INFINITE_SECONDS, rows: LIMIT },
        journalBytes: 4 * 1024 * 1024,
      };
      const first = openIn(directory, options);
      await withOthers(first, since);
      await flood(directory, first, wish, 100);
      await first.close();
      const second = openIn(directory, options);

      const most = await flood(directory, second, wish, 100);

      expect(most).toBeLessThanOrEqual(LIMIT);
      expect(rowsIn(directory).others).toBe(4 * OTHERS);
    },
    60_000,
  );
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

  it('counts what stands in a large file at its start in a short while of quiet, and ends what is too much', async () => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    fill(directory, 40_000);
    const clock = new FakeClock(at(0));
    const store = openIn(directory, { clock, history: { seconds: INFINITE_SECONDS, rows: 20_000 } });

    store.idle(clock.now());
    await clock.pass(1000);

    expect(eventsIn(directory)).toHaveLength(20_000);
    await store.close();
  });

  it('ends nothing for its age while the clock is in doubt, nor in the second in which it jumps', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { history: { seconds: 1000, rows: 1e6 } });
    await binds(store, 30);
    store.flush();
    const leftAt = (seconds: number) => {
      store.idle(at(seconds));
      return eventsIn(directory).length;
    };
    const noteOf = (explainedBy: 'operator' | undefined) => ({
      boot: '',
      monotonic: 0,
      wall: at(1e6),
      revision: 0,
      jump: {
        cause: 'jumped' as const,
        at: at(1e6),
        milliseconds: 1e9,
        steadyFor: 0,
        longestLease: 60,
        explainedBy,
      },
    });

    const left = [leftAt(30), leftAt(1e6)];
    store.noteClock(noteOf(undefined));
    left.push(leftAt(1e6 + 1), leftAt(1e6 + 2));
    store.noteClock(noteOf('operator'));
    left.push(leftAt(1e6 + 3));

    expect(left).toEqual([30, 30, 30, 30, 0]);
  });

  it('ends what is too old behind rows that were written while the clock was ahead, and these with it', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { history: { seconds: 1000, rows: 1e6 } });
    await binds(store, 1200, 1e6);
    await binds(store, 400);
    store.flush();

    const young = [1, 2, 3].map((second) => {
      store.idle(at(900 + second));
      return eventsIn(directory).length;
    });
    for (let second = 0; second < 20; second += 1) store.idle(at(1500 + second));

    expect(young).toEqual([1600, 1600, 1600]);
    expect(eventsIn(directory)).toHaveLength(0);
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
