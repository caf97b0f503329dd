import { beforeAll, expect, test } from 'vitest';
import { ipv4, ipv4FromText, ipv4ToText } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import type { LeaseSearch, LeaseSort } from '../../../../src/store/sqlite/query/lease-search.ts';
import { LiveLeaseFile } from '../../../../src/store/sqlite/query/live-file.ts';
import { runningLeases } from '../../../../src/store/sqlite/query/named-leases.ts';
import { searchHistory } from '../../../../src/store/sqlite/query/search-history.ts';
import { searchLeases } from '../../../../src/store/sqlite/query/search-leases.ts';
import { searchLeasesAt } from '../../../../src/store/sqlite/query/search-leases-at.ts';
import { fileIn, openIn, temporaryDirectory } from '../temporary-store.ts';
import { has, lacks, searchOf } from './searches.ts';

const SIGNAL = new AbortController().signal;
const FIRST = Number(ipv4FromText('10.65.0.0'));
/** More than one read looks at, with a gap between them. */
const LEASES = 7000;
const GAP = 300_000;
/** As guests call themselves: also not at all, with what SQL could take for its own, and with letters that are sorted oddly. */
const NAMES = ['web', 'WEB', 'db_%', null, 'ＷＥＢ', '\u{1f427}', 'ÄPFEL', 'äpfel', 'a\\b'];

/** What the tests compare the search with. */
interface Made {
  readonly position: number;
  readonly client: string;
  readonly mac: number;
  readonly state: 'bound' | 'free';
  readonly expires: number;
  readonly isExpired: boolean;
  readonly hostname: string | null;
  readonly node: string | null;
  readonly vpsId: string | null;
}

const MADE = Array.from({ length: LEASES }, (_, number): Made => {
  const name = NAMES[number % NAMES.length] ?? null;
  const isExpired = number % 5 === 0 && number % 100 !== 3;
  return {
    position: FIRST + number + (number > LEASES / 2 ? GAP : 0),
    client: `01${number.toString(16).padStart(12, '0')}`,
    mac: number % 11 === 0 ? 0 : 0x02a0_0000_0000 + ((number * 7919) % LEASES),
    state: number % 100 === 3 ? 'free' : 'bound',
    expires: isExpired ? 1000 : 4_000_000_000_000 - (number % 23),
    isExpired,
    hostname: name === null ? null : `${name}${number % 13}`,
    node: number % 3 === 0 ? null : `pve${number % 3}`,
    vpsId: number % 50 === 0 ? `VPS-${number}` : null,
  };
});

let file: LiveLeaseFile;
beforeAll(async () => {
  const directory = temporaryDirectory();
  await openIn(directory, {}).close();
  const database = openSqlite(fileIn(directory));
  const insert = database.prepare(
    `INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, hostname, node, vps_id)
     VALUES (?, ?, ?, ?, 1, ?, 1, 1, ?, ?, ?)`,
  );
  database.transaction(() => {
    for (const { position, client, mac, state, expires, hostname, node, vpsId } of MADE)
      insert.run(position, client, mac, state, expires, hostname, node, vpsId);
  })();
  database.close();
  file = new LiveLeaseFile(directory);
});

