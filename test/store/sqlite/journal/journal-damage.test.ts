import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { FIRST_JOURNAL_BYTES, JOURNAL_BYTES } from '../../../../src/store/sqlite/journal/journal-file.ts';
import { halfBytesOf, readHeader } from '../../../../src/store/sqlite/journal/journal-header.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, changeOf, client } from '../../changes.ts';
import { imageOf, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const HEADER = 4096;
const HALF = 65_536;
const BYTES = HEADER + 2 * HALF;
const ADDRESSES = 12;

function openSmall(directory: string): SqliteStore {
  return openIn(directory, { journalBytes: BYTES });
}

function leasesOf(store: SqliteStore): (Lease | undefined)[] {
  return Array.from({ length: ADDRESSES }, (_, index) => store.leases.at((A + index) as Ipv4));
}

/** What is left when the power goes after one commit for each number, each of a client and an address of its own. */
async function afterCommits(count: number): Promise<string> {
  const directory = temporaryDirectory();
  const store = openSmall(directory);
  for (let number = 0; number < count; number += 1)
    await bind(store, { client: number, address: (A + number) as Ipv4 });
  return imageOf(directory);
}

/** Which of the clients have their lease. */
function heldIn(store: SqliteStore): number[] {
  return leasesOf(store).flatMap((lease, number) =>
    lease?.state === 'bound' && lease.client === client(number) ? [number] : [],
  );
}

/** Where each batch begins, by the magic that it begins with. */
function batchesIn(journal: Buffer): number[] {
  const starts: number[] = [];
  for (let at = journal.indexOf('VGJ3'); at >= 0; at = journal.indexOf('VGJ3', at + 1)) starts.push(at);
  return starts;
}

function flip(directory: string, offset: number, bit = 0): void {
  const bytes = readFileSync(journalIn(directory));
  bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
  writeFileSync(journalIn(directory), bytes);
}

function asideIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('leases.journal.'));
}

describe('a damaged batch in the middle of the journal', () => {
  it('loses that batch alone; what is lost is said by number, and the file is kept as it was', async () => {
    const image = await afterCommits(10);
    const start = batchesIn(readFileSync(journalIn(image)))[2] ?? 0;
    flip(image, start + 70);
    const damaged = readFileSync(journalIn(image));

    const store = openSmall(image);

    expect(heldIn(store)).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9]);
    const kept = `${journalIn(image)}.damaged-20260101T000000Z`;
    expect(store.opening.journalDamage).toEqual({
      ...{ journal: journalIn(image), kept, reason: undefined, unfinished: undefined },
      losses: [{ first: 3, last: 3, records: 1 }],
    });
    expect(readFileSync(kept).equals(damaged)).toBe(true);
    expect(statSync(kept).mode & 0o777).toBe(0o640);
  });

  it('is read around by whoever looks at the leases while no gateway runs', async () => {
    const image = await afterCommits(10);
    flip(image, (batchesIn(readFileSync(journalIn(image)))[2] ?? 0) + 70);

    const reader = openLeaseReader(image);
    const rows = [...reader.leases({})];
    reader.close();

    expect(rows.map((row) => row.address)).toHaveLength(9);
  });

  it.each([
    ['in the middle', 2],
    ['at the end', 5],
  ])('or %s is said once, and kept once', async (_, number) => {
    const image = await afterCommits(6);
    flip(image, (batchesIn(readFileSync(journalIn(image)))[number] ?? 0) + 70);

    await openSmall(image).close();
    const second = openSmall(image);
    const third = openSmall(imageOf(image));

    expect(second.opening.journalDamage).toBeUndefined();
    expect(third.opening.journalDamage).toBeUndefined();
    expect(heldIn(third)).toEqual([0, 1, 2, 3, 4, 5].filter((each) => each !== number));
    expect(asideIn(image)).toHaveLength(1);
  });

  it('does not keep what was lost from being granted again, nor what was found from being renewed', async () => {
    const image = await afterCommits(5);
    flip(image, (batchesIn(readFileSync(journalIn(image)))[1] ?? 0) + 70);
    const store = openSmall(image);

    expect(await bind(store, { client: 77, address: (A + 1) as Ipv4, at: at(9) })).toBe('committed');
    expect(await bind(store, { client: 4, address: (A + 4) as Ipv4, at: at(10) })).toBe('committed');

    const again = openSmall(imageOf(image));
    expect(again.leases.at((A + 1) as Ipv4)?.client).toBe(client(77));
    expect(heldIn(again)).toEqual([0, 2, 3, 4]);
  });
});

