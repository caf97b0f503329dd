import { closeSync, openSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  FIELD_CHECKS,
  FIELD_NAMES,
  type FieldName,
  type FieldType,
  ID_NAMES,
  LEASE_FIELDS,
} from '../../src/lease/lease-fields.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { etcdRecordOf, formatEntry, leaseOfRecord, parseEntry } from '../../src/store/etcd/keys/entry.ts';
import type { KeptLease } from '../../src/store/mirror.ts';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import {
  bytesOf,
  decodeRecord,
  encodeRecord,
  type JournalRecord,
} from '../../src/store/sqlite/journal/journal-record.ts';
import { openLeaseReader } from '../../src/store/sqlite/lease-reader.ts';
import { openMirror } from '../../src/store/sqlite/open-mirror.ts';
import { columnsOf, HISTORY_ROW } from '../../src/store/sqlite/tables/rows.ts';
import { MIGRATIONS, migrate } from '../../src/store/sqlite/tables/schema.ts';
import { FakeClock } from '../support/clock.ts';
import { address, at, client, hardware, take } from './changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from './sqlite/temporary-store.ts';

const FAR = at(100 * 365 * 86_400);
const GRANTER = address('10.15.3.11');

const id = (text: string) => text as OutsideId;
/** The longest that there is, in the characters that take most bytes. */
const LONGEST = '\u4e16'.repeat(64);

/** No two fields have the same value, so that none can stand in another's place. */
const LEASE: KeptLease & { readonly state: 'bound' } = {
  ...{ address: address('10.15.3.20'), client: client(1), hardware: hardware(2), state: 'bound' },
  ...{ expiresAt: FAR, updatedAt: at(5), leaseSeconds: 3600, version: 1, granter: GRANTER },
  ...{ hostname: 'web-1', node: 'pve2' },
  ids: { vpsId: id('104'), reservationId: id('res 7f'), organizationId: id(LONGEST), port: id('tap104i0') },
};

/** What has come of a lease, by its fields. */
type Fields = Readonly<Partial<Record<FieldName, unknown>>>;

function fieldsOf(lease: Partial<KeptLease>): Fields {
  const { ids, ...fields } = lease;
  return { ...fields, ...ids };
}

/** The same fields of LEASE; `startsAt` is when it was written first. */
function expected(names: readonly FieldName[], more: Fields = {}): Fields {
  const whole: Fields = { ...fieldsOf(LEASE), startsAt: LEASE.updatedAt, ...more };
  return Object.fromEntries(names.map((name) => [name, whole[name]]));
}

function only(names: readonly FieldName[], fields: Fields): Fields {
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

const IN_MEMORY = FIELD_NAMES.filter((name) => ['memory', 'aside'].includes(LEASE_FIELDS[name].where));
const NOT_IN_THE_FILE_ALONE = FIELD_NAMES.filter((name) => LEASE_FIELDS[name].where !== 'file');
const IN_ETCD = FIELD_NAMES.filter((name) => LEASE_FIELDS[name].etcd !== '-');
const IN_JOURNAL = FIELD_NAMES.filter((name) => LEASE_FIELDS[name].journal !== '-');
const LISTED = FIELD_NAMES.filter((name) => LEASE_FIELDS[name].listed !== '-');

const RECORD: JournalRecord = {
  ...LEASE,
  ...{ isRenewal: true, event: 'bound', eventId: 77, reason: 'renewed' },
};

function encoded(record: JournalRecord) {
  const bytes = Buffer.alloc(bytesOf(record) + 3);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = encodeRecord(record, bytes, view, 3);
  return { bytes, view, end };
}

/** A store's lease file that has the lease, by way of a commit. */
async function stored() {
  const directory = temporaryDirectory();
  const store = openIn(directory, { node: 'pve1' });
  const { address: where, updatedAt, version: _version, node: _node, ...next } = LEASE;
  const outcome = await take(store, {
    ...{ kind: 'binding', client: LEASE.client, expectedBindingVersion: 0, at: updatedAt, reason: 'bound' },
    writes: [{ address: where, expectedVersion: 0, next }],
  });
  expect(outcome).toBe('committed');
  return { directory, store };
}

/** The row as SQLite has it, by the fields. */
function rowIn(directory: string): Fields {
  const database = openSqlite(fileIn(directory), { readonly: true });
  const row = database.prepare('SELECT * FROM lease').get() as Record<string, unknown>;
  database.close();
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, row[LEASE_FIELDS[name].column]]));
}

