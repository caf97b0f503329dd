import { describe, expect, test } from 'vitest';
import { instant } from '../../src/lease/lease.ts';
import { TimeGuard } from '../../src/server/time-guard.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';

const NOTHING_STORED = instant(0);

function guarded(clock = new FakeClock(), lastStoredAt = NOTHING_STORED) {
  const log = new LogLines();
  return { clock, log, guard: new TimeGuard(clock, log, lastStoredAt) };
}

describe('the wall clock', () => {
  test('is trusted while it goes with the monotonic one', async () => {
    const { clock, guard } = guarded();

    await clock.pass(86_400_000);
    guard.check();

    expect(guard.trustsClock).toBe(true);
  });

  test.each([
    [59_000, true],
    [-59_000, true],
    [61_000, false],
    [-61_000, false],
  ])('after a jump by %i ms is trusted: %s', (milliseconds, trusted) => {
    const { clock, guard } = guarded();

    clock.jump(milliseconds);
    guard.check();

    expect(guard.trustsClock).toBe(trusted);
  });

  test('before the last stored time is not trusted', () => {
    const clock = new FakeClock();
    const { guard, log } = guarded(clock, instant(clock.now() + 1));

    expect(guard.trustsClock).toBe(false);
    expect(log.at('warn')).toEqual(['the clock runs before the last stored lease']);
  });

  test.each([
    ['an hour', 600, 3_600_000],
    ['12 hours', 43_200, 43_200_000],
    ['a week', 30 * 86_400, 604_800_000],
    ['a week', 0xffffffff, 604_800_000],
  ])('is trusted again after %s where the longest lease is %i s', async (_name, seconds, milliseconds) => {
    const { clock, guard } = guarded();
    guard.longestLease = seconds;
    clock.jump(100_000);
    guard.check();

    await clock.pass(milliseconds - 1);
    const before = guard.trustsClock;
    await clock.pass(1);

    expect([before, guard.trustsClock]).toEqual([false, true]);
  });

  test('is not trusted from the moment of a jump on, whether or not a second has gone by', () => {
    const { clock, guard } = guarded();

    clock.jump(100_000);

    expect(guard.trustsClock).toBe(false);
  });

  test('is trusted again after a stable hour, and doubted again from its next jump on', async () => {
    const { clock, guard, log } = guarded();
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
    const { clock, guard, log } = guarded();
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

  test('is trusted when the operator says so', () => {
    const { clock, guard } = guarded();
    clock.jump(100_000);

    guard.trust();

    expect(guard.trustsClock).toBe(true);
  });
});
