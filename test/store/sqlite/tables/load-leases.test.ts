import { expect, test } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { fileIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const LAST = 2 ** 32 - 1;
/** From crowded to far apart and back: the first and the last address there is, and what lies between two pages. */
const ADDRESSES = [
  0,
  ...Array.from({ length: 9000 }, (_, at) => 0x0a000000 + at),
  ...Array.from({ length: 300 }, (_, at) => 0x10000000 + at * 100_003),
  ...Array.from({ length: 70_000 }, (_, at) => 0x20000000 + at),
  ...Array.from({ length: 40 }, (_, at) => 0x30000000 + at * 4096),
  LAST - 4096,
  LAST,
];

test('a start reads every row, however crowded or far apart they are, and the ids of those that have some', async () => {
  const directory = temporaryDirectory();
  await openIn(directory).close();
  const database = openSqlite(fileIn(directory));
  const insert = database.prepare(
    `INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, vps_id)
      VALUES (?, ?, 0, 'bound', 0, 0, 0, ?, ?)`,
  );
  const idOf = (at: number) => (at % 1000 === 7 ? `vps-${at}` : null);
  database.transaction(() => {
    for (const [at, address] of ADDRESSES.entries())
      insert.run(address, at.toString(16).padStart(8, '0'), at + 1, idOf(at));
  })();
  database.close();

  const { leases, opening } = openIn(directory);

  expect(opening).toMatchObject({ loaded: { bound: ADDRESSES.length }, skipped: 0 });
  const found = ADDRESSES.map((address) => leases.recordAt(address as Ipv4));
  expect(found.map((lease) => lease?.version)).toEqual(ADDRESSES.map((_, at) => at + 1));
  expect(found.map((lease) => lease?.ids?.vpsId ?? null)).toEqual(ADDRESSES.map((_, at) => idOf(at)));
});
