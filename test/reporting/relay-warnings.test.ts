import { expect, test } from 'vitest';
import { ipv4 } from '../../src/net/ipv4.ts';
import { RelayWarnings } from '../../src/reporting/relay-warnings.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

function warnings() {
  const log = new LogLines();
  const time = { now: 0 };
  const relays = new RelayWarnings(log, () => time.now);
  const note = (giaddr: string) =>
    relays.note('relay-not-listed', { giaddr: at(giaddr), source: at('10.15.3.77') });
  return { log, time, relays, note };
}

test('a relay that is refused is named with its source and the setting, once a minute, and counted meanwhile', () => {
  const { log, time, note } = warnings();

  note('10.15.3.5');
  note('10.15.3.5');
  time.now = 59_999;
  note('10.15.3.5');
  time.now = 60_000;
  note('10.15.3.5');
  note('10.15.3.6');

  expect(log.lines.map(({ level, fields }) => [level, fields])).toMatchObject([
    ['warn', { relay: '10.15.3.5', source: '10.15.3.77', reason: 'relay-not-listed', count: 1 }],
    ['warn', { relay: '10.15.3.5', count: 3 }],
    ['warn', { relay: '10.15.3.6', count: 1 }],
  ]);
  expect(JSON.stringify(log.lines[0])).toContain('GATEWAY_DHCP_RELAYS');
});

test('a giaddr that no relay can have is said to be one', () => {
  const { log, relays } = warnings();

  relays.note('bad-giaddr', { giaddr: at('127.0.0.1'), source: at('10.15.3.77') });

  expect(log.lines).toMatchObject([
    { message: 'what names a relay that cannot be one is dropped', fields: { relay: '127.0.0.1' } },
  ]);
});

test('a hundred thousand invented relays make few lines a minute, and the next minute names new ones', () => {
  const { log, time, relays } = warnings();
  const flood = () => {
    for (let number = 0; number < 100_000; number += 1)
      relays.note('relay-not-listed', { giaddr: ipv4(0x0a000000 + number), source: at('10.15.3.77') });
  };

  flood();
  const first = log.lines.length;
  time.now = 60_000;
  flood();

  expect(first).toBe(17);
  expect(log.lines).toHaveLength(34);
  expect(log.lines.at(-1)?.fields).toMatchObject({ count: 99_984, others: expect.any(String) });
});
