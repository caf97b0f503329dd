import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { integrityProblemOf } from '../../../../src/store/sqlite/salvage/damage.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, changeOf } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const FIRST = address('10.15.0.0');
const COUNT = 3000;
const PAGE = 4096;

/** A file with 3000 leases, of which the last 100 were renewed and are still in the log: without growth, so not page 1. */
let sound: { file: Buffer; wal: Buffer; leases: Map<Ipv4, Lease> };

beforeAll(async () => {
  const directory = temporaryDirectory();
  const store = openIn(directory);
  const where = (number: number) => (FIRST + number) as Ipv4;
  for (let start = 0; start < COUNT; start += 500) {
    const numbers = Array.from({ length: 500 }, (_, index) => start + index);
    const changes = numbers.map((each) =>
      changeOf(store.leases, { client: each, address: where(each), hostname: `guest-${each}` }),
    );
    await store.commit(changes);
  }
  store.idle(at(100));
  store.idle(at(200));
  await store.close();
  const again = openIn(directory);
  for (let number = COUNT - 100; number < COUNT; number += 1) {
    await bind(again, { client: number, address: where(number), at: at(300), hostname: `guest-${number}` });
  }
  again.flush();
  const leases = leasesOf(again);
  const copy = imageOf(directory);
  await again.close();
  sound = { file: readFileSync(fileIn(copy)), wal: readFileSync(`${fileIn(copy)}-wal`), leases };
});

function leasesOf(store: SqliteStore): Map<Ipv4, Lease> {
  const leases = new Map<Ipv4, Lease>();
  for (let number = 0; number < COUNT; number += 1) {
    const lease = store.leases.at((FIRST + number) as Ipv4);
    if (lease !== undefined) leases.set(lease.address, lease);
  }
  return leases;
}

/** A directory with the sound file, its log as it is or left out. */
function image(withWal = true): string {
  const directory = temporaryDirectory();
  writeFileSync(fileIn(directory), sound.file);
  if (withWal) writeFileSync(`${fileIn(directory)}-wal`, sound.wal);
  return directory;
}

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, offset);
  closeSync(handle);
}

function damagedIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes('.damaged-'));
}

/** Every lease that it has is one that was committed, as it was. */
function expectNothingInvented(store: SqliteStore): void {
  for (const [where, lease] of leasesOf(store)) expect(lease).toEqual(sound.leases.get(where));
}

