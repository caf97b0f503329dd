import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/lease/lease.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../src/store/sqlite/lease-reader.ts';
import { salvage } from '../../../src/store/sqlite/salvage/salvage.ts';
import { cards, clientId, reservationOf } from '../../support/reservations.ts';
import { address, at, bind, POOL, reserve } from '../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from './temporary-store.ts';

const WEB = reservationOf('web', '10.15.3.20', {
  macs: cards('52:54:00:00:00:01'),
  clientId: clientId('ff01'),
  vpsId: 'vps-1' as OutsideId,
  organizationId: 'org' as OutsideId,
  labels: { node: 'pve1' },
  options: { ntpServers: '10.15.3.1' },
  note: 'a note',
});
const by = { author: 'ann', note: 'ticket 7' };

function rowsOf(directory: string, sql: string): unknown[] {
  const database = openSqlite(fileIn(directory), { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe('reservations in the lease file', () => {
  it('are there when the order is answered, also after a loss of the process, and after the next start', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: address('10.15.3.25') });
    await reserve(store, WEB);
    const version = store.reservations.get(WEB.id)?.version ?? 0;

    const again = openIn(imageOf(directory));

    expect([...again.reservations.all()]).toEqual([{ ...WEB, version }]);
    expect(again.leases.longestFree(POOL)).toBe(address('10.15.3.21'));
    expect(again.leases.revision).toBeGreaterThanOrEqual(version);
    await bind(again, { client: 2, address: address('10.15.3.26') });
    expect(again.leases.recordAt(address('10.15.3.26'))?.version).toBeGreaterThan(version);
  });

  it('are shown for people in a view', async () => {
    const directory = temporaryDirectory();
    await reserve(openIn(directory), WEB);

    expect(rowsOf(directory, 'SELECT * FROM reservations')).toEqual([
      expect.objectContaining({
        ...{ id: 'web', address: '10.15.3.20', mac: '["52:54:00:00:00:01"]', vps_id: 'vps-1' },
        ...{ labels: '{"node":"pve1"}', created_at: '2026-01-01T00:00:00Z', retired_until: null },
      }),
    ]);
  });

  it('have rows of the history, with who ordered them and why', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await reserve(store, WEB, { by });
    await reserve(store, { ...WEB, address: address('10.15.3.21') }, { by, reason: 'reservation-changed' });
    const retired = { ...WEB, address: address('10.15.3.21'), retiredUntil: instant(at(0) + 1000) };
    await reserve(store, retired, { by, reason: 'reservation-removed' });
    await reserve(store, { removed: 'web' });

    const reader = openLeaseReader(directory);
    const rows = [...reader.history({})].map((row) => [row.event, row.address, row.reason, row.mac]);
    reader.close();

    const mac = '52:54:00:00:00:01';
    expect(rows).toEqual([
      ['reserved', '10.15.3.20', 'reserved-by-operator by ann: ticket 7', mac],
      ['unreserved', '10.15.3.20', 'reservation-changed by ann: ticket 7', mac],
      ['reserved', '10.15.3.21', 'reservation-changed by ann: ticket 7', mac],
      ['unreserved', '10.15.3.21', 'reservation-removed by ann: ticket 7', mac],
    ]);
  });

  it('are put into the file again when it was removed under the running process', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await reserve(store, WEB);
    const version = store.reservations.get(WEB.id)?.version ?? 0;
    rmSync(directory, { recursive: true });

    for (let second = 1; second < 6; second += 1) store.idle(at(second));
    await store.close();

    expect([...openIn(directory).reservations.all()]).toEqual([{ ...WEB, version }]);
  });

  it('are saved from a damaged file, in their newest version', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await reserve(store, WEB);
    await reserve(store, { ...WEB, note: 'newer' });
    await reserve(store, reservationOf('other', '10.15.3.22'));
    await store.close();
    const fresh = `${fileIn(directory)}-fresh`;

    salvage(fileIn(directory), fresh, undefined);

    const database = openSqlite(fresh, { readonly: true });
    expect(database.prepare('SELECT id, note FROM reservation ORDER BY id').raw().all()).toEqual([
      ['other', null],
      ['web', 'newer'],
    ]);
    database.close();
  });

  it('a row that no version has written is left where it is, and counted', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await reserve(store, WEB);
    await store.close();
    const database = openSqlite(fileIn(directory));
    database.exec(
      "INSERT INTO reservation SELECT 'odd', address, 'no list', client_id, circuit_id, port, hostname, vps_id, organization_id, labels, options, lease_time, note, source, retired_until, created_at, updated_at, version FROM reservation",
    );
    database.close();

    const again = openIn(directory);

    expect([...again.reservations.all()].map(({ id }) => id)).toEqual(['web']);
    expect(again.opening.skipped).toBe(1);
  });

  it('fail as a whole while another program holds the file, and leases go on', async () => {
    const directory = temporaryDirectory();
    const said: string[] = [];
    const store = openIn(directory, { say: (_level, _fields, message) => void said.push(message) });
    const other = openSqlite(fileIn(directory));
    other.exec('BEGIN IMMEDIATE');

    expect(await reserve(store, WEB)).toBe('failed');
    expect([store.reservations.isEmpty, store.leases.longestFree(POOL)]).toEqual([
      true,
      address('10.15.3.20'),
    ]);
    expect(await bind(store, { client: 1, address: address('10.15.3.20') })).toBe('committed');
    expect(said).toContain('reservations cannot be written to the lease file');
    other.exec('ROLLBACK');
    other.close();
    expect(await reserve(store, { ...WEB, address: address('10.15.3.21') })).toBe('committed');
  });
});
