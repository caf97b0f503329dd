import { describe, expect, test } from 'vitest';
import type { Decision, Reason } from '../../src/engine/decision/decision.ts';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { createLogger } from '../../src/log/logger.ts';
import { DecisionLog } from '../../src/reporting/decision-log.ts';
import { decode } from '../../src/wire/decode.ts';
import type { Message } from '../../src/wire/message.ts';
import { client, hardware } from '../store/changes.ts';
import { Guest } from '../support/guest.ts';

const MEGABYTE = 1_000_000;
const MINUTE = 60;
const GUESTS = 64;
/** An identifier of 255 octets, and the hardware address of a clone. */
const LONGEST_CLIENT = `${'ff'.repeat(255)}/525400000001` as ClientKey;
/** What one machine's flood can bring about, and what other gateways beside it do. */
const REASONS_OF_FLOOD: readonly Reason[] = [
  'offered',
  'offered-unheld',
  'offered-again',
  'offered-to-clone',
  'bound',
  'cached',
  'pool-full',
  'crowded',
  'not-in-pool',
  'bound-to-another',
  'no-binding',
  'used-by-client',
  'from-elsewhere',
  'address-in-use',
  'too-many-identifiers',
  'released',
];

/** A log as the program makes it, on a clock of its own. */
function logAt(logLevel: 'info' | 'debug', logFormat: 'json' | 'pretty' = 'json') {
  let time = 0;
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line), flushSync: () => undefined };
  const log = createLogger({ logLevel, logFormat }, output, false, () => time);
  const store = { failure: undefined, trouble: undefined };
  const decisionLog = new DecisionLog(log, store, () => time);
  /** Runs so many seconds, `each` for each of the parts of a second; the lines of that time. */
  const pass = (seconds: number, parts: number, each: (number: number) => void) => {
    const before = lines.length;
    for (let part = 0; part < seconds * parts; part += 1) {
      time += 1000 / parts;
      each(part);
      if ((part + 1) % parts === 0) decisionLog.check();
    }
    return lines.slice(before);
  };
  return { decisionLog, lines, pass };
}

