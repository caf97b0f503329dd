import { closeSync, openSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import type { LeaseStore } from '../../../../src/store/lease-store.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { address, at, bind, changeOf } from '../../changes.ts';
import { fileIn, imageOf, journalIn, openGrown, openIn, temporaryDirectory } from '../temporary-store.ts';

const FIRST = address('10.15.3.20');
const CLIENTS = 20_000;
/** What is committed here takes more than two pieces of it, which are 1 MiB long. */
const JOURNAL_BYTES = 16 * 1024 * 1024;

/** All clients are granted their address, the last one first; then every second one has it extended, or gives it back. */
async function fillJournal(store: LeaseStore): Promise<void> {
  await commitEach(store, (number) => ({ client: number, expiresAt: at(1000) }));
  await commitEach(store, (number) => {
    if (number % 4 === 0) return { client: number, at: at(5), expiresAt: at(2000), reason: 'renewed' };
    if (number % 4 === 2) return { client: number, at: at(6), state: 'free', reason: 'released' };
    return undefined;
  });
}

type Wish = Omit<Parameters<typeof changeOf>[1], 'address'>;

async function commitEach(store: LeaseStore, wishOf: (number: number) => Wish | undefined): Promise<void> {
  let changes = [];
  for (let number = CLIENTS - 1; number >= 0; number -= 1) {
    const wish = wishOf(number);
    if (wish !== undefined) changes.push(changeOf(store.leases, { ...wish, address: addressOf(number) }));
    if (changes.length < 100 && number > 0) continue;
    expect(new Set(await store.commit(changes))).toEqual(new Set(['committed']));
    changes = [];
  }
}

function addressOf(number: number): Ipv4 {
  return (FIRST + number) as Ipv4;
}

describe('many pieces of the journal at once', () => {
  it('come into the lease file by address, each row as it was committed last, and the history in its order', async () => {
    const directory = temporaryDirectory();
    const store = openGrown(directory, { journalBytes: JOURNAL_BYTES });
    await fillJournal(store);
    expect(store.backlog).toBe(CLIENTS * 1.5);
    const file = openSqlite(fileIn(directory));
    // Half-way through the rows that are written, one is refused, once.
    const middle = addressOf(CLIENTS / 2);
    file.exec(`CREATE TRIGGER refusal BEFORE INSERT ON lease WHEN NEW.address = ${middle}
      BEGIN SELECT RAISE(ABORT, 'not yet'); END`);

    let isRefused = false;
    for (let step = 0; store.backlog > 0 && step < 1000; step += 1) {
      store.idle(at(20 + 2 * step));
      if (store.trouble === undefined) continue;
      isRefused = true;
      expect(store.trouble).toContain('not yet');
      const rows = file.prepare('SELECT count(*), max(address) FROM lease').raw().get() as number[];
      expect(rows[0]).toBeGreaterThan(CLIENTS / 4);
      expect(rows[1]).toBeLessThan(middle);
      file.exec('DROP TRIGGER refusal');
    }

    expect(isRefused).toBe(true);
    expect(store.backlog).toBe(0);
    const states = file.prepare('SELECT state, expires_at, count(*) FROM lease GROUP BY 1, 2 ORDER BY 1, 2');
    expect(states.raw().all()).toEqual([
      ['bound', at(1000), CLIENTS / 2],
      ['bound', at(2000), CLIENTS / 4],
      ['free', expect.any(Number), CLIENTS / 4],
    ]);
    const events = file.prepare('SELECT address, event FROM history ORDER BY id').raw().all();
    const order = [];
    for (let number = CLIENTS - 1; number >= 0; number -= 1) order.push([addressOf(number), 'bound']);
    for (let number = CLIENTS - 1; number >= 0; number -= 1)
      if (number % 4 === 2) order.push([addressOf(number), 'released']);
    expect(events).toEqual(order);
    file.close();
  });

  it('all of them are found after a crash, whatever was applied before', async () => {
    const directory = temporaryDirectory();
    const store = openGrown(directory, { journalBytes: JOURNAL_BYTES });
    await fillJournal(store);
    for (let step = 0; step < 100; step += 1) store.idle(at(20 + 2 * step));
    expect(store.backlog).toBe(CLIENTS * 1.5);

    const again = openIn(imageOf(directory), { journalBytes: JOURNAL_BYTES });

    expect(again.leases.at(addressOf(0))?.expiresAt).toBe(at(2000));
    expect(again.leases.at(addressOf(1))?.expiresAt).toBe(at(1000));
    expect(again.leases.at(addressOf(CLIENTS - 2))?.state).toBe('free');
    expect(again.opening.loaded).toMatchObject({ bound: (CLIENTS / 4) * 3, free: CLIENTS / 4 });
  });

  it('they go on while leases are granted, from when the first of them are looked for', async () => {
    const directory = temporaryDirectory();
    const store = openGrown(directory, { journalBytes: JOURNAL_BYTES });
    await fillJournal(store);

    for (let step = 0; step < 100; step += 1) {
      await bind(store, { client: CLIENTS + step, address: addressOf(CLIENTS + step), at: at(20) });
      store.idle(at(20));
    }

    const file = openSqlite(fileIn(directory), { readonly: true });
    expect(file.prepare('SELECT count(*) FROM lease').pluck().get()).toBeGreaterThan(CLIENTS / 4);
    file.close();
  });

  it('the batches before the first that cannot be read are applied, and it says why the rest are not', async () => {
    const directory = temporaryDirectory();
    const store = openGrown(directory, { journalBytes: JOURNAL_BYTES });
    await fillJournal(store);
    const journal = openSync(journalIn(directory), 'r+');
    writeSync(journal, new Uint8Array(8192).fill(7), 0, 8192, 4096 + 1.5 * 1024 * 1024);
    closeSync(journal);

    const troubles: (string | undefined)[] = [];
    for (let step = 0; step < 600; step += 1) {
      store.idle(at(20 + 0.05 * step));
      if (store.trouble !== troubles.at(-1)) troubles.push(store.trouble);
    }

    expect(troubles).toEqual([expect.stringContaining('cannot be read back')]);
    expect(store.backlog).toBeGreaterThan(0);
    const file = openSqlite(fileIn(directory), { readonly: true });
    expect(file.prepare('SELECT count(*) FROM lease').pluck().get()).toBe(CLIENTS * 1.5 - store.backlog);
    file.close();
  });

  it('the history keeps the host name that a client had at an address which others have by then', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: FIRST, hostname: 'web' });
    store.flush();
    await bind(store, { client: 1, address: FIRST, at: at(5), state: 'free', reason: 'released' });
    await bind(store, { client: 2, address: FIRST, at: at(6), hostname: 'db' });
    await bind(store, { client: 2, address: FIRST, at: at(7), state: 'free', reason: 'released' });
    await bind(store, { client: 3, address: FIRST, at: at(8) });
    store.flush();

    const file = openSqlite(fileIn(directory), { readonly: true });
    expect(file.prepare('SELECT event, hostname FROM history ORDER BY id').raw().all()).toEqual([
      ['bound', 'web'],
      ['released', 'web'],
      ['bound', 'db'],
      ['released', 'db'],
      ['bound', null],
    ]);
    file.close();
  });
});
