import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { INFINITE_SECONDS, NEVER } from '../../../src/lease/lease.ts';
import { UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../src/store/sqlite/lease-reader.ts';
import { openMirror } from '../../../src/store/sqlite/open-mirror.ts';
import { MIGRATIONS, migrate } from '../../../src/store/sqlite/tables/schema.ts';
import { FakeClock } from '../../support/clock.ts';
import { address, at, bind, client, hardware } from '../changes.ts';
import { fileIn, imageOf, journalIn, openIn, temporaryDirectory } from './temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');
const BIRTH = 'b0f6a7d2-0000-4000-8000-000000000000';
const HALF = 8192;

/** A lease file as schema 3 had it, with a lease of client 1 at A. */
function fileOfSchema3(directory: string): void {
  const database = openSqlite(fileIn(directory));
  migrate(database, MIGRATIONS.slice(0, 3));
  database.prepare("INSERT INTO meta VALUES ('birth', ?)").run(BIRTH);
  const row = [A, client(1), hardware(1), 'bound', at(0), at(3600), at(0), 1, 'web', 'pve1', null, 0];
  database.prepare(`INSERT INTO lease VALUES (${row.map(() => '?').join(', ')})`).run(...row);
  database.close();
}

/** A journal of the first format, with one batch: client 2, named `db`, gets B. Little-endian throughout. */
function journalOfFirstFormat(directory: string): void {
  const text = Buffer.from(`${client(2)}bounddb`, 'latin1');
  const record = Buffer.alloc(60 + text.length);
  record.writeUInt32LE(record.length, 0);
  record.writeUInt32LE(B, 4);
  record.writeUInt8(1, 12); // bound
  record.writeUInt8(1, 13); // the history's `bound`
  record.writeUInt8(2, 14); // it has a host name
  record.writeUInt8('bound'.length, 15);
  record.writeUInt16LE(client(2).length, 16);
  record.writeUInt16LE('db'.length, 18);
  for (const [index, number] of [hardware(2), at(3605), at(5), 2, 1].entries())
    record.writeDoubleLE(number, 20 + index * 8);
  text.copy(record, 60);

  const header = Buffer.alloc(24);
  header.writeUInt32LE(0x314a4756, 0);
  header.writeUInt32LE(record.length, 4);
  header.writeUInt32LE(1, 12);
  header.writeDoubleLE(1, 16);
  const batch = Buffer.concat([header, record]);
  batch.writeUInt32LE(crc32(batch.subarray(12)), 8);

  const journal = Buffer.alloc(4096 + 2 * HALF);
  journal.write(`vps-gateway journal 1\n${BIRTH}\n`, 'latin1');
  batch.copy(journal, 4096);
  writeFileSync(journalIn(directory), journal);
}

function kindOfJournal(directory: string): string | undefined {
  return readFileSync(journalIn(directory), 'latin1').split('\n')[0];
}

describe('the length of a lease', () => {
  it.each([
    ['stopped', (directory: string) => directory],
    ['killed', imageOf],
  ])('is there after a restart of a gateway that was %s', async (_, leave) => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, expiresAt: at(43_200) });
    await bind(store, { client: 2, address: B, expiresAt: NEVER });
    await bind(store, { client: 3, address: C, state: 'declined', expiresAt: at(600) });
    await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(70) });
    const left = leave(directory);
    await store.close();

    const again = openIn(left);

    const lengths = [A, B, C].map((each) => again.leases.at(each)?.leaseSeconds);
    expect(lengths).toEqual([60, INFINITE_SECONDS, 600]);
  });

  it('is not known of a lease from before there was one, which is kept as it was; nor once it is free', async () => {
    const directory = temporaryDirectory();
    fileOfSchema3(directory);

    const store = openIn(directory);

    expect(store.opening.copy).toContain('schema-3');
    expect(store.leases.at(A)).toMatchObject({ client: client(1), expiresAt: at(3600), leaseSeconds: 0 });
    expect(await bind(store, { client: 1, address: A, at: at(60), expiresAt: at(3660) })).toBe('committed');
    store.flush();
    const reader = openLeaseReader(directory);
    expect([...reader.leases({})]).toMatchObject([{ hostname: 'web', lease_seconds: 3600 }]);
    await bind(store, { client: 1, address: A, at: at(90), state: 'free' });
    store.flush();
    expect([...reader.leases({})]).toMatchObject([{ lease_seconds: null }]);
    reader.close();
  });

  it('is not known of what an older version left in its journal, which is applied with all else of it', async () => {
    const directory = temporaryDirectory();
    fileOfSchema3(directory);
    journalOfFirstFormat(directory);

    const store = openIn(directory);

    expect(store.opening.journalDamage).toBeUndefined();
    expect(store.leases.at(B)).toEqual({
      ...{ address: B, client: client(2), hardware: hardware(2), granter: UNSPECIFIED, state: 'bound' },
      ...{ expiresAt: at(3605), updatedAt: at(5), leaseSeconds: 0, version: 2 },
    });
    const reader = openLeaseReader(directory);
    expect([...reader.leases({ address: B })]).toMatchObject([{ hostname: 'db', lease_seconds: null }]);
    reader.close();
  });

  it('an older version does not take the journal for its own once there are lengths in it', async () => {
    const directory = temporaryDirectory();
    fileOfSchema3(directory);
    journalOfFirstFormat(directory);

    const store = openIn(directory);
    expect(kindOfJournal(directory)).toBe('vps-gateway journal 3');
    await bind(store, { client: 3, address: C, at: at(9), expiresAt: at(69) });
    const again = openIn(imageOf(directory));

    const lengths = [A, B, C].map((each) => again.leases.at(each)?.leaseSeconds);
    expect(lengths).toEqual([0, 0, 60]);
  });

  it('is salvaged from a damaged file, and missing where the file had none', async () => {
    const old = temporaryDirectory();
    fileOfSchema3(old);
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 2, address: B, expiresAt: at(60) });
    await store.close();
    for (const each of [old, directory]) {
      const handle = openSync(fileIn(each), 'r+');
      writeSync(handle, new Uint8Array(100), 0, 100, 0);
      closeSync(handle);
    }

    const salvaged = [openIn(old), openIn(directory)];

    expect(salvaged.map(({ opening }) => opening.setAside?.salvaged.leases)).toEqual([1, 1]);
    expect(salvaged[0]?.leases.at(A)).toMatchObject({ client: client(1), leaseSeconds: 0 });
    expect(salvaged[1]?.leases.at(B)).toMatchObject({ client: client(2), leaseSeconds: 60 });
  });

  it('is in the mirror of shared leases', async () => {
    const options = { directory: temporaryDirectory(), inFlight: new Set<never>(), now: at(0), seed: 0 };
    const clock = new FakeClock();
    const mirror = await openMirror({ ...options, clock });
    const lease = {
      ...{ address: A, client: client(1), hardware: hardware(1), granter: UNSPECIFIED },
      ...{ expiresAt: at(60), updatedAt: at(0), leaseSeconds: 60, version: 5, hostname: 'web', node: 'pve1' },
      state: 'bound',
    } as const;

    mirror.put({ before: undefined, after: lease, reason: 'bound' });
    expect(mirror.leases()).toEqual([lease]);
    mirror.put({ before: lease, after: { ...lease, leaseSeconds: 90, version: 6 }, reason: 'renewed' });
    mirror.close();

    const again = await openMirror({ ...options, clock });
    expect(again.leases()).toMatchObject([{ leaseSeconds: 90, version: 6 }]);
    again.close();
  });
});