describe('batches of an earlier life', () => {
  // The disk gives them back only after the next process has written: to the place of the one that was damaged.
  it('never continue those of a later one', async () => {
    const image = await afterCommits(10);
    const whole = readFileSync(journalIn(image));
    const starts = batchesIn(whole);
    writeFileSync(journalIn(image), Buffer.from(whole).fill(0, starts[2]));
    const store = openSmall(image);
    expect(heldIn(store)).toEqual([0, 1]);
    await bind(store, { client: 77, address: (A + 4) as Ipv4 });
    await bind(store, { client: 78, address: (A + 5) as Ipv4 });
    await store.close();
    const later = readFileSync(journalIn(image));
    whole.copy(later, starts[5], starts[5]);
    writeFileSync(journalIn(image), later);

    const again = openSmall(image);

    expect(leasesOf(again).map((lease) => lease?.client)).toEqual([
      ...[client(0), client(1), undefined, undefined, client(77), client(78)],
      ...Array.from({ length: 6 }, () => undefined),
    ]);
  });

  it('are nothing when the whole journal is one from before', async () => {
    const directory = temporaryDirectory();
    const store = openSmall(directory);
    await bind(store, { client: 1, address: A });
    const old = readFileSync(journalIn(directory));
    await bind(store, { client: 1, address: A, at: at(1), state: 'free', reason: 'released' });
    await bind(store, { client: 2, address: A, at: at(2) });
    await store.close();
    writeFileSync(journalIn(directory), old);

    const again = openSmall(directory);

    expect(again.leases.at(A)?.client).toBe(client(2));
    expect(again.opening.journalDamage).toBeUndefined();
  });
});

describe('a journal that is not whole', () => {
  it('is made whole in its place when its header is damaged, with all that is in it; a copy is kept', async () => {
    for (const offset of [0, 8, 20, 22, 40, 58, 60, 66, 70]) {
      const image = await afterCommits(6);
      flip(image, offset, 2);

      const store = openSmall(image);

      expect(heldIn(store), `byte ${offset}`).toEqual([0, 1, 2, 3, 4, 5]);
      expect(store.opening.journalDamage).toMatchObject({
        losses: [],
        reason: expect.stringContaining('header'),
      });
      expect(asideIn(image)).toHaveLength(1);
      expect(openSmall(imageOf(image)).opening.journalDamage).toBeUndefined();
    }
  });

  it('is made whole as the small one that a start has made, if it is as long as that', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { journalBytes: JOURNAL_BYTES });
    await bind(store, { client: 3, address: (A + 3) as Ipv4 });
    const image = imageOf(directory);
    flip(image, 8, 2);

    expect(heldIn(openIn(image, { journalBytes: JOURNAL_BYTES }))).toEqual([3]);
    expect(readHeader(journalIn(image))?.halfBytes).toBe(halfBytesOf(FIRST_JOURNAL_BYTES));
    expect(statSync(journalIn(image)).size).toBe(FIRST_JOURNAL_BYTES);
  });

  it('is not harmed by what stands behind its header', async () => {
    const image = await afterCommits(2);
    flip(image, 2000);

    expect(openSmall(image).opening.journalDamage).toBeUndefined();
  });

  it('and cut at any block gives what it still has, has its size again, and takes new leases', async () => {
    const image = await afterCommits(10);
    // Blocks of a disk in the header and where the batches are, pages behind that.
    const blocks = [
      ...Array.from({ length: (HEADER + 4096) / 512 }, (_, number) => (number + 1) * 512),
      ...Array.from({ length: BYTES / 4096 - 3 }, (_, number) => (number + 3) * 4096),
      BYTES - 512,
    ];
    const starts = batchesIn(readFileSync(journalIn(image)));
    const end = HEADER + starts.length * ((starts[1] ?? 0) - HEADER);
    for (const length of [0, 1, ...blocks]) {
      const cut = temporaryDirectory();
      execFileSync('cp', ['-r', `${image}/.`, cut]);
      truncateSync(journalIn(cut), length);

      const store = openSmall(cut);

      const whole = starts.filter((_, number) => (starts[number + 1] ?? end) <= length).length;
      expect(heldIn(store), `${length} bytes`).toHaveLength(whole);
      const { reason, kept } = store.opening.journalDamage ?? {};
      expect(reason).toBe(`it was cut to ${length} bytes`);
      expect(statSync(String(kept)).size).toBe(length);
      expect(statSync(journalIn(cut)).size).toBe(BYTES);
      expect(await bind(store, { client: 11, address: (A + 11) as Ipv4 })).toBe('committed');
      expect(openSmall(imageOf(cut)).leases.at((A + 11) as Ipv4)?.client).toBe(client(11));
    }
  });

  it('since it is a directory is set aside by its own name, and a new one made', () => {
    const directory = temporaryDirectory();
    mkdirSync(journalIn(directory));

    const store = openSmall(directory);

    const kept = `${journalIn(directory)}.damaged-20260101T000000Z`;
    expect(store.opening.journalDamage).toMatchObject({ kept, reason: 'it is not a file' });
    expect(statSync(kept).isDirectory()).toBe(true);
    expect(statSync(journalIn(directory)).size).toBe(BYTES);
  });
});

