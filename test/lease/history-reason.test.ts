import { expect, test } from 'vitest';
import { historyReason } from '../../src/lease/history-reason.ts';

test.each([
  [undefined, 'released'],
  [{ author: 'grace' }, 'released by grace'],
  [{ author: 'grace', note: 'ticket 42' }, 'released by grace: ticket 42'],
  [{ author: 'gr\u0000ace\n', note: 'Grüße \u{1f600}' }, 'released by gr?ace?: Grüße ??'],
])('the history keeps who ordered a change, as text that every store can hold: %o', (by, text) => {
  expect(historyReason(by === undefined ? { reason: 'released' } : { reason: 'released', by })).toBe(text);
});

test('a note that is too long for the history is cut', () => {
  const by = { author: 'grace', note: 'x'.repeat(1000) };

  expect(historyReason({ reason: 'released', by })).toHaveLength(255);
});
