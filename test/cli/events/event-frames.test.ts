import { expect, test } from 'vitest';
import { type SentEvent, sentEvents } from '../../../src/cli/events/event-frames.ts';
import { eventLine } from '../../../src/cli/events/event-line.ts';
import { REASONS } from '../../../src/engine/decision/reasons.ts';

const FRAMES =
  'retry: 2000\n: events\n\nid: x-1\nevent: decision\ndata: {"a":"b: c"}\n\n: still there\n\nevent: missed\ndata: {"missed":3}\n\n';

async function read(...pieces: readonly string[]): Promise<readonly SentEvent[]> {
  async function* all() {
    yield* pieces;
  }
  const events: SentEvent[] = [];
  for await (const event of sentEvents(all())) events.push(event);
  return events;
}

const EXPECTED = [
  { id: 'x-1', kind: 'decision', data: { a: 'b: c' } },
  { id: undefined, kind: 'missed', data: { missed: 3 } },
];

test('events are read without their comments, wherever the pieces end', async () => {
  expect(await read(FRAMES)).toEqual(EXPECTED);
  expect(await read(...FRAMES)).toEqual(EXPECTED);
  for (let at = 1; at < FRAMES.length; at += 1)
    expect(await read(FRAMES.slice(0, at), FRAMES.slice(at))).toEqual(EXPECTED);
});

test('how far the stream is stands in its head and in what says that it is still there', async () => {
  const head = 'retry: 2000\n: events of vps-gateway\nid: x-7\n\n';

  expect(await read(`${head}${FRAMES}: still there\nid: x-9\n\n`)).toEqual([
    { id: 'x-7', kind: '', data: {} },
    ...EXPECTED,
    { id: 'x-9', kind: '', data: {} },
  ]);
});

test('an event that breaks off is none, and one that never ends is refused', async () => {
  expect(await read(FRAMES.slice(0, -1))).toEqual(EXPECTED.slice(0, 1));
  await expect(read(`data: ${'x'.repeat(1 << 20)}`)).rejects.toThrow('without an end');
});

test('a line has no more columns than the terminal, and nothing of a guest controls that', () => {
  const data = { at: '2026-11-28T12:00:00.000Z', address: '10.15.3.20', mac: null, reason: 'bound\u001b[2J' };
  const event: SentEvent = { id: '1', kind: 'lease', data: { ...data, name: 'x\ny'.repeat(50) } };
  const output = { write: () => {}, hasColour: false };

  expect(eventLine(output, event)).toMatch(
    /^2026-11-28T12:00:00\.000Z {2}lease {8}10\.15\.3\.20 {7}- {18}bound\?\[2J {2}name=x\?y/,
  );
  expect(eventLine({ ...output, columns: 60 }, event).trimEnd()).toHaveLength(60);
});

test.each([
  ['DHCPREQUEST', 'renewed', 'type=DHCPREQUEST'],
  ['order', 'peer-granted', 'heard on the segment'],
  ['order', 'expired', 'without a message'],
  ['order', 'released-by-operator', 'type=order'],
])('what a decision was about is told: %s %s', (type, reason, told) => {
  const event: SentEvent = {
    id: '1',
    kind: 'decision',
    data: { at: 'now', reason, type, outcome: 'nothing' },
  };

  expect(eventLine({ write: () => {}, hasColour: false }, event)).toMatch(
    new RegExp(`  ${reason}  ${told}  outcome=nothing\n$`),
  );
});

test('a terminal of 80 columns has the whole reason word, and the time of day', () => {
  const output = { write: () => {}, hasColour: false, columns: 80 };
  const about = { address: '10.15.3.254', mac: '52:54:00:12:34:56', type: 'DHCPREQUEST' };
  for (const reason of Object.keys(REASONS)) {
    const data = { at: '2026-11-28T12:00:00.123Z', ...about, reason };

    expect(eventLine(output, { id: '1', kind: 'reservation', data })).toMatch(
      new RegExp(`^12:00:00Z reservation 10\\.15\\.3\\.254 +52:54:00:12:34:56 ${reason}(\\W|$)`),
    );
  }
});
