import { expect, test } from 'vitest';
import { Conversation, optionOf, optionsOf } from '../../support/conversation.ts';
import { Guest, type GuestHabits } from '../../support/guest.ts';
import { ip, mac, text, u16, u32 } from '../../support/packet.ts';
import { block, planOf, segment } from '../../support/plan.ts';

const SERVER = '10.15.3.10';
const MAC = '52:54:00:00:00:01';

function offerTo(habits: GuestHabits, conversation = new Conversation()): Uint8Array {
  const { bytes } = conversation.hear(new Guest(MAC, habits).discover());
  if (bytes === undefined) throw new Error('no offer');
  return bytes;
}

function codesOf(bytes: Uint8Array): number[] {
  return optionsOf(bytes).map(([code]) => code);
}

test('RFC 2131 §4.3.1, table 3: the header of a DHCPOFFER', () => {
  const bytes = offerTo({ fields: { xid: 0xdeadbeef, secs: 9, hops: 3, flags: 0x8000 } });

  expect([...bytes.subarray(0, 4)]).toEqual([2, 1, 6, 0]); // op, htype, hlen, hops
  expect([...bytes.subarray(4, 8)]).toEqual(u32(0xdeadbeef));
  expect([...bytes.subarray(8, 10)]).toEqual([0, 0]); // secs
  expect([...bytes.subarray(10, 12)]).toEqual([0x80, 0]); // flags
  expect([...bytes.subarray(12, 16)]).toEqual([0, 0, 0, 0]); // ciaddr
  expect([...bytes.subarray(20, 28)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]); // siaddr, giaddr
  expect([...bytes.subarray(28, 44)]).toEqual([...mac(MAC), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...bytes.subarray(236, 240)]).toEqual([99, 130, 83, 99]);
});

test('RFC 2131 §4.3.1, table 3: a DHCPACK carries ciaddr of its DHCPREQUEST', () => {
  const conversation = new Conversation();
  const guest = new Guest(MAC);
  const { address } = conversation.hear(guest.discover());
  conversation.hear(guest.select(address, SERVER));

  const ack = conversation.hearUnicast(guest.extend(address), address);

  expect([...(ack.bytes?.subarray(12, 16) ?? [])]).toEqual(ip(address));
});

test('RFC 2131 §4.3.1, table 3: what a reply must not carry, it does not, though it is asked for', () => {
  const bytes = offerTo({ requestList: [50, 55, 57, 52, 1], options: [[57, 5, 220]] });

  for (const code of [50, 55, 57]) expect(optionOf(bytes, code)).toBeUndefined();
});