function messageOf(number: number, options: ConstructorParameters<typeof Guest>[1] = {}): Message {
  const mac = `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
  const bytes = new Guest(mac, options).discover();
  const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!message.ok) throw new Error('not a message');
  return message;
}

function silenceOf(reason: Reason, number = 0): Decision {
  return { kind: 'silence', reason, other: hardware(number) };
}

function octetsOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
}

/** How many decisions the lines tell of, by reason: themselves, and those that they count. */
function toldBy(lines: readonly string[]): Record<string, number> {
  const told: Record<string, number> = {};
  for (const line of lines) {
    const {
      level,
      reason,
      repeated = 0,
      msg,
    } = JSON.parse(line) as Record<string, string> & {
      repeated?: number;
    };
    if (level !== 'info' || reason === undefined) continue;
    told[reason] = (told[reason] ?? 0) + repeated + (msg === 'lines of this reason were left out' ? 0 : 1);
  }
  return told;
}

describe('a flood does not fill the disk', () => {
  const messages = Array.from({ length: GUESTS }, (_, number) => messageOf(number));

  test.each([
    ['of one reason', ['offered'], 'json', client(1)],
    ['of every reason that a guest can bring about', REASONS_OF_FLOOD, 'json', client(1)],
    ['with the longest client identifiers', REASONS_OF_FLOOD, 'json', LONGEST_CLIENT],
    ['in lines for people', ['offered', 'pool-full', 'used-by-client'], 'pretty', client(1)],
  ] as const)(
    '30,000 decisions a second %s are at most a megabyte a minute, and all are counted',
    (_, reasons, format, who) => {
      const { decisionLog, lines, pass } = logAt('info', format);
      const decisions = reasons.map((reason) =>
        Array.from({ length: GUESTS }, (_, at) => silenceOf(reason, at)),
      );
      let count = 0;
      const flood = () => {
        for (let number = 0; number < 3000; number += 1) {
          const decision = decisions[count % reasons.length]?.[number % GUESTS];
          const message = messages[count % GUESTS];
          if (decision !== undefined && message !== undefined)
            decisionLog.decided(message, who, decision, 'nothing');
          count += 1;
        }
      };

      const minutes = [0, 1].map(() => octetsOf(pass(MINUTE, 10, flood)));
      decisionLog.end();

      expect(Math.max(...minutes)).toBeLessThan(MEGABYTE);
      expect(minutes[1]).toBeGreaterThan(0);
      if (format === 'json') {
        const told = toldBy(lines);
        for (const reason of reasons) expect(told[reason]).toBe(count / reasons.length);
      }
    },
    60_000,
  );

  test('what is dropped, and what meets a mistake of ours, is limited with it', () => {
    const { decisionLog, pass } = logAt('info');
    const mistake = new Error('a mistake');

    const minute = pass(MINUTE, 1000, () => {
      decisionLog.broken(mistake);
      decisionLog.dropped('bad-cookie', 30, { source: 0 as never, hardware: hardware(1) });
    });

    const mistakes = minute.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(mistakes.length).toBeLessThan(20);
    expect(mistakes.at(-1)).toMatchObject({ repeated: expect.any(Number) });
    expect(octetsOf(minute)).toBeLessThan(MEGABYTE / 10);
  });

  test('for a line that is not written nothing is read of the message', () => {
    const { decisionLog, pass } = logAt('info');
    let reads = 0;
    const watched = new Proxy(messageOf(1), {
      get(message, name) {
        if (name === 'hardware' || name === 'xid' || name === 'type') reads += 1;
        return Reflect.get(message, name, message);
      },
    });

    pass(1, 1000, () => decisionLog.decided(watched, client(1), silenceOf('no-binding'), 'nothing'));
    const first = reads;
    pass(1, 1000, () => decisionLog.decided(watched, client(1), silenceOf('no-binding'), 'nothing'));

    expect(first).toBeGreaterThan(0);
    expect(reads - first).toBeLessThan(10);
  });
});

describe('an ordinary day loses no line', () => {
  test('the guests of a whole pool that boot in the same second', () => {
    const { decisionLog, lines } = logAt('info');
    for (const reason of ['offered', 'bound'] as const)
      for (let number = 0; number < 235; number += 1)
        decisionLog.decided(messageOf(number), client(number), silenceOf(reason), 'nothing');

    expect(lines).toHaveLength(470);
    expect(lines.filter((line) => line.includes('repeated'))).toEqual([]);
  });

  test('two renewals a second, for hours', () => {
    const { decisionLog, pass } = logAt('info');
    const message = messageOf(1);

    const lines = pass(3600, 2, () =>
      decisionLog.decided(message, client(1), silenceOf('renewed'), 'nothing'),
    );

    expect(lines).toHaveLength(7200);
  });
});

test('after the burst it is a line a second, which counts those before it; the rest is told when none comes', () => {
  const { decisionLog, pass } = logAt('info');
  const message = messageOf(1);
  const refuse = () => decisionLog.decided(message, client(1), silenceOf('no-binding'), 'nothing');
  pass(10, 100, refuse);

  const flood = pass(10, 100, refuse).map((line) => JSON.parse(line));
  const quiet = pass(60, 1, () => undefined).map((line) => JSON.parse(line));

  expect(flood).toHaveLength(10);
  for (const line of flood) expect(line).toMatchObject({ reason: 'no-binding', repeated: 99 });
  expect(quiet).toEqual([
    expect.objectContaining({ reason: 'no-binding', repeated: expect.any(Number), level: 'info' }),
  ]);
});

test("a reason that comes seldom is told beside the others' flood", () => {
  const { decisionLog, pass } = logAt('info');
  const message = messageOf(1);
  const flood = () => {
    for (const reason of REASONS_OF_FLOOD)
      decisionLog.decided(message, LONGEST_CLIENT, silenceOf(reason), 'nothing');
  };
  pass(MINUTE, 1000, flood);

  const lines = pass(MINUTE, 1000, (part) => {
    flood();
    if (part % 10_000 === 5000) decisionLog.decided(message, client(1), silenceOf('declined'), 'nothing');
  });

  const told = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'info');
  expect(told.filter(({ reason }) => reason === 'declined')).toHaveLength(6);
  for (const each of REASONS_OF_FLOOD)
    expect(told.filter(({ reason }) => reason === each).length).toBeGreaterThanOrEqual(MINUTE / 5 - 1);
});

test("what is another server's business, and what waits, is at debug; there nothing is left out", () => {
  const [info, debug] = [logAt('info'), logAt('debug')];
  for (const { decisionLog } of [info, debug]) {
    for (let number = 0; number < 1000; number += 1) {
      const message = messageOf(1);
      for (const reason of ['not-first', 'not-for-us', 'no-binding'] as const)
        decisionLog.decided(message, client(1), silenceOf(reason), 'nothing');
    }
  }

  expect(info.lines.filter((line) => /not-first|not-for-us/.test(line))).toEqual([]);
  expect(debug.lines).toHaveLength(3000);
  expect(toldBy(debug.lines)).toEqual({ 'no-binding': 1000 });
});
