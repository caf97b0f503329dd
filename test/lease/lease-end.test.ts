import { describe, expect, test } from 'vitest';
import { INFINITE_SECONDS, type Instant, instant, type Lease, NEVER } from '../../src/lease/lease.ts';
import { EARLIEST, isOver, lengthOf, mayBeOver } from '../../src/lease/lease-end.ts';
import { UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, at, client, hardware } from '../store/changes.ts';

const STEADY = { isTrusted: true, steadyFor: Number.POSITIVE_INFINITY, knownFor: 0 };
const HOUR = 3_600_000;
const HOUR_AND_MINUTE = HOUR + 60_000;

/** Given at a time, for an hour. */
function given(updatedAt: Instant, more: Partial<Lease> = {}): Lease {
  const who = { address: address('10.15.3.20'), client: client(1), hardware: hardware(1) };
  const times = { updatedAt, expiresAt: instant(updatedAt + HOUR), leaseSeconds: 3600 };
  return { ...who, granter: UNSPECIFIED, state: 'bound', version: 1, ...times, ...more };
}

describe('a lease is over', () => {
  test('at its end, by a clock that has not jumped', () => {
    expect(isOver(given(at(0)), at(3599.999), STEADY)).toBe(false);
    expect(isOver(given(at(0)), at(3600), STEADY)).toBe(true);
  });

  test('never, while the clock is in doubt', () => {
    expect(isOver(given(at(0)), at(1e9), { ...STEADY, isTrusted: false, knownFor: 1e15 })).toBe(false);
  });

  test('after a jump that is explained, when its whole length and a minute has passed since', () => {
    const since = (steadyFor: number) => ({ isTrusted: true, steadyFor, knownFor: steadyFor });

    expect(isOver(given(at(0)), at(1e9), since(HOUR_AND_MINUTE - 1))).toBe(false);
    expect(isOver(given(at(0)), at(1e9), since(HOUR_AND_MINUTE))).toBe(true);
  });

  test.each([
    ['1970', instant(10_000)],
    ['the last moment before this program was made', instant(EARLIEST - 1)],
  ])('if it was given in %s, when it has been known for its length and a minute', (_, when) => {
    const known = (knownFor: number) => ({ ...STEADY, knownFor });

    expect(isOver(given(when), at(0), known(HOUR_AND_MINUTE - 1))).toBe(false);
    expect(isOver(given(when), at(0), known(HOUR_AND_MINUTE))).toBe(true);
  });

  test.each([
    ['as it says', {}],
    ['as an older version gave it, for the time from then to its end', { leaseSeconds: 0 }],
    ['a quarantine', { state: 'declined' as const }],
  ])(
    'if its end lies further ahead than its length allows, when it has been known for that and a minute: %s',
    (_, more) => {
      const known = (knownFor: number) => ({ ...STEADY, knownFor });
      const lease = given(at(61), more);

      expect(isOver(lease, at(0), known(HOUR_AND_MINUTE - 1))).toBe(false);
      expect(isOver(lease, at(0), known(HOUR_AND_MINUTE))).toBe(true);
      // Less than a minute ahead it is of this clock.
      expect(isOver(lease, at(1), known(HOUR_AND_MINUTE))).toBe(false);
    },
  );

  test.each([
    ['that says so', { leaseSeconds: INFINITE_SECONDS, expiresAt: NEVER }],
    ['of an older version', { leaseSeconds: 0, expiresAt: NEVER }],
    ['whatever its length says', { leaseSeconds: 60, expiresAt: NEVER }],
  ])('never, if it has no end: %s', (_, more) => {
    expect(isOver(given(instant(10_000), more), at(1e9), { ...STEADY, knownFor: 1e15 })).toBe(false);
  });
});

test('a lease that may run still is not over for others, whatever the clock says', () => {
  expect(mayBeOver(given(at(0)), STEADY)).toBe(true);
  expect(mayBeOver(given(at(0)), { ...STEADY, isTrusted: false })).toBe(false);
  expect(mayBeOver(given(at(0)), { ...STEADY, steadyFor: HOUR })).toBe(false);
  expect(mayBeOver(given(instant(0)), STEADY)).toBe(false);
});

test('a length that is not known is the time from its writing to its end', () => {
  expect(lengthOf(given(at(0), { leaseSeconds: 0 }))).toBe(HOUR);
  expect(lengthOf(given(at(7200), { leaseSeconds: 0, expiresAt: at(0) }))).toBe(0);
});
