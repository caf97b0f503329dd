import { describe, expect, test } from 'vitest';
import { TimeGuard } from '../../src/detection/time-guard.ts';
import type { ClockNote, MachineBoot } from '../../src/lease/clock-note.ts';
import { type Instant, instant } from '../../src/lease/lease.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { memoryStore } from '../support/memory-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = instant(Date.UTC(2026, 10, 28));
const YEAR_1970 = instant(10_000);
const YEAR_2098 = instant(Date.UTC(2098, 0));
const BOOT: MachineBoot = { id: 'this boot', offset: 5_000_000 };

let boots = 0;

interface Start {
  readonly clock?: FakeClock;
  readonly lastStoredAt?: Instant;
  readonly note?: ClockNote | undefined;
  readonly boot?: MachineBoot | undefined;
  readonly longestLease?: number;
}

/** A process, and what it leaves for the next one. */
function begin({ clock = new FakeClock(NOW), lastStoredAt, note, boot, longestLease = 600 }: Start = {}) {
  const log = new LogLines();
  const { leases } = memoryStore();
  const peer = { agreedAt: undefined as number | undefined };
  const store = {
    leases,
    lastStoredAt: lastStoredAt ?? instant(0),
    clockNote: note,
    noteClock: (next: ClockNote) => {
      store.clockNote = JSON.parse(JSON.stringify(next));
    },
  };
  const guard = new TimeGuard({ clock, log, store, boot, agreedAt: () => peer.agreedAt });
  guard.longestLease = longestLease;
  return { clock, log, guard, peer, store };
}

/** The next process of the same boot: time has passed since, and the wall clock may have been moved meanwhile. */
async function restart(
  before: ReturnType<typeof begin>,
  { off = 1000, jump = 0, longestLease = 600 } = {},
): Promise<ReturnType<typeof begin>> {
  before.guard.note();
  const { clock } = before;
  await clock.pass(off);
  clock.jump(jump);
  return begin({ clock, note: before.store.clockNote, boot: BOOT, longestLease });
}

/** The next process of another boot, in which the wall clock says something. */
function reboot(before: ReturnType<typeof begin>, wall: Instant, longestLease = 600) {
  before.guard.note();
  boots += 1;
  const boot = { id: `boot ${boots}`, offset: 0 };
  return begin({ clock: new FakeClock(wall), note: before.store.clockNote, boot, longestLease });
}

