import { expect, test } from 'vitest';
import { DeclineLog } from '../../src/detection/decline-log.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';

function card(number: number): HardwareAddress {
  return number as HardwareAddress;
}

test('DHCPDECLINEs of the last ten minutes are counted, for each network card apart', () => {
  const declines = new DeclineLog();

  declines.note(card(1), 0);
  declines.note(card(1), 300_000);
  declines.note(card(2), 300_000);

  expect(declines.count(card(1), 599_999)).toBe(2);
  expect(declines.count(card(1), 600_000)).toBe(1);
  expect(declines.count(card(2), 600_000)).toBe(1);
  expect(declines.count(card(3), 600_000)).toBe(0);
});

test('a bounded number of cards is remembered, those that declined last', () => {
  const declines = new DeclineLog();

  for (let number = 0; number < 5000; number += 1) declines.note(card(number), number);

  expect(declines.count(card(0), 5000)).toBe(0);
  expect(declines.count(card(4999), 5000)).toBe(1);
});

test('a bounded number of times of one card is remembered', () => {
  const declines = new DeclineLog();

  for (let number = 0; number < 100; number += 1) declines.note(card(1), number);

  expect(declines.count(card(1), 100)).toBe(16);
});
