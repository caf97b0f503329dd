import { describe, expect, test } from 'vitest';
import { type Rate, rateOf } from '../../../src/exchange/admission/rate.ts';
import { RateTable } from '../../../src/exchange/limits/rate-table.ts';
import type { HardwareAddress } from '../../../src/net/hardware-address.ts';
import { SeededRandom } from '../../support/random.ts';

const CARD = 0x525400000001 as HardwareAddress;
/** Ten at once, and one in six seconds. */
const TEN: Rate = { burst: 10, interval: 6000 };

function takeAll(table: RateTable, now: number, tries = 100): number {
  let taken = 0;
  for (let count = 0; count < tries; count += 1) if (table.takeIfFree(CARD, now, TEN)) taken += 1;
  return taken;
}

describe('a token bucket for each card', () => {
  test('gives so many at once, then one for each interval, and never more than the burst', () => {
    const table = new RateTable(77);

    expect(rateOf(10, 60_000)).toEqual(TEN);
    expect(takeAll(table, 1000)).toBe(10);
    expect(takeAll(table, 1000 + 5999)).toBe(0);
    expect(takeAll(table, 1000 + 6000)).toBe(1);
    expect(takeAll(table, 1_000_000)).toBe(10);
  });

  test('what is counted beyond the rate is paid for by waiting, for twice the burst at most', () => {
    const table = new RateTable(77);
    for (let count = 0; count < 1000; count += 1) table.take(CARD, 0, TEN);

    expect(table.isOver(CARD, 60_000, TEN)).toBe(true);
    expect(takeAll(table, 120_000)).toBe(10);
  });

  test('a million forged addresses cost no memory, and a card among them is not taken for one of them', () => {
    const random = new SeededRandom(5);
    const table = new RateTable(99);
    const rate = { burst: 50, interval: 20 };
    const before = process.memoryUsage();
    let refused = 0;
    for (let number = 0; number < 1_000_000; number += 1) {
      const now = number / 10; // 10,000 in a second.
      table.takeIfFree((0x525400000000 + random.below(2 ** 31)) as HardwareAddress, now, rate);
      if (number % 2000 === 0 && !table.takeIfFree(CARD, now, rate)) refused += 1;
    }
    const after = process.memoryUsage();

    expect(refused).toBe(0);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000);
  });

  test('none given means any number', () => {
    const table = new RateTable(77);
    table.take(CARD, 0, undefined);

    expect(rateOf(0, 1000)).toBeUndefined();
    expect(table.isOver(CARD, 0, undefined)).toBe(false);
  });
});
