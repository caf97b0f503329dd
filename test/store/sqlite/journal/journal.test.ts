import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, changeOf, client } from '../../changes.ts';
import { fileIn, imageOf, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
/** Two halves of 8 KiB: some 60 leases each. */
const SMALL = 4096 + 2 * 8192;
const ADDRESSES = 200;

function leasesOf(store: SqliteStore): (Lease | undefined)[] {
  return Array.from({ length: ADDRESSES }, (_, index) => store.leases.at((A + index) as Ipv4));
}

const step = fc.oneof(
  fc.record({
    does: fc.constant('commit' as const),
    addresses: fc.uniqueArray(fc.nat(ADDRESSES - 1), { minLength: 1, maxLength: 30 }),
    who: fc.nat(3),
    isFreed: fc.boolean(),
  }),
  fc.record({ does: fc.constant('idle' as const), seconds: fc.constantFrom(0.1, 2, 20) }),
  fc.record({ does: fc.constant('restart' as const), isKilled: fc.boolean() }),
);

describe('the journal', () => {
  it('holds every commit, whatever was applied to the lease file, written over, killed and started again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        let directory = temporaryDirectory();
        let store = openIn(directory, { journalBytes: SMALL });
        let second = 0;
        for (const each of steps) {
          if (each.does === 'idle') {
            second += each.seconds;
            store.idle(at(second));
          } else if (each.does === 'commit') {
            const state = each.isFreed ? 'free' : 'bound';
            const changes = each.addresses.map((index) =>
              changeOf(store.leases, {
                client: index + each.who * ADDRESSES,
                address: (A + index) as Ipv4,
                state,
                at: at(second),
              }),
            );
            expect(new Set(await store.commit(changes))).toEqual(new Set(['committed']));
          } else {
            const before = leasesOf(store);
            const left = each.isKilled ? imageOf(directory) : directory;
            await store.close();
            directory = left;
            store = openIn(directory, { journalBytes: SMALL });
            expect(leasesOf(store)).toEqual(before);
          }
        }
        const before = leasesOf(store);
        const image = imageOf(directory);
        await store.close();
        const again = openIn(image, { journalBytes: SMALL });
        expect(leasesOf(again)).toEqual(before);
        await again.close();
      }),
      { numRuns: 40, seed: 20_260_101 },
    );
  }, 60_000);

  it('whoever reads sees what is only in the journal, with its history, and the node', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { node: 'pve1' });
    await bind(store, { client: 1, address: A, hostname: 'wéb' });
    store.flush();
    await bind(store, { client: 1, address: A, at: at(10), state: 'free', reason: 'released' });
    await bind(store, { client: 2, address: B, at: at(11), hostname: '数据库' });

    const reader = openLeaseReader(imageOf(directory));
    const leases = [...reader.leases({})].map((row) => [row.address, row.state, row.hostname, row.node]);
    const events = [...reader.history({})].map((row) => [row.address, row.event, row.hostname]);
    reader.close();

    expect(leases).toEqual([
      ['10.15.3.20', 'free', 'wéb', 'pve1'],
      ['10.15.3.21', 'expired', '数据库', 'pve1'],
    ]);
    expect(events).toEqual([
      ['10.15.3.20', 'bound', 'wéb'],
      ['10.15.3.20', 'released', 'wéb'],
      ['10.15.3.21', 'bound', '数据库'],
    ]);
    expect(store.backlog).toBe(2);
  });

  it('an older lease file that was put back takes over what the journal still has', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { journalBytes: SMALL });
    await bind(store, { client: 1, address: A });
    store.flush();
    const backup = imageOf(directory);
    for (let number = 2; number < 200; number += 1) {
      await bind(store, { client: number, address: (A + number) as Ipv4 });
    }
    await store.close();
    for (const suffix of ['', '-wal']) {
      rmSync(fileIn(directory) + suffix, { force: true });
      copyFileSync(fileIn(backup) + suffix, fileIn(directory) + suffix);
    }

    const again = openIn(directory, { journalBytes: SMALL });

    expect(again.leases.at(A)?.client).toBe(client(1));
    expect(again.leases.at((A + 199) as Ipv4)?.client).toBe(client(199));
    expect(again.leases.at((A + 150) as Ipv4)?.client).toBe(client(150));
  });

  it('of another lease file is put aside, and nothing of it is taken', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    const image = imageOf(directory);
    for (const suffix of ['', '-wal']) rmSync(fileIn(image) + suffix);

    const fresh = openIn(image);

    expect(fresh.leases.at(A)).toBeUndefined();
    expect(fresh.opening.journalDamage).toEqual({
      journal: journalIn(image),
      kept: `${journalIn(image)}.other-20260101T000000Z`,
      reason: 'it is of another lease file',
      losses: [],
      unfinished: undefined,
    });
    expect(existsSync(`${journalIn(image)}.other-20260101T000000Z`)).toBe(true);
  });

  it('of a lease file that was damaged gives back what the file has lost', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    store.flush();
    await bind(store, { client: 2, address: B });
    const image = imageOf(directory);
    writeFileSync(fileIn(image), new Uint8Array(8192).fill(0x5a));
    rmSync(`${fileIn(image)}-wal`);

    const again = openIn(image);

    expect(again.opening.setAside).toBeDefined();
    expect([A, B].map((each) => again.leases.at(each)?.client)).toEqual([client(1), client(2)]);
  });

  it('that is no journal at all is put aside, and a new one made', () => {
    const directory = temporaryDirectory();
    writeFileSync(journalIn(directory), 'nothing of the kind'.repeat(1000));

    const store = openIn(directory);

    expect(store.opening.journalDamage?.kept).toContain('.damaged-');
    expect(readdirSync(directory)).toContain('leases.journal');
  });

  it('garbage after its last batch is nothing', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    const image = imageOf(directory);
    const journal = readFileSync(journalIn(image));
    const end = journal.subarray(0, 8192).findLastIndex((byte) => byte !== 0);
    writeFileSync(journalIn(image), journal.fill(0xa5, end + 1, end + 600));

    expect(openIn(image).leases.at(A)?.client).toBe(client(1));
  });
});
