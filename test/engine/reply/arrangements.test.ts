import { expect, test } from 'vitest';
import { Arrangements, KIND_LIMIT } from '../../../src/engine/reply/arrangements.ts';
import { block } from '../../support/plan.ts';

const REQUIRED = [block(53, [2])];

/** Says what it was asked for, and how often. */
function counted() {
  const asked: (readonly number[] | undefined)[] = [];
  const arrangements = new Arrangements((list) => {
    asked.push(list === undefined ? undefined : [...list]);
    return list === undefined ? [] : [...list];
  });
  return { asked, arrangements };
}

test('guests that ask alike are arranged for once, whatever becomes of the bytes of the first', () => {
  const { asked, arrangements } = counted();
  const bytes = Uint8Array.of(1, 3, 6);
  arrangements.of(bytes, REQUIRED);
  bytes.fill(0);

  expect(arrangements.of(Uint8Array.of(1, 3, 6), REQUIRED)).toEqual([1, 3, 6]);
  expect(asked).toEqual([[1, 3, 6]]);
});

/** One less at one place and 31 more at the next: the same hash. */
test.each([
  ['another order', [3, 1, 6]],
  ['one more', [1, 3, 6, 15]],
  ['one less', [1, 3]],
  ['others of the same hash', [0, 34, 6]],
  ['others of the same hash at the end', [1, 2, 37]],
])('a guest that asks for %s is not given what the first asked for', (_, list) => {
  const { arrangements } = counted();
  arrangements.of(Uint8Array.of(1, 3, 6), REQUIRED);

  expect(arrangements.of(Uint8Array.from(list), REQUIRED)).toEqual(list);
  expect(arrangements.of(Uint8Array.of(1, 3, 6), REQUIRED)).toEqual([1, 3, 6]);
});

test('a guest that asks for nothing, and one that asks for an empty list, are two kinds', () => {
  const { asked, arrangements } = counted();
  arrangements.of(undefined, REQUIRED);
  arrangements.of(new Uint8Array(), REQUIRED);

  expect(asked).toEqual([undefined, []]);
});

test('other required options are another kind', () => {
  const { asked, arrangements } = counted();
  for (const required of [REQUIRED, [block(54, [2])], [...REQUIRED, block(51, [1])]])
    arrangements.of(Uint8Array.of(1), required);

  expect(asked).toHaveLength(3);
});

test('a guest that asks differently each time does not fill the memory', () => {
  const { arrangements } = counted();
  let most = 0;
  for (let number = 0; number < 10 * KIND_LIMIT; number += 1) {
    arrangements.of(Uint8Array.of(number >> 8, number & 255), REQUIRED);
    most = Math.max(most, arrangements.size);
  }

  expect(most).toBeLessThanOrEqual(KIND_LIMIT);
  expect(most).toBeGreaterThan(KIND_LIMIT / 2);
});
