import { describe, expect, it } from 'vitest';
import { secondsFromText, secondsToText } from '../../src/config/duration.ts';

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

  it.each([
    [43_200, '12h'],
    [37_800, '10h30m'],
    [90, '1m30s'],
    [604_861, '7d1m1s'],
    [0, '0s'],
  ])('writes %d seconds as %s, and reads that', (seconds, text) => {
    expect(secondsToText(seconds)).toBe(text);
    expect(secondsFromText(text)).toBe(seconds);
  });
});
