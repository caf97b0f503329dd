import { describe, expect, test } from 'vitest';
import type { LeaseSearch } from '../../../../src/store/sqlite/query/lease-search.ts';
import { LiveLeaseFile } from '../../../../src/store/sqlite/query/live-file.ts';
import { searchHistory } from '../../../../src/store/sqlite/query/search-history.ts';
import { searchLeases } from '../../../../src/store/sqlite/query/search-leases.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind, hardware } from '../../changes.ts';
import { openIn, temporaryDirectory } from '../temporary-store.ts';
import { has, lacks, searchOf } from './searches.ts';

const SIGNAL = new AbortController().signal;

/** A store with so many leases, and a reader beside it. */
async function filled(guests: number) {
  const directory = temporaryDirectory();
  const clock = new FakeClock(at(0));
  const store = openIn(directory, { clock });
  for (let number = 1; number <= guests; number += 1)
    await bind(store, {
      client: number,
      address: address(`10.15.3.${19 + number}`),
      hostname: number % 2 === 0 ? `Web-${number}` : `db-${number}`,
      expiresAt: at(4_000_000_000 - number),
    });
  const file = new LiveLeaseFile(directory);
  const carried = store.carry(1000);
  await clock.pass(1000);
  expect(await carried).toBe(true);
  const found = async (search: Partial<LeaseSearch>) => {
    const { rows, ...rest } = await searchLeases(file.database, searchOf(search), SIGNAL);
    return { ...rest, hosts: rows.map(({ hostname }) => hostname) };
  };
  return { store, file, clock, directory, found };
}

describe('a search of leases', () => {
  test('reads what the journal had a moment ago, once it is carried over', async () => {
    const { store, clock, found } = await filled(2);

    await bind(store, { client: 3, address: address('10.15.3.25'), hostname: 'new' });
    expect((await found({})).total).toBe(2);
    const carried = store.carry(1000);
    await clock.pass(1000);

    expect(await carried).toBe(true);
    expect((await found({})).hosts).toEqual(['db-1', 'Web-2', 'new']);
  });

  test.each([
    [has('hostname', 'WEB'), ['Web-2', 'Web-4']],
    [lacks('hostname', 'web'), ['db-1', 'db-3']],
    [has('address', address('10.15.3.21')), ['Web-2']],
    [lacks('address', address('10.15.3.21')), ['db-1', 'db-3', 'Web-4']],
    [has('mac', hardware(3)), ['db-3']],
    [has('state', 'bound'), ['db-1', 'Web-2', 'db-3', 'Web-4']],
    [lacks('state', 'bound'), []],
    [lacks('vps_id', 'vps-1'), ['db-1', 'Web-2', 'db-3', 'Web-4']],
    [has('q', '10.15.3.2'), ['db-1', 'Web-2', 'db-3', 'Web-4']],
    [has('q', '00:00:03'), ['db-3']],
    [has('q', "' OR 1=1 --"), []],
    [has('hostname', '%'), []],
    [{ ...has('vps_id', 'vps-1'), orValues: [''] }, ['db-1', 'Web-2', 'db-3', 'Web-4']],
    [{ ...has('state', 'free'), orValues: ['peer', 'bound'] }, ['db-1', 'Web-2', 'db-3', 'Web-4']],
    [{ ...lacks('state', 'free'), orValues: ['bound'] }, []],
  ] as const)('by %o finds those that have it', async (condition, hosts) => {
    const { found } = await filled(4);

    expect(await found({ conditions: [condition] })).toMatchObject({ hosts, total: hosts.length });
  });

  test('needs all its conditions', async () => {
    const { found } = await filled(4);

    const conditions = [has('hostname', 'web'), lacks('address', address('10.15.3.21'))];
    expect((await found({ conditions })).hosts).toEqual(['Web-4']);
  });

  test.each([
    ['address', false, ['db-1', 'Web-2', 'db-3', 'Web-4']],
    ['address', true, ['Web-4', 'db-3', 'Web-2', 'db-1']],
    ['hostname', false, ['db-1', 'db-3', 'Web-2', 'Web-4']],
    ['expires', false, ['Web-4', 'db-3', 'Web-2', 'db-1']],
  ] as const)(
    'sorted by %s (descending: %s) has each row once, whatever the size of its pages',
    async (sort, isDescending, hosts) => {
      const { found } = await filled(4);

      for (const limit of [1, 3, 4]) {
        const seen: (string | null)[] = [];
        for (let after: LeaseSearch['after']; ; ) {
          const page = await found({ sort, isDescending, limit, after });
          expect(page.total).toBe(4);
          seen.push(...page.hosts);
          after = page.last;
          if (after === undefined) break;
        }
        expect(seen).toEqual(hosts);
      }
    },
  );

  test('counts by values', async () => {
    const { found } = await filled(4);

    expect((await found({ facets: ['state', 'node'], limit: 1 })).facets).toEqual({
      state: { bound: 4 },
      node: { '': 4 },
    });
  });

  test('ends when nobody waits for it', async () => {
    const { file } = await filled(1);

    await expect(searchLeases(file.database, searchOf(), AbortSignal.abort())).rejects.toThrow(/abort/);
  });
});

test('the history is found newest first, in pages that have each row once, and by who ordered it', async () => {
  const { store, file, clock } = await filled(3);
  await bind(store, { client: 2, address: address('10.15.3.21'), state: 'free', expiresAt: at(1) });
  const carried = store.carry(1000);
  await clock.pass(1000);
  await carried;

  const seen: string[] = [];
  for (let before: number | undefined; ; ) {
    const page = await searchHistory(file.database, { limit: 2, before }, SIGNAL);
    expect(page.total).toBe(4);
    seen.push(...page.rows.map(({ address: of, event }) => `${of} ${event}`));
    before = page.last;
    if (before === undefined) break;
  }

  expect(seen).toEqual(['10.15.3.21 freed', '10.15.3.22 bound', '10.15.3.21 bound', '10.15.3.20 bound']);
  const of = async (search: object) =>
    (await searchHistory(file.database, { limit: 9, before: undefined, ...search }, SIGNAL)).total;
  expect(await of({ address: address('10.15.3.21') })).toBe(2);
  expect(await of({ mac: hardware(3) })).toBe(1);
  expect(await of({ author: 'nobody' })).toBe(0);
});

test('who ordered a change, and why, are read out of its row; an author is found by the whole name alone', async () => {
  const { store, file, clock } = await filled(2);
  const free = { state: 'free', expiresAt: at(1) } as const;
  const reason = 'released-by-operator by cli:root: moved: by platform: to pve2';
  await bind(store, { client: 1, address: address('10.15.3.20'), ...free, reason });
  await bind(store, { client: 2, address: address('10.15.3.21'), ...free, reason: 'released by platform' });
  const carried = store.carry(1000);
  await clock.pass(1000);
  await carried;

  const by = async (author: string) =>
    (await searchHistory(file.database, { limit: 9, before: undefined, author }, SIGNAL)).rows;

  expect(await by('cli:root')).toMatchObject([
    { reason: 'released-by-operator', author: 'cli:root', note: 'moved: by platform: to pve2' },
  ]);
  expect(await by('platform')).toMatchObject([{ reason: 'released', author: 'platform', note: null }]);
  expect(await by('cli')).toEqual([]);
  expect(await by('root')).toEqual([]);
});
