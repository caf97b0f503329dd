import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../src/lease/client-key.ts';
import type { Lease } from '../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import type { LeaseStore } from '../../../src/store/lease-store.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { address, at, bind, changeOf, client, offer, POOL } from '../changes.ts';
import { fileIn, imageOf, journalIn, openIn, temporaryDirectory } from './temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');
const D = address('10.15.3.23');

/** What stands at the first addresses of the pool. */
function standing(store: LeaseStore, count = 10): (Lease | undefined)[] {
  return Array.from({ length: count }, (_, index) => store.leases.at((A + index) as Ipv4));
}

describe('the SQLite store over restarts', () => {
  it('a restart keeps every record in whatever state, and forgets offers', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await bind(first, { client: 1, address: A, expiresAt: at(60) });
    await bind(first, { client: 2, address: B });
    await bind(first, { client: 2, address: B, state: 'free', at: at(7) });
    await bind(first, { client: 3, address: C, state: 'declined' });
    await bind(first, { client: 4, address: D, state: 'peer', at: at(9) });
    const before = standing(first);
    const revision = first.leases.revision;
    await offer(first, { client: 5, address: address('10.15.3.24') });
    await first.close();

    const second = openIn(directory);

    expect(standing(second)).toEqual(before);
    expect(second.leases.revision).toBe(revision);
    expect(second.lastStoredAt).toBe(at(9));
    expect(second.leases.bindingOf(client(2))?.address).toBe(B);
    expect(second.opening).toMatchObject({
      loaded: { bound: 1, free: 1, declined: 1, peer: 1 },
      skipped: 0,
      setAside: undefined,
      copy: undefined,
      fileId: first.opening.fileId,
    });
  });

  it('a restart keeps addresses whose holder is not known', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    for (const [number, place] of [A, B].entries()) {
      const change = changeOf(first.leases, { client: number, address: place, state: 'peer' });
      const writes = change.writes.map((write) =>
        write.next === 'precondition-only' ? write : { ...write, next: { ...write.next, client: NOBODY } },
      );
      await first.commit([{ ...change, writes }]);
    }
    const before = standing(first, 2);
    await first.close();

    const second = openIn(directory);

    expect(before.map((lease) => lease?.client)).toEqual([NOBODY, NOBODY]);
    expect(standing(second, 2)).toEqual(before);
  });

  it('a batch is in the file as it is in memory, version by version', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await offer(first, { client: 5, address: D });
    await first.commit([
      changeOf(first.leases, { client: 1, address: A }),
      changeOf(first.leases, { client: 9, address: B, state: 'precondition-only', kind: 'check' }),
      changeOf(first.leases, { client: 5, address: D, state: 'free', kind: 'offer' }),
      changeOf(first.leases, { client: 2, address: C, expectedVersion: 7 }),
      changeOf(first.leases, { client: 3, address: address('10.15.3.24') }),
    ]);
    const before = standing(first);
    await first.close();

    expect(standing(openIn(directory))).toEqual(before);
    expect(before.filter((lease) => lease !== undefined)).toHaveLength(2);
  });

  it('loads more rows than it reads at once', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    for (let start = 0; start < 9000; start += 500) {
      const numbers = Array.from({ length: 500 }, (_, index) => start + index);
      await first.commit(
        numbers.map((number) => changeOf(first.leases, { client: number, address: (A + number) as Ipv4 })),
      );
    }
    await first.close();

    expect(openIn(directory).opening.loaded.bound).toBe(9000);
  });

  it('the file as it was at the last fsync has every committed lease', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    for (let number = 0; number < 10; number += 1) {
      await bind(store, { client: number, address: (A + number) as Ipv4 });
      const image = openIn(imageOf(directory));

      expect(standing(image)).toEqual(standing(store));
      await image.close();
    }
  });

  it('a commit that a loss of power cut short is not there, and all before it are', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    const before = standing(store);
    await bind(store, { client: 2, address: B });
    const image = imageOf(directory);
    const journal = readFileSync(journalIn(image));
    const end = journal.findLastIndex((byte) => byte !== 0);
    writeFileSync(journalIn(image), journal.fill(0, end - 9));

    const reopened = openIn(image);

    expect(standing(reopened)).toEqual(before);
    expect(reopened.opening.setAside).toBeUndefined();
    expect(await bind(reopened, { client: 3, address: B })).toBe('committed');
    await reopened.close();
    expect(openIn(image).leases.at(B)?.client).toBe(client(3));
  });

  it('a row that it never wrote is left alone, counted, and gives way to a lease', async () => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    const database = openSqlite(fileIn(directory));
    const insert = database.prepare(
      `INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version)
        VALUES (?, ?, 0, ?, 0, 0, 0, 1)`,
    );
    insert.run(A, '01', 'reserved');
    insert.run(B, 'not hexadecimal', 'bound');
    insert.run(2 ** 33, '01', 'bound');
    insert.run(-1, '01', 'bound');
    insert.run(1, 'ab"\\\0\u001f\u00e9,[]', 'bound');
    insert.run(2, '01', 'bound');
    database.exec("UPDATE lease SET client = CAST(x'30c3' AS TEXT) WHERE address = 2");
    insert.run(2n ** 63n - 1n, '01', 'bound');
    insert.run(C, '01', 'bound');
    database.close();

    const store = openIn(directory);

    expect(store.opening).toMatchObject({ loaded: { bound: 1 }, skipped: 7 });
    expect(store.leases.at(A)).toBeUndefined();
    expect(await bind(store, { client: 1, address: A })).toBe('committed');
    await store.close();
    expect(openIn(directory).leases.at(A)?.client).toBe(client(1));
  });

  it.each([
    ['deleted', 'DELETE FROM lease'],
    ['freed', "UPDATE lease SET state = 'free'"],
    ['given to another', "UPDATE lease SET client = '01525400000009'"],
  ])('a renewal of a row that was %s by hand meanwhile is in the file whole', async (_what, edit) => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await bind(first, { client: 1, address: A, expiresAt: at(60) });
    const editor = openSqlite(fileIn(directory));
    editor.exec(edit);
    editor.close();

    const outcome = await bind(first, {
      client: 1,
      address: A,
      at: at(30),
      expiresAt: at(90),
      reason: 'renewed',
    });
    const before = standing(first);
    await first.close();

    expect(outcome).toBe('committed');
    expect(standing(openIn(directory))).toEqual(before);
    expect(before[0]).toMatchObject({ state: 'bound', client: client(1), expiresAt: at(90) });
  });

  it('a host name stays with its client until it sends another one', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const names = () => {
      store.flush();
      const database = openSqlite(fileIn(directory), { readonly: true });
      const name = database.prepare('SELECT hostname FROM lease WHERE address = ?').pluck().get(A);
      database.close();
      return name;
    };
    await bind(store, { client: 1, address: A, hostname: 'web' });
    await bind(store, { client: 1, address: A, at: at(1) });
    expect(names()).toBe('web');
    await bind(store, { client: 1, address: A, at: at(2), hostname: 'db' });
    expect(names()).toBe('db');
    await bind(store, { client: 1, address: A, state: 'free', at: at(3) });
    expect(names()).toBe('db');
    await bind(store, { client: 2, address: A, at: at(4) });
    expect(names()).toBeNull();
  });

  it('closing twice is closing once, and leaves one whole file', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    await store.close();
    await store.close();

    expect(statSync(`${fileIn(directory)}-wal`, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('the SQLite store when its journal cannot be written', () => {
  it('nothing of the batch has happened, nothing may be promised, and it says why', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    const before = [standing(store), store.leases.revision];
    const mend = breakJournal(directory);

    const outcomes = await store.commit([
      changeOf(store.leases, { client: 2, address: B, at: at(10) }),
      changeOf(store.leases, { client: 3, address: C, at: at(10) }),
    ]);

    expect(outcomes).toEqual(['failed', 'failed']);
    expect([standing(store), store.leases.revision]).toEqual(before);
    expect(store.leases.canPromise).toBe(false);
    expect(store.failure).toContain('EBADF');
    mend();
  });

  it('it tries again after a second, and promises again when that succeeds', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const mend = breakJournal(directory);
    await bind(store, { client: 2, address: B, at: at(10) });
    mend();

    store.idle(at(10.5));
    expect(store.leases.canPromise).toBe(false);
    expect(await bind(store, { client: 2, address: B, at: at(10.9) })).toBe('failed');
    store.idle(at(11));
    expect(store.leases.canPromise).toBe(true);
    expect(store.failure).toBeUndefined();
    expect(await bind(store, { client: 2, address: B, at: at(11) })).toBe('committed');
    await store.close();
    expect(openIn(directory).leases.at(B)?.client).toBe(client(2));
  });

  it('a commit after that second is an attempt too', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const mend = breakJournal(directory);
    await bind(store, { client: 2, address: B, at: at(10) });
    mend();

    expect(await bind(store, { client: 2, address: B, at: at(11) })).toBe('committed');
    expect(store.leases.canPromise).toBe(true);
  });

  it('offers and checks need no disk', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const mend = breakJournal(directory);

    expect(await offer(store, { client: 2, address: B })).toBe('committed');
    expect(store.leases.longestFree(POOL)).toBe(A);
    mend();
  });

  /** Takes the open file from the store, as a disk that is gone; returns what gives it back. */
  function breakJournal(directory: string): () => void {
    const name = journalIn(directory);
    const handle = readdirSync('/proc/self/fd').find((each) => targetOf(each) === name);
    if (handle === undefined) throw new Error('the journal is not open');
    const flags = Number(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${handle}`, 'utf8'))?.[1]);
    closeSync(Number(handle));
    return () => {
      const opened = openSync(name, Number.parseInt(String(flags), 8));
      if (opened !== Number(handle)) throw new Error('another file has taken its place');
    };
  }

  function targetOf(handle: string): string {
    try {
      return readlinkSync(`/proc/self/fd/${handle}`);
    } catch {
      return '';
    }
  }
});

describe('the SQLite store when only the lease file cannot be written', () => {
  /** Somebody else's write transaction stands in the way of ours. */
  const intruder = (directory: string) => {
    const database = openSqlite(fileIn(directory));
    database.exec('BEGIN IMMEDIATE');
    return database;
  };

  it('leases are promised all the same, it says why, and the rows follow when it can', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const other = intruder(directory);
    expect(await bind(store, { client: 1, address: A, at: at(10) })).toBe('committed');

    store.idle(at(12));
    expect(store.trouble).toContain('SQLITE_BUSY');
    expect(store.leases.canPromise).toBe(true);
    other.exec('COMMIT');
    store.idle(at(12.5));
    expect(store.trouble).toContain('SQLITE_BUSY');
    store.idle(at(13));

    expect(store.trouble).toBeUndefined();
    expect(store.backlog).toBe(0);
    expect(other.prepare('SELECT client FROM lease').pluck().all()).toEqual([client(1)]);
    other.close();
  });

  it('a piece of the journal is in it whole or not at all', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const other = openSqlite(fileIn(directory));
    other.exec(`CREATE TRIGGER refusal BEFORE INSERT ON lease WHEN NEW.address = ${C}
      BEGIN SELECT RAISE(ABORT, 'no room at C'); END`);
    await bind(store, { client: 1, address: A, at: at(10) });
    await bind(store, { client: 3, address: C, at: at(10) });

    store.idle(at(12));
    expect(store.trouble).toContain('no room at C');
    expect(other.prepare('SELECT count(*) FROM lease').pluck().get()).toBe(0);
    other.exec('DROP TRIGGER refusal');
    store.idle(at(14));

    expect(other.prepare('SELECT count(*) FROM lease').pluck().get()).toBe(2);
    expect(other.prepare('SELECT count(*) FROM history').pluck().get()).toBe(2);
    other.close();
  });

  it('a long piece comes in small steps, and nothing of it is left out', async () => {
    const COUNT = 2500;
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const file = openSqlite(fileIn(directory));
    const rows = file.prepare('SELECT (SELECT count(*) FROM lease) + (SELECT count(*) FROM history)').pluck();
    for (let number = 0; number < COUNT; number += 1) {
      await bind(store, { client: number, address: (A + number) as Ipv4, at: at(10) });
    }

    expect(store.backlog).toBeGreaterThan(1024);
    const steps: number[] = [];
    for (let written = rows.get() as number; store.backlog > 0 && steps.length < 1000; ) {
      store.idle(at(12));
      const now = rows.get() as number;
      steps.push(now - written);
      written = now;
    }

    expect(Math.max(...steps)).toBeLessThanOrEqual(256);
    expect(store.trouble).toBeUndefined();
    expect(file.prepare('SELECT count(DISTINCT client) FROM lease').pluck().get()).toBe(COUNT);
    expect(file.prepare('SELECT count(DISTINCT client) FROM history').pluck().get()).toBe(COUNT);
    file.close();
  });

  it('until the journal is full: then nothing is promised, and nothing is lost', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const other = intruder(directory);
    let committed = 0;
    for (; committed < 10_000; committed += 1) {
      const wish = { client: committed, address: (A + committed) as Ipv4, at: at(10) };
      if ((await bind(store, wish)) !== 'committed') break;
    }

    expect(committed).toBeGreaterThan(1000);
    expect(store.leases.canPromise).toBe(false);
    expect(store.failure).toContain('SQLITE_BUSY');
    other.close();
    store.idle(at(11));
    expect(store.leases.canPromise).toBe(true);
    await store.close();
    expect(openIn(directory).opening.loaded.bound).toBe(committed);
  });
});

describe('the SQLite store and its log', () => {
  const pagesOf = (directory: string) => (statSync(`${fileIn(directory)}-wal`).size - 32) / (4096 + 24);

  it('a quiet moment carries the log over, so that it starts anew', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    for (let round = 0; round < 20; round += 1) {
      await bind(store, { client: 1, address: A, at: at(round * 10) });
      store.idle(at(round * 10 + 2));
      store.idle(at(round * 10 + 8));
    }

    expect(pagesOf(directory)).toBeLessThan(20);
    expect(store.trouble).toBeUndefined();
  });

  it('without one a checkpoint is made at 250 pages', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    for (let start = 0; start < 60_000; start += 500) {
      const changes = Array.from({ length: 500 }, (_, index) =>
        changeOf(store.leases, { client: start + index, address: (A + start + index) as Ipv4 }),
      );
      await store.commit(changes);
    }
    store.flush();

    expect(pagesOf(directory)).toBeGreaterThan(220);
    expect(pagesOf(directory)).toBeLessThan(450);
  });
});
