import { expect, test } from 'vitest';
import { ConflictWarnings } from '../../src/server/conflict-warnings.ts';
import { LineLimits } from '../../src/server/line-limits.ts';
import { decode } from '../../src/wire/decode.ts';
import { client, hardware } from '../store/changes.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

/** Different conflicts that are remembered. */
const CONFLICTS = 1024;
const LIMIT = { burst: 1e9, perSecond: 0 };
const UNLIMITED = new LineLimits<string>({ limitOf: () => LIMIT, octets: LIMIT, monotonic: () => 0 });
const ADDRESS = at('10.15.3.20');

test('a guest that makes ever new conflicts does not fill the memory: those that were said last are not said again', () => {
  const log = new LogLines();
  const warnings = new ConflictWarnings(log, () => 0, UNLIMITED);
  const bytes = new Guest('52:54:00:00:00:01').discover();
  const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!message.ok) throw new Error('not a message');
  const conflictWith = (number: number) => {
    const before = log.lines.length;
    const decision = { kind: 'silence', reason: 'address-in-use', other: hardware(number) } as const;
    warnings.note(message, client(1), decision, ADDRESS);
    return log.lines.length > before;
  };

  for (let number = 0; number < CONFLICTS; number += 1) expect(conflictWith(number)).toBe(true);
  expect(conflictWith(0)).toBe(false);
  expect(conflictWith(CONFLICTS)).toBe(true);

  expect([2, CONFLICTS, 0].map(conflictWith)).toEqual([false, false, true]);
});
