import { describe, expect, it, vi } from 'vitest';
import type { ClockNote } from '../../../../src/lease/clock-note.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openMirror } from '../../../../src/store/sqlite/open-mirror.ts';
import { LiveLeaseFile } from '../../../../src/store/sqlite/query/live-file.ts';
import { searchLeasesAt } from '../../../../src/store/sqlite/query/search-leases-at.ts';
import { Writer } from '../../../../src/store/sqlite/tables/writer.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');

const NOTE: ClockNote = {
  boot: '6d5c1f1e-0000-4000-8000-000000000000',
  monotonic: 5_000_000.25,
  wall: at(100),
  revision: 1,
  jump: {
    cause: 'jumped',
    at: at(50),
    milliseconds: -86_400_000,
    steadyFor: 50_000,
    longestLease: 43_200,
    explainedBy: undefined,
  },
};

const TRUSTED = { at: at(90), reason: 'clock-trusted by cli:ann: NTP was down' };

function historyOf(directory: string): readonly unknown[] {
  const file = openSqlite(fileIn(directory), { readonly: true });
  const rows = file
    .prepare(
      `SELECT history.id, lease_history.address, lease_history.event, lease_history.reason
       FROM history JOIN lease_history ON lease_history.at = strftime('%Y-%m-%dT%H:%M:%SZ', history.at / 1000, 'unixepoch')
       ORDER BY history.id`,
    )
    .raw()
    .all();
  file.close();
  return rows;
}

describe('what is noted of the clock, in the lease file', () => {
  it('is in it when a process ends of itself', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    first.noteClock(NOTE);
    await first.close();

    expect(openIn(directory).clockNote).toEqual(NOTE);
  });

  it('is in it as soon as there is nothing better to do, whatever becomes of the process then', () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    first.noteClock({ ...NOTE, jump: undefined });
    const noted = imageOf(directory);
    first.idle(at(0));
    const idle = imageOf(directory);

    expect(openIn(noted).clockNote).toBeUndefined();
    expect(openIn(idle).clockNote).toEqual({ ...NOTE, jump: undefined });
  });

  it('is safe from a loss of power then, once', () => {
    const store = openIn(temporaryDirectory());
    const sync = vi.spyOn(Writer.prototype, 'sync');
    store.noteClock(NOTE);

    store.idle(at(0));
    store.idle(at(10));
    const { length } = sync.mock.calls;
    sync.mockRestore();

    expect(length).toBe(1);
  });

  it.each([
    '',
    'null',
    '[]',
    '{"boot":1}',
    '{"boot":"x","monotonic":0,"wall":"now","revision":0}',
    '{"boot":"x","monotonic":null,"wall":0,"revision":0}',
  ])('that somebody else has written is none, and leases are served: %j', async (text) => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    const file = openSqlite(fileIn(directory));
    file.prepare("INSERT OR REPLACE INTO meta VALUES ('clock', ?)").run(text);
    file.close();

    const store = openIn(directory);

    expect(store.clockNote).toBeUndefined();
    expect(await bind(store, { client: 1, address: A })).toBe('committed');
  });

  it('a jump that is none of ours is left out', async () => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    const file = openSqlite(fileIn(directory));
    const text = JSON.stringify({ ...NOTE, jump: { ...NOTE.jump, cause: 'magic' } });
    file.prepare("INSERT OR REPLACE INTO meta VALUES ('clock', ?)").run(text);
    file.close();

    expect(openIn(directory).clockNote).toEqual({ ...NOTE, jump: undefined });
  });

  it('the last stored time is that of what was stored after it, however far ahead a lease from before it is', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await bind(first, { client: 1, address: A, at: at(2e9) });
    first.noteClock({ ...NOTE, revision: first.leases.revision });
    await first.close();
    const second = openIn(directory);
    const between = second.lastStoredAt;
    await bind(second, { client: 2, address: B, at: at(200) });
    await second.close();

    expect([between, openIn(directory).lastStoredAt]).toEqual([0, at(200)]);
  });

  it('has a row of the history for whoever said that the time is right, once, beside the rows of leases', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    await bind(first, { client: 1, address: A, at: at(10) });
    first.noteClock({ ...NOTE, orders: [TRUSTED] });
    first.noteClock(NOTE);
    await bind(first, { client: 2, address: B, at: at(300) });
    first.idle(at(300));
    first.noteClock(NOTE);
    await first.close();

    const second = openIn(directory);
    expect(second.clockNote).toEqual(NOTE);
    await bind(second, { client: 2, address: B, state: 'free', expiresAt: at(1), at: at(400) });
    await second.close();
    expect(historyOf(directory)).toEqual([
      [1, '10.15.3.20', 'bound', 'bound'],
      [2, '0.0.0.0', 'clock-trusted', TRUSTED.reason],
      [3, '10.15.3.21', 'bound', 'bound'],
      [4, '10.15.3.21', 'freed', 'bound'],
    ]);
  });

  it('nobody is said to have had the address of that row', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    store.noteClock({ ...NOTE, orders: [TRUSTED] });
    store.idle(at(300));
    const file = new LiveLeaseFile(directory);

    const search = { at: at(400), conditions: [], isDescending: false, limit: 9, after: undefined };
    const { rows } = await searchLeasesAt(file.database, search, new AbortController().signal);

    expect(rows).toEqual([]);
    file.close();
  });

  it('has its row where leases are shared too, in the mirror', async () => {
    const clock = new FakeClock();
    const directory = temporaryDirectory();
    const options = { directory, inFlight: new Set<never>(), now: at(0), seed: 0 };
    const mirror = await openMirror({ ...options, clock });

    mirror.noteClock({ ...NOTE, orders: [TRUSTED] });
    mirror.noteClock(NOTE);
    await clock.pass(1000);
    mirror.close();

    expect(historyOf(directory)).toEqual([[1, '0.0.0.0', 'clock-trusted', TRUSTED.reason]]);
  });

  it('is kept where leases are shared too, in the mirror, and safe from a loss of power', async () => {
    const clock = new FakeClock();
    const options = { directory: temporaryDirectory(), inFlight: new Set<never>(), now: at(0), seed: 0 };
    const mirror = await openMirror({ ...options, clock });
    const sync = vi.spyOn(Writer.prototype, 'sync');

    mirror.noteClock(NOTE);
    await clock.pass(1000);
    const { length } = sync.mock.calls;
    sync.mockRestore();
    mirror.close();

    expect(length).toBe(1);
    const again = await openMirror({ ...options, clock });
    expect(again.clockNote).toEqual(NOTE);
    again.close();
  });
});
