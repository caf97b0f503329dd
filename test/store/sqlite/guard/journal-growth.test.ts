import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClientKey } from '../../../../src/lease/client-key.ts';
import type { Instant } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { FIRST_JOURNAL_BYTES, JOURNAL_BYTES } from '../../../../src/store/sqlite/journal/journal-file.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind, changeOf, client } from '../../changes.ts';
import {
  fileIn,
  imageOf,
  journalIn,
  openGrown,
  openIn,
  smallDisk,
  temporaryDirectory,
} from '../temporary-store.ts';

const FIRST = address('10.15.3.20');
const WHOLE = { journalBytes: JOURNAL_BYTES };

function sizeIn(directory: string): number {
  return statSync(journalIn(directory)).size;
}

function isGrowing(directory: string): boolean {
  return existsSync(`${journalIn(directory)}.new`);
}

/** The numbers of the clients whose leases a store has. */
function clientsOf(store: SqliteStore): readonly number[] {
  return Array.from({ length: 100 }, (_, number) => number).filter(
    (number) => store.leases.at((FIRST + number) as Ipv4)?.client === client(number),
  );
}

describe('the journal of a new store', () => {
  it('is small at first, and has its whole size soon after the first idle second', () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    const first = sizeIn(directory);
    store.idle(at(0));
    store.idle(at(0.9));
    const early = isGrowing(directory);
    for (let step = 0; step < 40; step += 1) store.idle(at(1));

    expect(first).toBe(FIRST_JOURNAL_BYTES);
    expect(early).toBe(false);
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
    expect(isGrowing(directory)).toBe(false);
  });

  it('after a crash at any step of its growth has all leases, and grows then', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    store.idle(at(0));
    const sizes = new Set<number>();
    for (let step = 0; step < 40; step += 1) {
      await bind(store, { client: step, address: (FIRST + step) as Ipv4, at: at(1) });
      store.idle(at(1));
      const image = imageOf(directory);
      sizes.add(sizeIn(image));

      const again = openIn(image, WHOLE);
      expect(again.opening.journalDamage).toBeUndefined();
      expect(clientsOf(again)).toEqual(clientsOf(store));
      expect(again.leases.revision).toBe(store.leases.revision);
      await again.close();
    }

    expect(sizes).toEqual(new Set([FIRST_JOURNAL_BYTES, JOURNAL_BYTES]));
    expect(clientsOf(store)).toHaveLength(40);
  });

  it('grows in steps between packets, and takes commits all the while and afterwards', async () => {
    const clock = new FakeClock();
    const directory = temporaryDirectory();
    const store = openIn(directory, { ...WHOLE, clock, now: clock.now() });
    store.idle(clock.now());
    await clock.pass(1000);
    store.idle(clock.now());
    for (let step = 0; step < 60; step += 1) {
      const outcome = await bind(store, {
        client: step,
        address: (FIRST + step) as Ipv4,
        at: clock.now(),
      });
      expect(outcome).toBe('committed');
      await clock.pass(1);
    }

    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
    expect(clientsOf(openIn(imageOf(directory), { ...WHOLE, now: clock.now() }))).toHaveLength(60);
  });

  it('grows at once for a batch that is longer than a half of it', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    await bind(store, { client: 1, address: FIRST });

    const outcomes = await store.commit(longBatch(store, at(1)));

    expect(new Set(outcomes)).toEqual(new Set(['committed']));
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
    const again = openIn(imageOf(directory), WHOLE);
    expect(again.leases.revision).toBe(store.leases.revision);
  });

  it('that is closed while it grows leaves nothing behind, and grows at the next start', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    store.idle(at(0));
    for (let step = 0; step < 5; step += 1) store.idle(at(1));
    const growing = isGrowing(directory);
    await store.close();
    const left = readdirSync(directory).sort();
    openGrown(directory, WHOLE);

    expect(growing).toBe(true);
    expect(left).toEqual(['leases.journal', 'leases.sqlite', 'leases.sqlite.lock']);
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
  });

  it('whose name was taken by another file while it grew is made anew, with all leases', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    await bind(store, { client: 1, address: (FIRST + 1) as Ipv4 });
    store.idle(at(0));
    for (let step = 0; step < 5; step += 1) store.idle(at(1));
    execFileSync('cp', ['-a', journalIn(directory), join(directory, 'copy')]);
    execFileSync('mv', [join(directory, 'copy'), journalIn(directory)]);
    for (let second = 3; second < 60; second += 1) store.idle(at(second));

    expect(store.failure).toBeUndefined();
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
    expect(isGrowing(directory)).toBe(false);
    await bind(store, { client: 2, address: (FIRST + 2) as Ipv4, at: at(61) });
    expect(clientsOf(openIn(imageOf(directory), WHOLE))).toEqual([1, 2]);
  });

  it('does not take the place of a file that was moved over it a moment ago: that is set aside', async () => {
    const clock = new FakeClock();
    const directory = temporaryDirectory();
    const store = openIn(directory, { ...WHOLE, clock, now: clock.now() });
    await bind(store, { client: 1, address: (FIRST + 1) as Ipv4, at: clock.now() });
    store.idle(clock.now());
    await clock.pass(1000);
    store.idle(clock.now());
    await clock.pass(5);
    writeFileSync(join(directory, 'theirs'), 'theirs');
    renameSync(join(directory, 'theirs'), journalIn(directory));
    await clock.pass(100);
    const growing = isGrowing(directory);
    for (let second = 0; second < 5; second += 1) {
      await clock.pass(1000);
      store.idle(clock.now());
    }

    const aside = readdirSync(directory).filter((name) => name.includes('.aside-'));
    expect(growing).toBe(false);
    expect(aside.map((name) => readFileSync(join(directory, name), 'latin1'))).toEqual(['theirs']);
    expect(store.failure).toBeUndefined();
    expect(clientsOf(openIn(imageOf(directory), { ...WHOLE, now: clock.now() }))).toEqual([1]);
  });

  it('does not grow while another program holds the lock of the lease file, and grows then', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, WHOLE);
    const other = openSqlite(fileIn(directory));
    other.exec('BEGIN IMMEDIATE');
    await bind(store, { client: 1, address: (FIRST + 1) as Ipv4 });
    for (let second = 0; second < 5; second += 1) store.idle(at(second));
    const during = { trouble: store.trouble, isGrowing: isGrowing(directory), size: sizeIn(directory) };
    other.close();
    for (let step = 0; step < 40; step += 1) store.idle(at(6 + step));

    expect(during).toEqual({
      trouble: expect.stringContaining('SQLITE_BUSY'),
      isGrowing: false,
      size: FIRST_JOURNAL_BYTES,
    });
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
  });

  it('that cannot grow, since a directory is in the way, says so once, and its store goes on', async () => {
    const directory = temporaryDirectory();
    const said: unknown[] = [];
    const store = openIn(directory, { ...WHOLE, say: (...words) => said.push(words) });
    mkdirSync(`${journalIn(directory)}.new`);
    for (let second = 0; second < 10; second += 1) store.idle(at(second));
    const outcome = await bind(store, { client: 1, address: FIRST, at: at(10) });

    expect(said).toEqual([
      ['warn', expect.objectContaining({ cause: expect.stringContaining('EEXIST') }), expect.any(String)],
    ]);
    expect(outcome).toBe('committed');
  });

  it('does not follow a symbolic link in the way', () => {
    const directory = temporaryDirectory();
    const theirs = join(temporaryDirectory(), 'theirs');
    writeFileSync(theirs, 'theirs');
    const store = openIn(directory, WHOLE);
    symlinkSync(theirs, `${journalIn(directory)}.new`);
    store.idle(at(0));
    for (let step = 0; step < 40; step += 1) store.idle(at(1));

    expect(readFileSync(theirs, 'latin1')).toBe('theirs');
    expect(sizeIn(directory)).toBe(JOURNAL_BYTES);
  });

  it('that a killed process has left half made is gone after the next start', async () => {
    const directory = temporaryDirectory();
    await openIn(directory, WHOLE).close();
    writeFileSync(`${journalIn(directory)}.new`, new Uint8Array(1024));
    openIn(directory, WHOLE);

    expect(isGrowing(directory)).toBe(false);
  });
});