const stateOf = ({ state, isExpired }: Made) => (isExpired ? 'expired' : state);
const macText = ({ mac }: Made) =>
  mac === 0 ? '' : (mac.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
const KEYS: Readonly<Partial<Record<LeaseSort, (made: Made) => string | number>>> = {
  address: ({ position }) => position,
  mac: ({ mac }) => mac,
  hostname: ({ hostname }) => (hostname ?? '').replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  state: stateOf,
  expires: ({ expires }) => expires,
  vps_id: ({ vpsId }) => vpsId ?? '',
  node: ({ node }) => node ?? '',
};

function inOrder(sort: LeaseSort, isDescending: boolean) {
  const key = KEYS[sort] ?? (() => 0);
  return (one: Made, other: Made) => {
    const [a, b] = [key(one), key(other)];
    const byKey =
      typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
    return (byKey || one.position - other.position) * (isDescending ? -1 : 1);
  };
}

async function found(of: Partial<LeaseSearch>) {
  return await searchLeases(file.database, searchOf(of), SIGNAL);
}

const textsOf = (made: Made) =>
  [ipv4ToText(ipv4(made.position)), macText(made), made.client, made.hostname, made.vpsId, made.node]
    .map((each) => (each ?? '').toLowerCase())
    .join('\n');
const hasWord = (word: string) => (made: Made) => textsOf(made).includes(word.toLowerCase());

test.each([
  ...['web1', 'WEB', 'ＷＥＢ', 'ｗｅｂ', '_%', '%', '\\', 'äpf', 'ÄPF', '\u{1f427}', 'vps-50', 'pve1'],
  ...['10.65.1', '.255', '69.', '7', '77', '0a', 'a0:00', ':', '0:0', '02a0', '01000000', 'PVE', 'nothing'],
])('the word %s is found in whatever a lease shows, and its negation finds all others', async (word) => {
  const wanted = MADE.filter(hasWord(word));

  const { rows, total } = await found({ conditions: [has('q', word)], limit: 5 });

  expect(total).toBe(wanted.length);
  expect(rows.map(({ address }) => address)).toEqual(
    wanted.slice(0, 5).map(({ position }) => ipv4ToText(ipv4(position))),
  );
  expect((await found({ conditions: [lacks('q', word)] })).total).toBe(LEASES - wanted.length);
});

test.each(
  (Object.keys(KEYS) as LeaseSort[]).flatMap((sort) =>
    [false, true].flatMap((isDescending) =>
      [[], [has('q', 'web')], [has('state', 'bound')], [has('vps_id', 'VPS-150')]].map(
        (conditions) => [sort, isDescending, conditions] as const,
      ),
    ),
  ),
)(
  'by %s (descending: %s), of those with %j, each comes once and in its order',
  async (sort, isDescending, conditions) => {
    const isWanted = (made: Made) =>
      conditions.every(({ name, value }) =>
        name === 'q'
          ? hasWord(String(value))(made)
          : (name === 'state' ? stateOf(made) : made.vpsId) === value,
      );
    const wanted = MADE.filter(isWanted).sort(inOrder(sort, isDescending));

    const seen: number[] = [];
    for (let after: LeaseSearch['after']; ; ) {
      const { page, total, last } = await found({ conditions, sort, isDescending, limit: 1000, after });
      expect(total).toBe(wanted.length);
      seen.push(...page.map(({ position }) => position));
      after = last;
      if (after === undefined) break;
    }

    expect(seen).toEqual(wanted.map(({ position }) => position));
  },
);

test.each([[[]], [[has('q', 'web')]], [[has('vps_id', 'VPS-150')]]])(
  'what is found with %j is counted by its values',
  async (conditions) => {
    const isWanted = (made: Made) =>
      conditions.every(({ name, value }) => (name === 'q' ? hasWord('web')(made) : made.vpsId === value));
    const counts = (of: (made: Made) => string) => {
      const all: Record<string, number> = {};
      for (const made of MADE.filter(isWanted)) all[of(made)] = (all[of(made)] ?? 0) + 1;
      return all;
    };

    const { facets } = await found({ conditions, facets: ['state', 'node', 'organization_id'], limit: 1 });

    expect(facets).toEqual({
      state: counts(stateOf),
      node: counts(({ node }) => node ?? ''),
      organization_id: counts(() => ''),
    });
  },
);

test('what is listed beside the leases stands in their order, and a lease that is not to be listed is not counted', async () => {
  const isListed = (position: number) => position % 2 === 0;
  const beside = {
    lists: ({ position }: { readonly position: number }) => isListed(position),
    rows: [{ key: FIRST + LEASES, position: FIRST + LEASES, facets: ['reserved-idle'] }],
  };
  const wanted = [...MADE.map(({ position }) => position).filter(isListed), FIRST + LEASES].sort(
    (one, other) => one - other,
  );

  const seen: number[] = [];
  for (let after: LeaseSearch['after']; ; ) {
    const of = searchOf({ limit: 900, after, facets: ['state'] });
    const { page, total, last, facets } = await searchLeases(file.database, of, SIGNAL, beside);
    expect(total).toBe(wanted.length);
    expect(facets.state?.['reserved-idle']).toBe(1);
    seen.push(...page.map(({ position }) => position));
    after = last;
    if (after === undefined) break;
  }

  expect(seen).toEqual(wanted);
});

test('two searches at the same time, each with its own way to list, do not disturb each other', async () => {
  const of = (rest: number) => ({
    lists: ({ position }: { readonly position: number }) => position % 3 === rest,
    rows: [],
  });

  const totals = await Promise.all(
    [0, 1, 2].map(async (rest) => (await searchLeases(file.database, searchOf({}), SIGNAL, of(rest))).total),
  );

  expect(totals).toEqual(
    [0, 1, 2].map((rest) => MADE.filter(({ position }) => position % 3 === rest).length),
  );
});

test.each([
  [false, []],
  [true, []],
  [false, [has('q', 'web')]],
  [true, [has('vps_id', 'VPS-150')]],
] as const)(
  'who had addresses at a time is told in pages (descending: %s), of those with %j',
  async (isDescending, conditions) => {
    const isWanted = (made: Made) =>
      made.state === 'bound' &&
      conditions.every(({ name, value }) => (name === 'q' ? hasWord('web')(made) : made.vpsId === value));
    const wanted = MADE.filter(isWanted).sort(inOrder('address', isDescending));

    const seen: string[] = [];
    for (let after: LeaseSearch['after']; ; ) {
      const search = { at: 5000, conditions, isDescending, limit: 900, after };
      const { rows, total, last } = await searchLeasesAt(file.database, search, SIGNAL);
      expect(total).toBe(wanted.length);
      seen.push(...rows.map(({ address }) => address));
      after = last;
      if (after === undefined) break;
    }

    expect(seen).toEqual(wanted.map(({ position }) => ipv4ToText(ipv4(position))));
  },
);

test('of more running leases than are wanted no more are read than tell so', async () => {
  const running = MADE.filter((made) => stateOf(made) === 'bound').length;

  expect(await runningLeases(file.database, 2000, running, SIGNAL)).toHaveLength(running);
  const some = await runningLeases(file.database, 2000, 100, SIGNAL);
  expect(some.length).toBeGreaterThan(100);
  expect(some.length).toBeLessThan(running);
});

test('the history is read over its gaps; without a total it ends with the rows that are wanted', async () => {
  const directory = temporaryDirectory();
  await openIn(directory, {}).close();
  const database = openSqlite(fileIn(directory));
  const insert = database.prepare(
    `INSERT INTO history (id, at, address, client, mac, event, reason, expires_at) VALUES (?, 0, ?, '01', 1, 'bound', 'bound', 0)`,
  );
  const ids = [1, 2, 5001, 5002, 400_000, 999_999, 1_000_000, 1_000_001];
  for (const id of ids) insert.run(id, FIRST + (id % 2));
  database.close();
  const history = new LiveLeaseFile(directory);
  const idsOf = async (of: object) => {
    const { rows, total } = await searchHistory(
      history.database,
      { limit: 9, before: undefined, ...of },
      SIGNAL,
    );
    return [rows.map(({ id }) => id), total];
  };

  expect(await idsOf({})).toEqual([ids.toReversed(), ids.length]);
  expect(await idsOf({ address: FIRST })).toEqual([[1_000_000, 400_000, 5002, 2], 4]);
  expect(await idsOf({ address: FIRST, limit: 2, isCounted: false })).toEqual([[1_000_000, 400_000], 0]);
  history.close();
});
