import { expect, test } from 'vitest';
import { relayDrop } from '../../../src/exchange/admission/relay-admission.ts';
import { decode } from '../../../src/wire/decode.ts';
import { Guest } from '../../support/guest.ts';
import { ip, packet } from '../../support/packet.ts';
import { at, planOf, relays } from '../../support/plan.ts';

const SERVER = '10.15.3.10';
const MAC = '52:54:00:00:00:07';

function refusalOf(bytes: Uint8Array, plan = planOf()) {
  const message = decode(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  return relayDrop(message, plan);
}

test('RFC 2131 §4.1: no message of a relay that is not listed gets in, of whatever type', () => {
  const guest = new Guest(MAC, { relay: '10.15.3.9' });

  const refusals = [
    guest.discover(),
    guest.select('10.15.3.20', SERVER),
    guest.reboot('192.168.0.9'),
    guest.extend('10.15.3.20'),
    guest.release('10.15.3.20', SERVER),
    guest.decline('10.15.3.20', SERVER),
    guest.inform('10.15.3.20'),
    packet({ chaddr: MAC, giaddr: '10.15.3.9' }),
  ].map((bytes) => refusalOf(bytes));

  expect(new Set(refusals)).toEqual(new Set(['relay-not-listed']));
});

test('a message without giaddr gets in, and so does a message of a server, which the engine refuses', () => {
  expect(refusalOf(new Guest(MAC).discover())).toBeUndefined();
  expect(refusalOf(packet({ op: 2, chaddr: MAC, giaddr: '10.15.3.9' }))).toBeUndefined();
});

test.each([
  ['10.15.3.5', true],
  ['10.15.3.6', false],
  ['10.15.3.7', true],
  ['10.15.3.9', true],
  ['10.15.3.11', false],
])('ranges of relays hold both their ends, and nothing beyond them: %s', (relay, isListed) => {
  const listed = [...relays('10.15.3.5'), { first: at('10.15.3.7'), last: at('10.15.3.9') }];

  const refusal = refusalOf(new Guest(MAC, { relay }).discover(), planOf({ relays: listed }));

  expect(refusal).toBe(isListed ? undefined : 'relay-not-listed');
});

test.each([
  ['of the zero network', '0.0.0.5'],
  ['of loopback', '127.0.0.1'],
  ['of multicast', '224.0.0.1'],
  ['that is reserved', '240.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ["the segment's network address", '10.15.3.0'],
  ["the segment's broadcast address", '10.15.3.255'],
  ['our own', SERVER],
])('RFC 1542 §4.1.1: no relay has a giaddr %s, whatever is listed', (_what, relay) => {
  const everything = [{ first: at('0.0.0.0'), last: at('255.255.255.255') }];
  const guest = new Guest(MAC, { relay, relayInformation: [5, 4, ...ip('10.15.3.0')] });

  expect(refusalOf(guest.discover(), planOf({ relays: everything }))).toBe('bad-giaddr');
});
