import { expect, test } from 'vitest';
import { type ClientKey, keyOfIdentifier } from '../../src/lease/client-key.ts';
import { DeclineLog } from '../../src/server/decline-log.ts';

function client(number: number): ClientKey {
  return keyOfIdentifier(Uint8Array.of(number >> 8, number & 255));
}

test('DHCPDECLINEs of the last ten minutes are counted, for each client apart', () => {
  const declines = new DeclineLog();

  declines.note(client(1), 0);
  declines.note(client(1), 300_000);
  declines.note(client(2), 300_000);

  expect(declines.count(client(1), 599_999)).toBe(2);
  expect(declines.count(client(1), 600_000)).toBe(1);
  expect(declines.count(client(2), 600_000)).toBe(1);
  expect(declines.count(client(3), 600_000)).toBe(0);
});

test('a bounded number of clients is remembered, those that declined last', () => {
  const declines = new DeclineLog();

  for (let number = 0; number < 5000; number += 1) declines.note(client(number), number);

  expect(declines.count(client(0), 5000)).toBe(0);
  expect(declines.count(client(4999), 5000)).toBe(1);
});

test('a bounded number of times of one client is remembered', () => {
  const declines = new DeclineLog();

  for (let number = 0; number < 100; number += 1) declines.note(client(1), number);

  expect(declines.count(client(1), 100)).toBe(16);
});