describe('the wall clock', () => {
  test('is trusted while it goes with the monotonic one', async () => {
    const { clock, guard } = begin();

    await clock.pass(86_400_000);
    guard.check();

    expect(guard.trustsClock).toBe(true);
    expect(guard.clockTrust).toEqual({
      isTrusted: true,
      steadyFor: Number.POSITIVE_INFINITY,
      knownFor: 86_400_000,
    });
  });

  test.each([
    [59_000, true],
    [-59_000, true],
    [61_000, false],
    [-61_000, false],
  ])('after a jump by %i ms is trusted: %s', (milliseconds, trusted) => {
    const { clock, guard } = begin();

    clock.jump(milliseconds);
    guard.check();

    expect(guard.trustsClock).toBe(trusted);
  });

  test('before the last stored time is not trusted', () => {
    const { guard, log } = begin({ lastStoredAt: instant(NOW + 1) });

    expect(guard.trustsClock).toBe(false);
    expect(log.at('warn')).toEqual(['the clock runs before the last stored lease']);
  });

  test.each([
    ['an hour', 600, 3_600_000],
    ['12 hours', 43_200, 43_200_000],
    ['a week', 30 * 86_400, 604_800_000],
    ['a week', 0xffffffff, 604_800_000],
  ])('is trusted again after %s where the longest lease is %i s', async (_name, seconds, milliseconds) => {
    const { clock, guard } = begin({ longestLease: seconds });
    clock.jump(100_000);
    guard.check();

    await clock.pass(milliseconds - 1);
    const before = guard.trustsClock;
    await clock.pass(1);

    expect([before, guard.trustsClock]).toEqual([false, true]);
  });

  test('is not trusted from the moment of a jump on, whether or not a second has gone by', () => {
    const { clock, guard } = begin();

    clock.jump(100_000);

    expect(guard.trustsClock).toBe(false);
  });

  test('is trusted again after a stable hour, and doubted again from its next jump on', async () => {
    const { clock, guard, log } = begin();
    clock.jump(100_000);
    guard.check();

    await clock.pass(3_599_999);
    guard.check();
    const before = guard.trustsClock;
    await clock.pass(1);
    guard.check();
    const after = guard.trustsClock;
    clock.jump(-100_000);
    guard.check();

    expect([before, after, guard.trustsClock]).toEqual([false, true, false]);
    expect(log.at('warn')).toEqual([
      'the clock has jumped',
      'the clock is trusted again',
      'the clock has jumped',
    ]);
  });

  test('a second jump begins the hour anew, and is not said again', async () => {
    const { clock, guard, log } = begin();
    clock.jump(100_000);
    guard.check();
    await clock.pass(3_000_000);
    clock.jump(100_000);
    guard.check();

    await clock.pass(3_000_000);
    guard.check();

    expect(guard.trustsClock).toBe(false);
    expect(log.at('warn')).toEqual(['the clock has jumped']);
  });

  test('is trusted when the operator says so, and leases from before the jump are kept for their length', async () => {
    const { clock, guard } = begin({ longestLease: 43_200 });
    clock.jump(100_000);

    expect(guard.trust({ author: 'ann' })).toBe(true);
    await clock.pass(HOUR);

    expect(guard.trustsClock).toBe(true);
    expect(guard.clockTrust).toEqual({ isTrusted: true, steadyFor: HOUR, knownFor: HOUR });
    await clock.pass(11 * HOUR);
    guard.check();
    expect(guard.clockTrust.steadyFor).toBe(Number.POSITIVE_INFINITY);
  });

  test('the history is told who ended a doubt and why, and nothing of a word that ended none', () => {
    const { clock, guard, store } = begin({ longestLease: 43_200 });
    const orders: unknown[] = [];
    store.noteClock = (note) => orders.push(...(note.orders ?? []));

    guard.trust({ author: 'early' });
    clock.jump(100_000);
    guard.trust({ author: 'cli:ann', note: 'NTP was down' });
    guard.trust({ author: 'late' });
    guard.note();

    expect(orders).toEqual([{ at: clock.now(), reason: 'clock-trusted by cli:ann: NTP was down' }]);
  });

  test('that says 1970 is not trusted, however long it is steady and whoever says so', async () => {
    const { clock, guard, peer, log } = begin({ clock: new FakeClock(YEAR_1970) });

    await clock.pass(30 * DAY);
    peer.agreedAt = clock.monotonic();
    guard.check();

    expect(guard.trust({ author: 'ann' })).toBe(false);
    expect(guard.trustsClock).toBe(false);
    expect(guard.clockTrust.steadyFor).toBe(0);
    expect(log.at('warn')).toEqual(['the clock says a time from before this program was made']);
  });

  test('is trusted when the clock of a gateway that shares the leases agrees, after the jump', async () => {
    const { clock, guard, peer } = begin();
    await clock.pass(1000);
    peer.agreedAt = clock.monotonic();
    await clock.pass(1000);

    clock.jump(-DAY);
    const before = guard.trustsClock;
    await clock.pass(3000);
    const after = guard.trustsClock;
    peer.agreedAt = clock.monotonic();

    expect([before, after, guard.trustsClock]).toEqual([false, false, true]);
  });
});