describe('each field of LEASE_FIELDS', () => {
  it('has a place of its own everywhere', () => {
    const placesOf = (what: (name: FieldName) => unknown) => {
      const places = FIELD_NAMES.map(what).filter((place) => place !== '-');
      expect(new Set(places).size).toBe(places.length);
    };

    placesOf((name) => LEASE_FIELDS[name].column);
    placesOf((name) => LEASE_FIELDS[name].listed);
    placesOf((name) => LEASE_FIELDS[name].etcd);
    placesOf((name) => JSON.stringify(LEASE_FIELDS[name].journal).replace('"-"', '-'));
    expect(ID_NAMES.map((name) => LEASE_FIELDS[name].journal)).toEqual(
      ID_NAMES.map((_, index) => ({ as: 'id', at: index })),
    );
  });

  it('is a column of the lease file, in the order that salvage counts on; ids are in the history too', () => {
    const database = openSqlite(':memory:');
    migrate(database, MIGRATIONS);
    const columnsIn = (table: string) =>
      (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);

    expect(columnsIn('lease')).toEqual(columnsOf(FIELD_NAMES));
    expect(columnsIn('history')).toEqual(HISTORY_ROW);
    database.close();
  });

  it('has a check that takes what is one, and nothing else', () => {
    const none: Readonly<Record<FieldType, readonly unknown[]>> = {
      ...{ ipv4: [-1, 2 ** 32, 0.5, '1', null], mac: [-1, 2 ** 48, '1'], client: ['0', 'AB', 7] },
      ...{ state: ['expired', 2], time: [-1, Number.NaN, '0'], seconds: [2 ** 32], version: [2 ** 53] },
      ...{
        text: [1, null],
        id: ['', ' a', 'a\n', 'a\u0000b', '\u202eabc', '\ud800', 'x'.repeat(65), 7, null],
      },
    };

    for (const name of FIELD_NAMES) {
      const check = FIELD_CHECKS[LEASE_FIELDS[name].type];
      expect([name, check(expected([name])[name])]).toEqual([name, true]);
      for (const value of none[LEASE_FIELDS[name].type])
        expect([name, value, check(value)]).toEqual([name, value, false]);
    }
  });

  it('is in memory as it was written, for every lease or aside', () => {
    const table = new LeaseTable(new Set(), 0);

    table.load(LEASE);

    expect(only(IN_MEMORY, fieldsOf(table.recordAt(LEASE.address) ?? {}))).toEqual(expected(IN_MEMORY));
  });

  it('stands in a record of the journal where the table says', () => {
    const { bytes, view, end } = encoded(RECORD);
    /** Where the next id stands: behind the host name. */
    let next = bytes.lastIndexOf('web-1') + 'web-1'.length;

    for (const name of IN_JOURNAL) {
      const place = LEASE_FIELDS[name].journal;
      const value = expected([name])[name];
      if (place === '-') continue;
      const offset = 3 + place.at;
      if (place.as === 'f64') expect([name, view.getFloat64(offset, true)]).toEqual([name, value]);
      else if (place.as === 'u32') expect([name, view.getUint32(offset, true)]).toEqual([name, value]);
      else if (place.as === 'u8')
        expect([name, bytes[offset]]).toEqual([name, 1]); // bound
      else if (place.as === 'length')
        expect([name, view.getUint16(offset, true)]).toEqual([name, String(value).length]);
      else {
        const length = bytes[next] ?? 0;
        expect([name, bytes.toString('utf8', next + 1, next + 1 + length)]).toEqual([name, value]);
        next += 1 + length;
      }
    }
    expect(next).toBe(end);
  });

  it('comes back from a record of the journal', () => {
    const { bytes, view } = encoded(RECORD);

    const read = decodeRecord(bytes, view, 3);

    expect(only(IN_JOURNAL, fieldsOf(read))).toEqual(expected(IN_JOURNAL));
    expect(read).toMatchObject({ isRenewal: true, event: 'bound', eventId: 77, reason: 'renewed' });
  });

  it('is in the row of the lease file', async () => {
    const { directory, store } = await stored();

    store.flush();

    const node = ipv4ToText(GRANTER); // Of another gateway only its address is known.
    expect(rowIn(directory)).toEqual(expected(FIELD_NAMES, { node }));
  });

  it.each([
    ['stopped', (directory: string) => directory],
    ['killed, with all of it in the journal', imageOf],
  ])('is there after a restart of a gateway that was %s', async (_, leave) => {
    const { directory, store } = await stored();
    const left = leave(directory);
    await store.close();

    const again = openIn(left);

    expect(only(IN_MEMORY, fieldsOf(again.leases.at(LEASE.address) ?? {}))).toEqual(expected(IN_MEMORY));
  });

  it('is kept by a renewal that says nothing of names and ids', async () => {
    const { directory, store } = await stored();
    const { client: who, hardware: card, state, expiresAt, leaseSeconds, granter } = LEASE;
    const next = { client: who, hardware: card, state, expiresAt, leaseSeconds, granter };
    const renewal = { address: LEASE.address, expectedVersion: 1, next };
    await take(store, {
      ...{ kind: 'binding', client: who, expectedBindingVersion: 1, at: at(60), reason: 'renewed' },
      writes: [renewal],
    });
    const image = imageOf(directory);
    store.flush();

    const now = { updatedAt: at(60), version: 2, startsAt: at(5), node: ipv4ToText(GRANTER) };
    expect(rowIn(directory)).toEqual(expected(FIELD_NAMES, now));
    expect(only(IN_MEMORY, fieldsOf(openIn(image).leases.at(LEASE.address) ?? {}))).toEqual(
      expected(IN_MEMORY, now),
    );
  });

  it('is salvaged from a damaged file', async () => {
    const { directory, store } = await stored();
    await store.close();
    const handle = openSync(fileIn(directory), 'r+');
    writeSync(handle, new Uint8Array(100), 0, 100, 0);
    closeSync(handle);

    const salvaged = openIn(directory);

    expect(salvaged.opening.setAside?.salvaged).toEqual({ leases: 1, history: 1 });
    expect(rowIn(directory)).toEqual(expected(FIELD_NAMES, { node: ipv4ToText(GRANTER) }));
    const reader = openLeaseReader(directory);
    expect([...reader.history({})]).toMatchObject([
      { vps_id: '104', reservation_id: 'res 7f', port: 'tap104i0' },
    ]);
    reader.close();
  });

  it('is listed, before and after it is applied to the lease file', async () => {
    const { directory, store } = await stored();
    const shown = {
      ...{ address: '10.15.3.20', client: '01525400000001', hardware: '52:54:00:00:00:02', state: 'bound' },
      ...{ startsAt: '2026-01-01T00:00:05Z', updatedAt: '2026-01-01T00:00:05Z', node: '10.15.3.11' },
      expiresAt: '2125-12-08T00:00:00Z',
    };
    const listing = () => {
      const reader = openLeaseReader(directory);
      const rows = { lease: [...reader.leases({})], event: [...reader.history({})] };
      reader.close();
      return rows;
    };

    const before = listing();
    store.flush();
    const after = listing();

    expect(after).toEqual(before);
    const [row] = after.lease;
    expect(Object.keys(row ?? {}).sort()).toEqual(LISTED.map((name) => LEASE_FIELDS[name].listed).sort());
    const listed = Object.entries(row ?? {}).map(([member, value]) => [
      LISTED.find((name) => LEASE_FIELDS[name].listed === member),
      value,
    ]);
    expect(Object.fromEntries(listed)).toEqual(expected(LISTED, shown));
    expect(after.event).toMatchObject([
      { vps_id: '104', reservation_id: 'res 7f', organization_id: LONGEST },
    ]);
  });

  it('is in what etcd has of an address, and comes back from there', () => {
    const written = etcdRecordOf(LEASE, ipv4ToText(GRANTER), LEASE.node, 'bound');

    const record = parseEntry(formatEntry({ record: written, op: 'one' }))?.record;

    const members = IN_ETCD.map((name) => LEASE_FIELDS[name].etcd.replace('?', ''));
    expect(Object.keys(record ?? {}).sort()).toEqual([...members, 'reason'].sort());
    const lease = record && leaseOfRecord(LEASE.address, record, LEASE.version);
    expect(only(IN_ETCD, { ...record, ...fieldsOf(lease ?? {}) })).toEqual(expected(IN_ETCD));
  });

  it('is in the mirror of shared leases, also when it is opened again', async () => {
    const directory = temporaryDirectory();
    const clock = new FakeClock();
    const open = () => openMirror({ directory, inFlight: new Set<never>(), now: at(0), seed: 0, clock });
    const mirror = await open();

    mirror.put({ before: undefined, after: LEASE, reason: 'bound' });

    const leases = mirror.leases();
    mirror.close();
    const again = await open();
    for (const [lease] of [leases, again.leases()])
      expect(only(NOT_IN_THE_FILE_ALONE, fieldsOf(lease ?? {}))).toEqual(expected(NOT_IN_THE_FILE_ALONE));
    again.close();
    expect(rowIn(directory)).toEqual(expected(FIELD_NAMES));
  });
});
