import { expect, test } from 'vitest';
import { DecisionLog } from '../../src/reporting/decision-log.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { messageType, packet } from '../support/packet.ts';

const CHADDR = '52:54:00:66:66:66';
const DISCOVER = messageType('DHCPDISCOVER');
const BAD_COOKIE = packet({ chaddr: CHADDR, cookie: [1, 2, 3, 4], options: [DISCOVER] });
const BAD_HLEN = packet({ chaddr: CHADDR, hlen: 17, options: [DISCOVER] });
const BAD_OP = packet({ chaddr: CHADDR, op: 3, options: [DISCOVER] });
const BAD_TYPE = packet({ chaddr: CHADDR, options: [[53, 1, 2]] });
const TOO_SHORT = packet({ chaddr: CHADDR, options: [DISCOVER] }).slice(0, 200);
const TRUNCATED = new Uint8Array(2700).fill(1);
const RELAYED = packet({ chaddr: CHADDR, giaddr: '10.77.0.1', options: [DISCOVER] });
const BAD_RELAY = packet({ chaddr: CHADDR, giaddr: '127.0.0.1', options: [DISCOVER] });

/** A gateway whose log is read; `check` is what the server does every second. */
function node() {
  const bench = memoryBench();
  const log = new LogLines();
  const decisionLog = new DecisionLog(log, bench.store, () => bench.clock.monotonic());
  bench.record.decided = (...seen: Parameters<DecisionLog['decided']>) => decisionLog.decided(...seen);
  bench.record.dropped = (...seen: Parameters<DecisionLog['dropped']>) => decisionLog.dropped(...seen);
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second += 1) {
      await bench.clock.pass(1000);
      decisionLog.check();
    }
  };
  const lines = () => log.lines.filter(({ message }) => message === 'datagrams dropped');
  return { bench, decisionLog, seconds, lines };
}

test.each([
  ['bad-cookie', BAD_COOKIE],
  ['bad-hlen', BAD_HLEN],
  ['bad-op', BAD_OP],
  ['bad-message-type', BAD_TYPE],
  ['too-short', TOO_SHORT],
  ['relay-not-listed', RELAYED],
  ['bad-giaddr', BAD_RELAY],
])(
  'a datagram that is dropped as %s is said within the minute, at info, with its sender',
  async (cause, bytes) => {
    const { bench, seconds, lines } = node();

    await bench.hearUnicast(bytes, '10.15.3.77');
    await seconds(61);

    expect(lines()).toEqual([
      {
        level: 'info',
        message: 'datagrams dropped',
        fields: { count: 1, causes: { [cause]: 1 }, last: cause, source: '10.15.3.77', hardware: CHADDR },
      },
    ]);
  },
);

test('one that is longer than what is received is said as truncated', async () => {
  const { bench, seconds, lines } = node();

  await bench.hear(TRUNCATED);
  await seconds(61);

  expect(lines()[0]?.fields).toMatchObject({ causes: { truncated: 1 }, source: '0.0.0.0' });
});

test('one that is cut before its hardware address is said without one', async () => {
  const { bench, seconds, lines } = node();

  await bench.hear(TOO_SHORT.slice(0, 33));
  await seconds(61);

  expect(lines()[0]?.fields).toEqual({
    count: 1,
    causes: { 'too-short': 1 },
    last: 'too-short',
    source: '0.0.0.0',
    hardware: undefined,
  });
});

test('however many there are, it is one line a minute, which counts them by cause', async () => {
  const { bench, seconds, lines } = node();

  for (let second = 0; second < 180; second += 1) {
    await bench.hear(BAD_COOKIE, TOO_SHORT, TOO_SHORT);
    await seconds(1);
  }

  expect(lines()).toHaveLength(3);
  expect(lines()[0]?.fields).toMatchObject({
    count: 180,
    causes: { 'bad-cookie': 60, 'too-short': 120 },
    last: 'too-short',
  });
});

test('a minute without any has no line', async () => {
  const { bench, seconds, lines } = node();
  await bench.hear(BAD_COOKIE);
  await seconds(61);

  await bench.hear(new Guest('52:54:00:00:00:01').discover(), new Guest('52:54:00:00:00:02').discover());
  await seconds(180);

  expect(lines()).toHaveLength(1);
});

test('what is dropped without a fault of its own is not among them', async () => {
  const { decisionLog, seconds, lines } = node();

  for (const cause of ['superseded', 'no-room', 'stale', 'stale-reply', 'send-refused'] as const) {
    decisionLog.dropped(cause, 5);
  }
  await seconds(120);

  expect(lines()).toEqual([]);
});

test('what was counted last is said before the log ends', async () => {
  const { bench, decisionLog, lines } = node();
  await bench.hear(BAD_OP);

  decisionLog.end();
  decisionLog.end();

  expect(lines()).toHaveLength(1);
});
