import { expect, test } from 'vitest';
import { logEvent } from '../../../src/cli/lab/telling/log-event.ts';

const GUESTS = [{ name: 'guest-1', hardware: '52:54:00:15:03:01' }];
const TIME = '2026-11-28T10:00:00.000Z';

function told(fields: object) {
  return logEvent(JSON.stringify({ time: TIME, level: 'info', ...fields }), 'node-2', GUESTS);
}

test('a decision about a guest is told with its name, and with the node whose gateway made it', () => {
  const fields = {
    message: 'DHCPREQUEST',
    hardware: '52:54:00:15:03:01',
    reason: 'bound',
    address: '10.15.3.20',
  };

  expect(told({ ...fields, msg: 'answered' })).toEqual({
    kind: 'decision',
    at: Date.parse(TIME),
    node: 'node-2',
    message: 'DHCPREQUEST',
    guest: 'guest-1',
    reason: 'bound',
    address: '10.15.3.20',
  });
});

test('what is decided about guests without names is not told one by one', () => {
  const fields = { message: 'DHCPREQUEST', hardware: '52:54:01:00:00:01', reason: 'bound', msg: 'answered' };

  expect(told(fields)).toBeUndefined();
  expect(told({ msg: 'changed', reason: 'peer-granted', address: '10.15.3.20' })).toBeUndefined();
});

test('a warning is told, with its fields', () => {
  expect(told({ level: 'warn', msg: 'another DHCP server', server: '10.15.3.66' })).toMatchObject({
    kind: 'gateway',
    level: 'warn',
    text: 'another DHCP server',
    fields: { server: '10.15.3.66' },
  });
});

test('a line that is no JSON is told as it is', () => {
  expect(logEvent('Segmentation fault', 'node-1', [])).toMatchObject({ text: 'Segmentation fault' });
});