test('RFC 2131 §4.3.1, table 3: a DHCPNAK carries the server identifier, the client identifier and why (RFC 2132 §9.9), no more', () => {
  const guest = new Guest(MAC, { identifier: [1, 2, 3], requestList: [1, 3, 6, 51] });

  const nak = new Conversation().hear(guest.reboot('192.168.0.9'));

  expect(codesOf(nak.bytes ?? new Uint8Array())).toEqual([53, 54, 61, 56]);
  expect([...(nak.bytes?.subarray(12, 20) ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(String.fromCharCode(...(optionOf(nak.bytes, 56) ?? []))).toContain('192.168.0.9');
});

test('RFC 6842 §3: the client identifier is returned in every reply', () => {
  const identifier = [255, 0, 1, 128, 144, 7];
  const conversation = new Conversation();
  const guest = new Guest(MAC, { identifier });

  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, SERVER));

  expect(optionOf(offer.bytes, 61)).toEqual(identifier);
  expect(optionOf(ack.bytes, 61)).toEqual(identifier);
  expect(optionOf(offerTo({}), 61)).toBeUndefined();
});

test('RFC 2132 §9.8: requested options stand in the order in which they were requested', () => {
  const codes = codesOf(offerTo({ requestList: [15, 6, 58, 28, 1, 51, 3] }));

  expect(codes).toEqual([53, 54, 59, 15, 6, 58, 28, 1, 51, 3, 26]);
});

test('RFC 2132 §3.3: the subnet mask comes before the router, whatever order is asked for', () => {
  const codes = codesOf(offerTo({ requestList: [3, 6, 1] }));

  expect(codes.indexOf(1)).toBeLessThan(codes.indexOf(3));
});

test('RFC 2131 §4.3.1: each requested parameter is included only once', () => {
  const codes = codesOf(offerTo({ requestList: [1, 1, 3, 3, 1, 51, 51] }));

  expect(new Set(codes).size).toBe(codes.length);
});

test('a client without a request list gets what the subnet is configured with', () => {
  const bytes = offerTo({});

  expect(optionOf(bytes, 1)).toEqual([255, 255, 255, 0]);
  expect(optionOf(bytes, 3)).toEqual(ip('10.15.3.1'));
  expect(optionOf(bytes, 6)).toEqual([...ip('1.1.1.1'), ...ip('1.0.0.1')]);
  expect(optionOf(bytes, 15)).toEqual(text('vps.local'));
  expect(optionOf(bytes, 26)).toEqual(u16(1450));
});

test.each([
  ['RFC 8925 §3.3', 108, u32(1800)],
  ['RFC 3442', 121, [0, ...ip('10.15.3.1')]],
  ['RFC 3442', 249, [0, ...ip('10.15.3.1')]],
  ['RFC 3397', 119, [3, ...text('vps'), 5, ...text('local'), 0]],
])('%s: option %i goes only to clients that ask for it', (_section, code, value) => {
  const parameters = new Map([...segment().parameters, [code, block(code, value)]]);
  const conversation = () => new Conversation({ subnet: segment({ parameters }) });

  expect(optionOf(offerTo({ requestList: [1, 3, code] }, conversation()), code)).toEqual(value);
  expect(optionOf(offerTo({ requestList: [1, 3] }, conversation()), code)).toBeUndefined();
  expect(optionOf(offerTo({}, conversation()), code)).toBeUndefined();
});

test('RFC 2132 §9.10: a reply is no longer than the client takes, and never shorter than 576 octets allow (RFC 2131 §2)', () => {
  const parameters = new Map([...segment().parameters, [43, block(43, new Array<number>(700).fill(7))]]);
  const sizeFor = (options: GuestHabits['options']) =>
    offerTo(
      { requestList: [43], ...(options && { options }) },
      new Conversation({ subnet: segment({ parameters }) }),
    ).length;

  expect(sizeFor([])).toBeLessThanOrEqual(576 - 28);
  expect(sizeFor([[57, ...u16(100)]])).toBeLessThanOrEqual(576 - 28);
  expect(sizeFor([[57, ...u16(1400)]])).toBeGreaterThan(900);
});

test('RFC 1542 §2.1: a reply has 300 octets at least', () => {
  expect(offerTo({}).length).toBeGreaterThanOrEqual(300);
});

test.each([
  ['none asked for', undefined, 43_200],
  ['within policy', 7200, 7200],
  ['below the minimum', 10, 300],
  ['above the maximum', 1_000_000, 86_400],
  ['without end', 0xffffffff, 86_400],
])('RFC 2131 §4.3.1: the lease time; %s', (_what, asked, granted) => {
  const options = asked === undefined ? [] : [[51, ...u32(asked)] as const];

  expect(optionOf(offerTo({ options: [...options] }), 51)).toEqual(u32(granted));
});

test('RFC 2131 §3.3: a lease without end, where policy has one, has no T1 and T2', () => {
  const leaseTimes = { default: 0xffffffff, minimum: 300, maximum: 0xffffffff };
  const bytes = offerTo({}, new Conversation({ ...planOf(), subnet: segment({ leaseTimes }) }));

  expect(optionOf(bytes, 51)).toEqual(u32(0xffffffff));
  expect(optionOf(bytes, 58)).toBeUndefined();
  expect(optionOf(bytes, 59)).toBeUndefined();
});

test('clients of two kinds, one after the other, each get what they asked for', () => {
  const conversation = new Conversation();
  const kinds: [number[], number[]][] = [
    [
      [1, 3],
      [53, 54, 51, 58, 59, 1, 3, 6, 15, 26],
    ],
    [
      [15, 51],
      [53, 54, 58, 59, 15, 51, 1, 3, 6, 26],
    ],
    [
      [1, 28],
      [53, 54, 51, 58, 59, 1, 28, 3, 6, 15, 26],
    ],
  ];

  for (const [requestList, codes] of [...kinds, ...kinds]) {
    expect(codesOf(offerTo({ requestList }, conversation))).toEqual(codes);
  }
});

test('more kinds of clients than are remembered are served alike', () => {
  const conversation = new Conversation();

  for (let kind = 0; kind < 600; kind += 1) {
    const requestList = [200 + (kind % 50), 1 + Math.floor(kind / 50), 15];
    expect(codesOf(offerTo({ requestList }, conversation))).toContain(15);
    expect(codesOf(offerTo({ requestList }, conversation)).slice(0, 5)).toEqual([53, 54, 51, 58, 59]);
  }
});
