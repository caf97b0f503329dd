import { expect, test } from 'vitest';
import { hexOf } from '../../src/net/hex.ts';

test.each([
  [0, '00000000'],
  [0x1000, '00001000'],
  [0x89abcdef, '89abcdef'],
  [0x01234567, '01234567'],
  [0xffffffff, 'ffffffff'],
])('%i has eight digits', (value, text) => {
  expect(hexOf(value)).toBe(text);
});
