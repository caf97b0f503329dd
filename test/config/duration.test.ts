import { describe, expect, it } from 'vitest';
import { secondsFromText } from '../../src/config/duration.ts';

describe('secondsFromText', () => {
  it.each([
    ['12h', 43_200],
    ['90m', 5_400],
    ['1h30m', 5_400],
    ['3600', 3_600],
    ['7d', 604_800],
    ['45s', 45],
    ['300ms', 0.3],
    ['1D2H', 93_600],
    ['0', 0],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(secondsFromText(text)).toBeCloseTo(seconds, 9);
  });

  it.each(['', 'h', '12 h', '-5m', '1.5h', '12h ', '12h30', 'twelve', '1w', '0x10', '1e3'])(
    'refuses %j',
    (text) => {
      expect(secondsFromText(text)).toBeUndefined();
    },
  );
});
