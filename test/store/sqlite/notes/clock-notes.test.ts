import { describe, expect, it, vi } from 'vitest';
import type { ClockNote } from '../../../../src/lease/clock-note.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openMirror } from '../../../../src/store/sqlite/open-mirror.ts';
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
