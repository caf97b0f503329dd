import { expect, test } from 'vitest';
import { renewalTimesFor } from '../../src/allocation/lease-time.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';

const LEASE = 43_200;
const clients = Array.from({ length: 1000 }, (_, index) =>
  keyOfIdentifier(Uint8Array.of(1, 82, 84, 0, 0, index >> 8, index & 255)),
);

test('RFC 2131 §4.4.5: T1 and T2 come a little before half and seven eighths of the lease, T1 before T2', () => {
  for (const client of clients) {
    const times = renewalTimesFor(LEASE, client);
    if (times === undefined) throw new Error('a lease with an end has both');
    expect(times.renewal).toBeLessThanOrEqual(0.5 * LEASE);
    expect(times.renewal).toBeGreaterThanOrEqual(0.45 * LEASE - 1);
    expect(times.rebinding).toBeLessThanOrEqual(0.875 * LEASE);
    expect(times.rebinding).toBeGreaterThan(times.renewal);
    expect(times.rebinding).toBeLessThan(LEASE);
  }
});

test('RFC 2131 §4.4.5: guests that were started together do not renew together', () => {
  const minutes = new Map<number, number>();
  for (const client of clients) {
    const minute = Math.floor((renewalTimesFor(LEASE, client)?.renewal ?? 0) / 60);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  }

  // 1000 guests over the 36 minutes of the spread: about 28 in each.
  expect(minutes.size).toBeGreaterThanOrEqual(36);
  expect(Math.max(...minutes.values())).toBeLessThan(60);
});

test('the spread is the same at each renewal of a client', () => {
  for (const client of clients)
    expect(renewalTimesFor(LEASE, client)).toEqual(renewalTimesFor(LEASE, client));
});