const disk = smallDisk();

it.skipIf(disk === undefined)(
  'a disk without room for the whole journal is said once; leases are given, and it is tried again',
  async () => {
    const directory = disk ?? '';
    execFileSync('mount', ['-o', 'remount,size=5m', directory]);
    const said: unknown[] = [];
    const store = openIn(directory, {
      journalBytes: 3 * FIRST_JOURNAL_BYTES,
      say: (...words) => said.push(words),
    });
    store.idle(at(0));
    let hasBegun = false;
    for (let second = 1; second < 20; second += 1) {
      store.idle(at(second));
      hasBegun ||= isGrowing(directory);
      await bind(store, { client: second, address: (FIRST + second) as Ipv4, at: at(second) });
    }
    const before = { size: sizeIn(directory), failure: store.failure, clients: clientsOf(store).length };
    execFileSync('mount', ['-o', 'remount,size=20m', directory]);
    for (let second = 20; second < 200; second += 1) store.idle(at(second));

    expect(hasBegun).toBe(false); // It would take the last room that others have.
    expect(before).toEqual({ size: FIRST_JOURNAL_BYTES, failure: undefined, clients: 19 });
    expect(said).toEqual([
      ['warn', expect.objectContaining({ cause: expect.stringContaining('ENOSPC') }), expect.any(String)],
    ]);
    expect(sizeIn(directory)).toBe(3 * FIRST_JOURNAL_BYTES);
    expect(isGrowing(directory)).toBe(false);
    rmSync(join(directory, 'filling'), { force: true });
  },
);

it.skipIf(disk === undefined)(
  'a batch longer than a half fails on a disk without room for the whole journal, and other leases are promised',
  async () => {
    const directory = smallDisk() ?? '';
    execFileSync('mount', ['-o', 'remount,size=5m', directory]);
    const store = openIn(directory, { journalBytes: 3 * FIRST_JOURNAL_BYTES });

    const outcomes = await store.commit(longBatch(store, at(1)));
    const grew = isGrowing(directory);
    const next = await bind(store, { client: 1, address: FIRST, at: at(3) });

    expect(new Set(outcomes)).toEqual(new Set(['failed']));
    expect(grew).toBe(false);
    expect(next).toBe('committed');
  },
);

/** The longest identifiers, which several options may make (RFC 3396). */
function longBatch(store: SqliteStore, now: Instant) {
  return Array.from({ length: store.batchLimit }, (_, number) => {
    const change = changeOf(store.leases, {
      client: number + 100,
      address: (FIRST + number + 100) as Ipv4,
      at: now,
    });
    const long = client(number + 100).padEnd(2460, '0') as ClientKey;
    const [write] = change.writes;
    if (write === undefined || write.next === 'precondition-only') throw new Error('a binding');
    return { ...change, client: long, writes: [{ ...write, next: { ...write.next, client: long } }] };
  });
}