/** What one commit does: to each address that it names, which client has it next. */
const commit = fc.uniqueArray(
  fc.record({ address: fc.nat(ADDRESSES - 1), client: fc.nat(7), isFreed: fc.boolean() }),
  { minLength: 1, maxLength: 4, selector: ({ address: index }) => index },
);

describe('any one batch of any history', () => {
  it('may be lost: all other batches count, and each address has the newest of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(commit, { minLength: 2, maxLength: 20 }),
        fc.nat(),
        fc.nat(),
        async (commits, which, where) => {
          const directory = temporaryDirectory();
          const store = openSmall(directory);
          const written: Lease[][] = [];
          for (const [second, wishes] of commits.entries()) {
            const changes = wishes.map(({ address: index, client: who, isFreed }) =>
              changeOf(store.leases, {
                ...{ client: who, expectedBindingVersion: 0, address: (A + index) as Ipv4, at: at(second) },
                state: isFreed ? 'free' : 'bound',
              }),
            );
            // What a client holds already is known to its change.
            const sound = changes.map((change) => ({
              ...change,
              expectedBindingVersion: store.leases.bindingOf(change.client)?.version ?? 0,
            }));
            await store.commit(sound);
            written.push(wishes.flatMap(({ address: index }) => store.leases.at((A + index) as Ipv4) ?? []));
          }
          const image = imageOf(directory);
          const starts = batchesIn(readFileSync(journalIn(image)));
          expect(starts).toHaveLength(commits.length);
          const lost = which % commits.length;
          const start = starts[lost] ?? 0;
          const end = starts[lost + 1] ?? start + 48;
          flip(image, start + (where % (end - start)), where % 8);

          const again = openSmall(image);

          const expected = new Map(
            written
              .flatMap((leases, number) => (number === lost ? [] : leases))
              .map((lease) => [lease.address, lease]),
          );
          expect(leasesOf(again)).toEqual(
            Array.from({ length: ADDRESSES }, (_, index) => expected.get((A + index) as Ipv4)),
          );
          // Whoever was promised an address in a batch that is left, and by no later one lost it, is found under it.
          for (const lease of expected.values()) {
            if (lease.state !== 'bound') continue;
            expect(again.leases.bindingOf(lease.client)?.state).toBe('bound');
          }
          await again.close();
          await store.close();
        },
      ),
      { numRuns: 60, seed: 20_260_101 },
    );
  }, 60_000);
});
