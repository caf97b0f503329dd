import { expect, test } from 'vitest';
import { REASONS } from '../../src/engine/decision/reasons.ts';
import { ConflictWarnings } from '../../src/reporting/conflict-warnings.ts';
import { LineLimits } from '../../src/reporting/line-limits.ts';
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
  const message = aMessage();
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

test('ever new conflicts are a few lines of each reason, then one in ten seconds, which counts those between', () => {
  let now = 0;
  const log = new LogLines();
  const limits = new LineLimits<string>({
    limitOf: () => ({ burst: 10, perSecond: 0.1 }),
    octets: LIMIT,
    monotonic: () => now,
  });
  const warnings = new ConflictWarnings(log, () => now, limits);
  const message = aMessage();

  for (let second = 0; second < 600; second += 1) {
    now += 1000;
    for (let time = 0; time < 100; time += 1) {
      const other = hardware(second * 100 + time);
      for (const reason of ['address-in-use', 'offered-to-clone'] as const)
        warnings.note(message, client(1), { kind: 'silence', reason, other }, ADDRESS);
    }
  }

  const lines = log.lines.filter(({ fields }) => fields['reason'] === 'address-in-use');
  expect(lines).toHaveLength(10 + 59);
  expect(lines.at(-1)?.fields).toMatchObject({ repeated: 999 });
});

test('a warning and the list of reasons tell the same remedy', () => {
  const log = new LogLines();
  const warnings = new ConflictWarnings(log, () => 0, UNLIMITED);

  for (const reason of ['declined', 'used-by-client', 'too-many-identifiers'] as const)
    warnings.note(aMessage(), client(1), { kind: 'silence', reason }, ADDRESS);

  expect(log.lines.map(({ fields }) => fields['remedy'])).toEqual([
    REASONS.declined.remedy,
    REASONS['used-by-client'].remedy,
    REASONS['too-many-identifiers'].remedy,
  ]);
});

function aMessage() {
  const bytes = new Guest('52:54:00:00:00:01').discover();
  const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!message.ok) throw new Error('not a message');
  return message;
}