describe('the doubt of the clock outlives a restart', () => {
  test('of the process: from 1970 to now, and then a restart', async () => {
    const first = begin({ clock: new FakeClock(YEAR_1970), boot: BOOT });
    first.clock.jump(NOW - YEAR_1970);
    first.guard.check();

    const second = await restart(first);

    expect(second.guard.trustsClock).toBe(false);
    expect(second.log.at('warn')).toEqual(['the clock is still in doubt']);
  });

  test('of the machine, and ends by a stable lease time all the same: what was waited counts', async () => {
    let life = begin({ boot: BOOT, longestLease: 43_200 });
    life.clock.jump(DAY);
    life.guard.check();
    const lives: boolean[] = [];
    for (let day = 0; day < 3; day += 1) {
      await life.clock.pass(5 * HOUR);
      lives.push(life.guard.trustsClock);
      life = reboot(life, instant(life.clock.now() + HOUR), 43_200);
    }

    expect(lives).toEqual([false, false, true]);
    expect(life.guard.trustsClock).toBe(true);
  });

  test('and time while the process was off counts within one boot, as the monotonic clock proves it', async () => {
    const first = begin({ boot: BOOT, longestLease: 43_200 });
    first.clock.jump(DAY);
    first.guard.check();

    const early = await restart(first, { off: 11 * HOUR, longestLease: 43_200 });
    const before = early.guard.trustsClock;
    const late = await restart(early, { off: 2 * HOUR, longestLease: 43_200 });

    expect([before, late.guard.trustsClock]).toEqual([false, true]);
  });

  test('and is not ended before the lease time is known', async () => {
    const first = begin({ boot: BOOT, longestLease: 43_200 });
    first.clock.jump(DAY);
    first.guard.check();
    await first.clock.pass(2 * HOUR);
    first.guard.note();

    const { guard } = begin({ clock: first.clock, note: first.store.clockNote, boot: BOOT, longestLease: 0 });

    expect(guard.trustsClock).toBe(false);
  });

  test('a kill loses a minute of what was waited at the most', async () => {
    const first = begin({ boot: BOOT });
    first.clock.jump(DAY);
    for (let second = 0; second < 3000; second += 1) {
      first.guard.check();
      await first.clock.pass(1000);
    }
    const { clockNote } = first.store;

    const wall = instant(first.clock.now() + HOUR);
    const second = begin({ clock: new FakeClock(wall), note: clockNote, boot: { id: 'other', offset: 0 } });
    await second.clock.pass(660_000);

    expect(second.guard.trustsClock).toBe(true);
  });

  test('a clock that was moved between two processes of one boot has jumped', async () => {
    const back = await restart(begin({ boot: BOOT }), { jump: -DAY });
    const forward = await restart(begin({ boot: BOOT }), { jump: 3 * DAY });
    const hardly = await restart(begin({ boot: BOOT }), { off: 40 * DAY, jump: -50_000 });

    expect([back.guard.trustsClock, forward.guard.trustsClock, hardly.guard.trustsClock]).toEqual([
      false,
      false,
      true,
    ]);
    expect(forward.guard.jump).toMatchObject({ cause: 'jumped', milliseconds: 3 * DAY });
  });

  test('a month without the gateway is no jump, nor is a month without the machine', async () => {
    const off = await restart(begin({ boot: BOOT }), { off: 30 * DAY });
    const down = reboot(begin({ boot: BOOT }), instant(NOW + 30 * DAY));

    expect([off.guard.trustsClock, down.guard.trustsClock]).toEqual([true, true]);
  });

  test('a machine that was at 1970 and has its time now is in doubt, though no process has seen the jump', () => {
    const { guard } = reboot(begin({ clock: new FakeClock(YEAR_1970), boot: BOOT }), NOW);

    expect(guard.trustsClock).toBe(false);
    expect(guard.jump).toMatchObject({ cause: 'jumped', steadyFor: 0 });
  });

  test('a machine whose clock has gone back is in doubt, also where nothing was leased', () => {
    const { guard, log } = reboot(begin({ boot: BOOT }), instant(NOW - DAY));

    expect(guard.trustsClock).toBe(false);
    expect(log.at('warn')).toEqual(['the clock runs before the last stored lease']);
  });

  test('one wrong future is forgotten once it is explained: no later start is in doubt', async () => {
    const future = begin({ clock: new FakeClock(YEAR_2098), boot: BOOT });
    const first = await restart(future, { jump: NOW - YEAR_2098 });
    const before = first.guard.trustsClock;
    first.guard.trust({ author: 'ann' });
    await first.clock.pass(1000);

    const again = await restart(first);
    const later = reboot(again, instant(NOW + DAY));

    expect([before, again.guard.trustsClock, later.guard.trustsClock]).toEqual([false, true, true]);
    expect(again.guard.clockTrust.steadyFor).toBeLessThan(HOUR);
  });

  test('a jump during a doubt begins the wait anew', async () => {
    const first = begin({ boot: BOOT });
    first.clock.jump(DAY);
    first.guard.check();
    await first.clock.pass(HOUR - 1000);

    const second = await restart(first, { jump: DAY });

    expect(second.guard.jump?.steadyFor).toBe(0);
    expect(second.guard.trustsClock).toBe(false);
  });

  test('where the system does not say which boot it is, only what went by while the gateway ran counts', async () => {
    const first = begin();
    first.clock.jump(DAY);
    first.guard.check();
    await first.clock.pass(HOUR / 2);
    first.guard.note();
    await first.clock.pass(DAY);

    const second = begin({ clock: first.clock, note: first.store.clockNote });

    expect(second.guard.jump?.steadyFor).toBe(HOUR / 2);
    expect(second.guard.trustsClock).toBe(false);
  });
});
