import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NEVER } from '../../../../src/lease/lease.ts';
import type { OutsideId } from '../../../../src/lease/outside-id.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../../src/store/sqlite/tables/schema.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';
import { errorOf, fileIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const NEXT = [...MIGRATIONS, { sql: 'ALTER TABLE lease ADD COLUMN colour TEXT' }];
/** A lease until 2126. */
const FAR = at(100 * 365 * 86_400);

/** A lease file as an older version left it, by its own steps alone: two leases until an hour from now, and the history of one. */
function oldFile(directory: string, schema: number, vps = '104'): void {
  const database = openSqlite(fileIn(directory));
  for (const { sql } of MIGRATIONS.slice(0, schema)) database.exec(sql);
  database.exec(
    'CREATE VIEW leases AS SELECT address, mac, hostname, state, vps_id, node, client FROM lease',
  );
  database.exec('CREATE VIEW lease_history AS SELECT id, address, event, vps_id, node, client FROM history');
  database.prepare("INSERT INTO meta VALUES ('schema', ?)").run(String(schema));
  database.pragma(`user_version = ${schema}`);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  const lease = database.prepare(
    `INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, hostname, vps_id)
      VALUES (?, ?, ?, 'bound', ?, ?, ?, ?, ?, ?)`,
  );
  lease.run(A, client(1), hardware(1), at(0), at(3600), at(0), 1, 'web', vps);
  lease.run(B, client(2), hardware(2), at(0), at(3600), at(0), 2, null, null);
  database
    .prepare(
      `INSERT INTO history (id, at, address, client, mac, event, reason, expires_at, hostname, node, vps_id)
        VALUES (1, ?, ?, ?, ?, 'bound', 'bound', ?, 'web', 'pve1', ?)`,
    )
    .run(at(0), A, client(1), hardware(1), at(3600), vps);
  database.close();
}

describe('the schema of the lease file', () => {
  it('a migration keeps the leases, and a copy of the file from before it', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await bind(first, { client: 1, address: A });
    await first.close();

    const second = openIn(directory, { migrations: NEXT });

    const copy = join(directory, 'leases.sqlite.schema-7-20260101T000000Z');
    expect(second.opening.copy).toBe(copy);
    expect(second.leases.at(A)?.state).toBe('bound');
    expect(await bind(second, { client: 1, address: A, at: at(5) })).toBe('committed');
    const before = openSqlite(copy, { readonly: true });
    expect(before.pragma('user_version', { simple: true })).toBe(7);
    expect(before.prepare('SELECT count(*) FROM lease').pluck().get()).toBe(1);
    before.close();
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'a file of schema %i is brought up to date with a copy of it: leases, history, and VPS ids that stood there',
    async (schema) => {
      const directory = temporaryDirectory();
      oldFile(directory, schema);

      const store = openIn(directory);

      expect(store.opening.copy).toContain(`schema-${schema}`);
      expect(store.leases.at(A)).toMatchObject({ client: client(1), ids: { vpsId: '104' } });
      expect(store.leases.at(B)).toMatchObject({ client: client(2), ids: undefined });
      await bind(store, { client: 1, address: A, at: at(60), ids: { reservationId: 'r7' as OutsideId } });
      store.flush();
      const reader = openLeaseReader(directory);
      const none = { reservation_id: null, organization_id: null, port: null };
      expect([...reader.leases({})]).toMatchObject([
        { hostname: 'web', vps_id: null, reservation_id: 'r7', organization_id: null, port: null },
        { hostname: null, vps_id: null, ...none },
      ]);
      expect([...reader.history({})]).toMatchObject([{ event: 'bound', vps_id: '104', ...none }]);
      reader.close();
    },
  );

  it('a VPS id that is none of ours keeps no lease from being one', () => {
    const directory = temporaryDirectory();
    oldFile(directory, 4, 'x'.repeat(65));

    const store = openIn(directory);

    expect(store.opening).toMatchObject({ loaded: { bound: 2 }, skipped: 0 });
    expect(store.leases.at(A)).toMatchObject({ client: client(1), ids: undefined });
  });

  it('a migration that fails leaves the file as it was', async () => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    const broken = [...NEXT, { sql: 'CREATE TABLE lease (nonsense)' }];

    expect(errorOf(() => openIn(directory, { migrations: broken })).code).toBe('store-failed');

    expect(openIn(directory).opening.copy).toBeUndefined();
  });

  it('a newer file is refused by its number, and left as it was', async () => {
    const directory = temporaryDirectory();
    await openIn(directory, { migrations: NEXT }).close();

    const error = errorOf(() => openIn(directory));

    expect(error.code).toBe('store-newer');
    expect(error.message).toContain('schema 8');
    expect(openIn(directory, { migrations: NEXT }).opening.copy).toBeUndefined();
    expect(readdirSync(directory).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  it('a database of somebody else is refused, and left as it was', () => {
    const directory = temporaryDirectory();
    const other = openSqlite(fileIn(directory));
    other.exec('CREATE TABLE songs (title TEXT)');
    other.close();

    const error = errorOf(() => openIn(directory));

    expect(error.code).toBe('store-unusable');
    expect(error.message).toContain('not one of leases');
  });
});

describe('what people read with sqlite3', () => {
  const query = (directory: string, sql: string) => {
    return execFileSync('sqlite3', ['-separator', ' ', '-nullvalue', '-', fileIn(directory), sql], {
      encoding: 'utf8',
    });
  };

  it('the view `leases` has dotted addresses, MACs, UTC times and the state as of now', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { node: 'pve1' });
    await bind(store, { client: 1, address: A, expiresAt: FAR, hostname: 'web' });
    await bind(store, { client: 0xab, address: address('10.15.3.21'), expiresAt: at(60) });
    await bind(store, { client: 3, address: address('10.15.3.22'), state: 'free', at: at(61) });
    await bind(store, { client: 4, address: address('10.15.3.23'), state: 'declined', expiresAt: FAR });
    await bind(store, { client: 5, address: address('192.168.255.1'), state: 'declined', expiresAt: at(60) });
    await bind(store, { client: 6, address: address('255.255.255.254'), expiresAt: NEVER });

    store.flush();
    const shown = query(
      directory,
      'SELECT address, mac, hostname, state, starts, expires, node, client FROM leases',
    );

    expect(shown.trim().split('\n')).toEqual([
      '10.15.3.20 52:54:00:00:00:01 web bound 2026-01-01T00:00:00Z 2125-12-08T00:00:00Z pve1 01525400000001',
      '10.15.3.21 52:54:00:00:00:ab - expired 2026-01-01T00:00:00Z 2026-01-01T00:01:00Z pve1 015254000000ab',
      '10.15.3.22 52:54:00:00:00:03 - free 2026-01-01T00:01:01Z - pve1 01525400000003',
      '10.15.3.23 52:54:00:00:00:04 - declined 2026-01-01T00:00:00Z 2125-12-08T00:00:00Z pve1 01525400000004',
      '192.168.255.1 52:54:00:00:00:05 - free 2026-01-01T00:00:00Z - pve1 01525400000005',
      '255.255.255.254 52:54:00:00:00:06 - bound 2026-01-01T00:00:00Z never pve1 01525400000006',
    ]);
  });

  it('what another gateway granted has its address for a node, in the history too', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { node: 'pve1' });
    await bind(store, { client: 1, address: A, state: 'peer', granter: address('10.15.3.11') });
    store.flush();

    expect(query(directory, 'SELECT state, node FROM leases').trim()).toBe('peer 10.15.3.11');
    expect(query(directory, 'SELECT event, node FROM lease_history').trim()).toBe('peer 10.15.3.11');
  });

  it('what another gateway may have granted, and nobody knows which, has no node; what has run out here is told by this one', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { node: 'pve1' });
    await bind(store, { client: 1, address: A });
    await bind(store, { client: 1, address: A, state: 'peer' });
    store.flush();

    expect(query(directory, "SELECT state, coalesce(node, '-') FROM leases").trim()).toBe('peer -');
    expect(query(directory, 'SELECT DISTINCT node FROM lease_history').trim()).toBe('pve1');
  });

  it('a renewal moves the end of a lease, not its beginning', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, expiresAt: at(60) });
    await bind(store, { client: 1, address: A, at: at(30), expiresAt: at(90) });

    store.flush();
    expect(query(directory, 'SELECT starts, expires, updated FROM leases').trim()).toBe(
      '2026-01-01T00:00:00Z 2026-01-01T00:01:30Z 2026-01-01T00:00:30Z',
    );
  });

  it('a lease that had run out begins anew', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, expiresAt: at(60) });
    await bind(store, { client: 1, address: A, at: at(70), expiresAt: at(90) });

    store.flush();
    expect(query(directory, 'SELECT starts, expires FROM leases').trim()).toBe(
      '2026-01-01T00:01:10Z 2026-01-01T00:01:30Z',
    );
  });

  it('the view `lease_history` says who had an address, when and why', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A, expiresAt: at(60) });
    await bind(store, { client: 1, address: A, at: at(30), state: 'free', reason: 'released' });

    store.flush();
    const shown = query(directory, "SELECT * FROM lease_history WHERE address = '10.15.3.20'");

    expect(shown.trim().split('\n')).toEqual([
      '2026-01-01T00:00:00Z 10.15.3.20 bound 52:54:00:00:00:01 - bound 2026-01-01T00:01:00Z - - 01525400000001 - - -',
      '2026-01-01T00:00:30Z 10.15.3.20 released 52:54:00:00:00:01 - released - - - 01525400000001 - - -',
    ]);
  });
});
