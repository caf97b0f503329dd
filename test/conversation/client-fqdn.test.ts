import { describe, expect, test } from 'vitest';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { type PacketOption, text, u32 } from '../support/packet.ts';
import { range, segment } from '../support/plan.ts';
import { cards, reservationOf } from '../support/reservations.ts';

const SERVER = '10.15.3.10';
const ADA = '52:54:00:00:00:01';
const S = 1;
const O = 2;
const E = 4;
const N = 8;
const NAME = [3, ...text('web'), 3, ...text('vps'), 5, ...text('local'), 0];

/** Option 81 of the DHCPOFFER and of the DHCPACK to a guest that sends this one. */
function answered(sent: readonly number[] | undefined, hostname?: string) {
  const conversation = new Conversation();
  const reservations = conversation.store.reservations;
  conversation.plan = {
    ...conversation.plan,
    subnet: segment({ pools: [range('10.15.3.20', '10.15.3.99')], reservations }),
  };
  if (hostname !== undefined)
    reservations.put(reservationOf('ada', '10.15.3.57', { macs: cards(ADA), hostname, version: 1 }));
  const room: PacketOption = [57, 5, 0xc0];
  const guest = new Guest(ADA, { options: sent === undefined ? [room] : [room, [81, ...sent]] });
  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, SERVER));
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  const values = [optionOf(offer.bytes, 81), optionOf(ack.bytes, 81)];
  expect(values[0]).toEqual(values[1]);
  expect(optionOf(ack.bytes, 51)).toEqual(u32(43_200));
  return values[1];
}

describe('RFC 4702 §4: a client that sends option 81 is told that this server updates no DNS records', () => {
  test.each([
    ['RFC 4702 §2.1: it wants the server to update its address record', E | S, E | N | O],
    ['it updates that itself', E, E | N],
    ['it wants no updates', E | N, E | N],
    ['it sets what only a server sets', E | S | O, E | N | O],
  ])('%s', (_what, flags, expected) => {
    expect(answered([flags, 0, 0, ...NAME])).toEqual([expected, 255, 255, ...NAME]);
  });

  test('RFC 4702 §2.2: the fields of result codes are 255', () => {
    expect(answered([E, 7, 9, ...NAME])?.slice(1, 3)).toEqual([255, 255]);
  });

  test('RFC 4702 §2.3.1: in ASCII where the client writes so, with the domain behind its name', () => {
    expect(answered([S, 0, 0, ...text('web')])).toEqual([N | O, 255, 255, ...text('web.vps.local')]);
  });

  test('a partial name gets the domain; a whole one of another domain stays', () => {
    const other = [3, ...text('web'), 7, ...text('example'), 0];

    expect(answered([E, 0, 0, 3, ...text('web')])).toEqual([E | N, 255, 255, ...NAME]);
    expect(answered([E, 0, 0, ...other])).toEqual([E | N, 255, 255, ...other]);
  });

  test("a reservation's name comes before the client's own", () => {
    const shop = [4, ...text('shop'), 3, ...text('vps'), 5, ...text('local'), 0];

    expect(answered([E, 0, 0, ...NAME], 'shop')).toEqual([E | N, 255, 255, ...shop]);
    expect(answered([0, 0, 0], 'shop.example.net')).toEqual([N, 255, 255, ...text('shop.example.net')]);
  });

  test.each([
    ['no name', []],
    ['markup', text('<b>web</b>')],
    ['a mark that turns the direction', text('a\u202eb')],
    ['a NUL within', text('a\0b')],
    ['a label of 255 octets', [255, ...text('a'.repeat(251))]],
    ['a label that is cut', [9, ...text('web')]],
  ])('what is no name does not come back: %s', (_what, name) => {
    expect(answered([E, 0, 0, ...name])).toEqual([E | N, 255, 255]);
  });

  test('a name that has no room for the domain stays as it is', () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(55)}`;
    const wire = long.split('.').flatMap((label) => [label.length, ...text(label)]);

    expect(answered([E, 0, 0, ...wire])).toEqual([E | N, 255, 255, ...wire]);
  });
});

test('RFC 4702 §4: a client that sends no option 81 gets none, nor one that sends a malformed one', () => {
  expect(answered(undefined, 'shop')).toBeUndefined();
  expect(answered([E])).toBeUndefined();
});

test('RFC 4702 §4: a client that only asks for option 81 gets none', () => {
  const conversation = new Conversation();

  const { bytes } = conversation.hear(new Guest(ADA, { requestList: [1, 3, 81] }).discover());

  expect(optionOf(bytes, 81)).toBeUndefined();
});

test('RFC 4702 §4: a DHCPINFORM and a refusal are answered without option 81', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA, { options: [[81, E, 0, 0, ...NAME]] });

  const informed = conversation.hearUnicast(guest.inform('10.15.3.200'), '10.15.3.200');
  const refused = conversation.hear(guest.reboot('192.168.1.5'));

  expect([informed.outcome, refused.outcome]).toEqual(['DHCPACK', 'DHCPNAK']);
  expect([informed, refused].map(({ bytes }) => optionOf(bytes, 81))).toEqual([undefined, undefined]);
});
