import { expect, test } from 'vitest';
import { isBoundTo, isLive, isTaken } from '../../src/allocation/availability.ts';
import { type Instant, instant, type Lease } from '../../src/lease/lease.ts';
import { UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, client, hardware } from '../store/changes.ts';

const END = instant(Date.UTC(2026, 0, 1, 12));
const BEFORE = instant(END - 1);

function lease(state: Lease['state']): Lease {
  const fixed = { address: address('10.15.3.20'), client: client(1), hardware: hardware(1), version: 1 };
  return { ...fixed, state, granter: UNSPECIFIED, expiresAt: END, updatedAt: instant(0), leaseSeconds: 0 };
}

/** RFC 2131 §3.3: a lease is the client's until it expires; then client and server agree that it is over. */
test.each(['bound', 'offered', 'declined', 'peer'] as const)(
  'what is %s stands to the last millisecond before its end, and at the end no more',
  (state) => {
    expect(isLive(lease(state), BEFORE)).toBe(true);
    expect(isLive(lease(state), END)).toBe(false);
  },
);

test('a lease is its client’s to the last millisecond before its end, and nobody else’s', () => {
  expect(isBoundTo(lease('bound'), client(1), BEFORE)).toBe(true);
  expect(isBoundTo(lease('bound'), client(1), END)).toBe(false);
  expect(isBoundTo(lease('bound'), client(2), BEFORE)).toBe(false);
  expect(isBoundTo(lease('offered'), client(1), BEFORE)).toBe(false);
});

test('what is free is free, whatever its end says', () => {
  expect(isLive(lease('free'), BEFORE)).toBe(false);
  expect(isTaken(lease('free'), client(2), BEFORE, BEFORE)).toBe(false);
  expect(isTaken(undefined, client(2), BEFORE, BEFORE)).toBe(false);
});

/** By whom it is wanted; whether it is taken a millisecond before its end, and at its end. */
test.each([
  ['bound', 'another client', 2, true, false],
  ['bound', 'its own client', 1, false, false],
  ['peer', 'another client', 2, true, false],
  ['offered', 'another client', 2, true, false],
  ['offered', 'its own client', 1, false, false],
  // Somebody answered for it: that it was this client's does not help.
  ['declined', 'another client', 2, true, false],
  ['declined', 'its own client', 1, true, false],
] as const)(
  'what is %s keeps %s from the address until its end, to the millisecond',
  (state, _, who, before, at) => {
    expect(isTaken(lease(state), client(who), BEFORE, BEFORE)).toBe(before);
    expect(isTaken(lease(state), client(who), END, END)).toBe(at);
  },
);

/** `overBefore` lies earlier than now: clocks are not believed to the second. An offer is this gateway's own clock's. */
test.each([
  ['bound', true],
  ['peer', true],
  ['declined', true],
  ['offered', false],
] as const)(
  'when ends are not believed yet, what was %s and has run out is taken: %s',
  (state, isStillTaken) => {
    const later = instant(END + 60_000);
    const overBefore: Instant = BEFORE;

    expect(isTaken(lease(state), client(2), later, overBefore)).toBe(isStillTaken);
  },
);