describe('a lease file that is damaged', () => {
  it('is put aside as it was, and what can be read of it is kept', async () => {
    const directory = image();
    for (let page = 10; page * PAGE < sound.file.length; page += 10) {
      overwrite(fileIn(directory), page * PAGE, new Uint8Array(PAGE).fill(0xa5));
    }
    const before = readFileSync(fileIn(directory));

    const store = openIn(directory);

    const { setAside, loaded } = store.opening;
    expect(setAside?.file).toBe(join(directory, 'leases.sqlite.damaged-20260101T000000Z'));
    expect(setAside?.reason).not.toBe('');
    expect(readFileSync(setAside?.file ?? '').equals(before)).toBe(true);
    expect(readFileSync(`${setAside?.file}-wal`).equals(sound.wal)).toBe(true);
    expect(loaded.bound).toBe(setAside?.salvaged.leases);
    expect(loaded.bound).toBeGreaterThan(COUNT * 0.7);
    expect(loaded.bound).toBeLessThan(COUNT);
    expectNothingInvented(store);
    expect(await bind(store, { client: 9999, address: address('10.15.3.20') })).toBe('committed');
    expect(integrityProblemOf(fileIn(directory))).toBeUndefined();
  });

  it('keeps its host names and its history', () => {
    const directory = image();
    overwrite(fileIn(directory), 0, new Uint8Array(100));

    const { setAside } = openIn(directory).opening;

    expect(setAside?.salvaged).toEqual({ leases: COUNT, history: COUNT });
  });

  it.each([
    ['its header', 0],
    ['the numbers in its header', 60],
    ['the list of its tables', 100],
    ['the end of its first page', PAGE - 36],
  ])('loses no lease by garbage in %s', (_, offset) => {
    const directory = image();
    overwrite(fileIn(directory), offset, new Uint8Array(36).fill(0x5a));

    const store = openIn(directory);

    expect(store.opening.setAside).toBeDefined();
    expect(leasesOf(store)).toEqual(sound.leases);
  });

  it.each([1, 100, 512, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE, 40 * PAGE + 7])(
    'cut to %i bytes: what is left of it, and what is in its log',
    (size) => {
      const directory = image();
      truncateSync(fileIn(directory), size);

      const store = openIn(directory);

      expect(damagedIn(directory).length).toBeGreaterThanOrEqual(2);
      expect(store.opening.loaded.bound).toBeGreaterThanOrEqual(100);
      expectNothingInvented(store);
    },
  );

  it('of no length, with its log: what is in the log', () => {
    const directory = image();
    truncateSync(fileIn(directory), 0);

    const store = openIn(directory);

    expect(store.opening.loaded.bound).toBeGreaterThanOrEqual(100);
    expectNothingInvented(store);
  });

  it('that is gone, with its log left: what is in the log', () => {
    const directory = image();
    rmSync(fileIn(directory));

    const store = openIn(directory);

    expect(store.opening.setAside?.reason).toContain('missing');
    expect(store.opening.loaded.bound).toBeGreaterThanOrEqual(100);
  });

  it('of no length and alone: nothing, but it is said', () => {
    const directory = temporaryDirectory();
    writeFileSync(fileIn(directory), '');

    const store = openIn(directory);

    expect(store.opening.setAside).toMatchObject({ reason: 'the file is empty', salvaged: { leases: 0 } });
  });

  it('that never was a database is kept all the same', () => {
    const directory = temporaryDirectory();
    writeFileSync(fileIn(directory), 'dnsmasq leases\n'.repeat(1000));

    const store = openIn(directory);

    expect(store.opening.setAside?.salvaged.leases).toBe(0);
    expect(readFileSync(store.opening.setAside?.file ?? '', 'utf8')).toContain('dnsmasq');
  });

  it('whose log is garbage: what the file has, and the log is kept aside', () => {
    const directory = image();
    writeFileSync(`${fileIn(directory)}-wal`, new Uint8Array(20_000).fill(0x33));

    const store = openIn(directory);

    expect(store.opening.setAside?.reason).toContain('WAL');
    expect(store.opening.loaded.bound).toBe(COUNT);
    expect(statSync(`${store.opening.setAside?.file}-wal`).size).toBe(20_000);
  });

  it("whose log's head alone is garbage loses nothing of it", () => {
    const directory = image();
    overwrite(`${fileIn(directory)}-wal`, 0, new Uint8Array(32).fill(0x33));

    expect(leasesOf(openIn(directory))).toEqual(sound.leases);
  });

  it('twice in a second has two names', async () => {
    const directory = image();
    overwrite(fileIn(directory), 0, new Uint8Array(100));
    await openIn(directory).close();
    overwrite(fileIn(directory), 0, new Uint8Array(100));
    await openIn(directory).close();

    expect(damagedIn(directory)).toContain('leases.sqlite.damaged-20260101T000000Z');
    expect(damagedIn(directory)).toContain('leases.sqlite.damaged-20260101T000000Z-2');
  });

  it('wherever the garbage is, a start succeeds and loses only what was there', () => {
    const hit = fc.tuple(fc.nat(sound.file.length - 1), fc.uint8Array({ minLength: 1, maxLength: 600 }));
    fc.assert(
      fc.property(fc.array(hit, { minLength: 1, maxLength: 3 }), (hits) => {
        const directory = image();
        for (const [offset, bytes] of hits) {
          overwrite(fileIn(directory), offset, bytes.subarray(0, sound.file.length - offset));
        }

        const store = openIn(directory);

        // A page has at most 80 rows, and each hit is on two pages at most.
        expect(store.opening.loaded.bound).toBeGreaterThan(COUNT - hits.length * 2 * 80);
        void store.close();
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});

describe('a crash while a damaged file is put aside', () => {
  it('before the new file is whole: it is made again', () => {
    const directory = image();
    overwrite(fileIn(directory), 0, new Uint8Array(100));
    writeFileSync(`${fileIn(directory)}.salvage`, 'half');

    expect(leasesOf(openIn(directory))).toEqual(sound.leases);
  });

  it('with the new file whole and nothing renamed, or the damaged file renamed: it is finished', async () => {
    const donor = image();
    overwrite(fileIn(donor), 0, new Uint8Array(100));
    await openIn(donor).close();

    for (const isRenamed of [false, true]) {
      const directory = image();
      overwrite(fileIn(directory), 0, new Uint8Array(100));
      if (isRenamed) renameSync(fileIn(directory), `${fileIn(directory)}.damaged-before`);
      writeFileSync(`${fileIn(directory)}.salvaged`, readFileSync(fileIn(donor)));

      const store = openIn(directory);

      expect(leasesOf(store)).toEqual(sound.leases);
      expect(existsSync(`${fileIn(directory)}.salvaged`)).toBe(false);
    }
  });
});
