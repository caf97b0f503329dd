import { expect, test } from 'vitest';
import { hardwareToText } from '../../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../../src/net/ipv4.ts';
import { type Answer, Conversation } from '../../support/conversation.ts';
import { Guest, type GuestHabits } from '../../support/guest.ts';
import { ip, packet } from '../../support/packet.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.77';
const OTHERS = '10.15.3.99';
const OUTSIDE = '198.51.100.7';
const MAC = '52:54:00:00:00:01';
const ALL = 'ff:ff:ff:ff:ff:ff';
const BROADCAST = '255.255.255.255';

/** `frame to IP destination`; a star behind it says that a lease gives the client that address. */
function way({ decision, outcome }: Answer): string {
  if (decision.kind !== 'reply') return outcome;
  const { destination } = decision;
  const address = ipv4ToText(destination.address);
  if (destination.kind === 'relay') return `relay ${address}`;
  return `${hardwareToText(destination.hardware)} ${address}${destination.isLeased ? '*' : ''}`;
}

/** A server that leased MINE to the guest of MAC. */
function leased(habits: GuestHabits = {}): { conversation: Conversation; guest: Guest } {
  const conversation = new Conversation({ bootp: true });
  const guest = new Guest(MAC, habits);
  conversation.hear(guest.discover([[50, ...ip(MINE)]]));
  conversation.hear(guest.select(MINE, SERVER));
  return { conversation, guest };
}

type Said = readonly [type: 'DHCPDISCOVER' | 'DHCPREQUEST' | 'DHCPINFORM', ciaddr: string, source: string];
const SELECTING = [
  [50, ...ip(MINE)],
  [54, ...ip(SERVER)],
] as const;

const TO_YIADDR = `${MAC} ${MINE}`;
const TO_CIADDR = `${MAC} ${MINE}*`;
const TO_CHADDR = `${MAC} ${BROADCAST}`;
const TO_ALL = `${ALL} ${BROADCAST}`;

test.each<[string, Said, string, string]>([
  ['DISCOVER', ['DHCPDISCOVER', '0.0.0.0', '0.0.0.0'], TO_YIADDR, TO_ALL],
  ['DISCOVER with its own ciaddr', ['DHCPDISCOVER', MINE, '0.0.0.0'], TO_YIADDR, TO_ALL],
  ['DISCOVER with its own ciaddr, sent from there', ['DHCPDISCOVER', MINE, MINE], TO_YIADDR, TO_ALL],
  ["DISCOVER with another guest's ciaddr", ['DHCPDISCOVER', OTHERS, '0.0.0.0'], TO_YIADDR, TO_ALL],
  ['DISCOVER with a ciaddr off the segment', ['DHCPDISCOVER', OUTSIDE, OUTSIDE], TO_YIADDR, TO_ALL],
  ['RENEWING or REBINDING', ['DHCPREQUEST', MINE, MINE], TO_CIADDR, TO_CIADDR],
  ['RENEWING from an address of another network', ['DHCPREQUEST', MINE, OUTSIDE], TO_CIADDR, TO_CIADDR],
  ['RENEWING from 0.0.0.0', ['DHCPREQUEST', MINE, '0.0.0.0'], TO_YIADDR, TO_ALL],
  ['a ciaddr off the segment: DHCPNAK', ['DHCPREQUEST', OUTSIDE, OUTSIDE], TO_CHADDR, TO_ALL],
  ['INFORM', ['DHCPINFORM', MINE, MINE], `${MAC} ${MINE}`, `${MAC} ${MINE}`],
  ['INFORM without ciaddr', ['DHCPINFORM', '0.0.0.0', OTHERS], `${MAC} ${OTHERS}`, `${MAC} ${OTHERS}`],
  ['INFORM from 0.0.0.0', ['DHCPINFORM', OTHERS, '0.0.0.0'], TO_CHADDR, TO_ALL],
  ['INFORM from 0.0.0.0 without ciaddr', ['DHCPINFORM', '0.0.0.0', '0.0.0.0'], 'silence', 'silence'],
  ['INFORM with a ciaddr off the segment', ['DHCPINFORM', OUTSIDE, MINE], 'silence', 'silence'],
  ['INFORM from off the segment', ['DHCPINFORM', '0.0.0.0', OUTSIDE], 'silence', 'silence'],
])(
  'RFC 2131 §4.1: where the reply goes, and where with the broadcast bit; %s',
  (_what, said, plain, flagged) => {
    const [type, ciaddr, source] = said;
    const answers = [{}, { broadcasts: true }].map((habits) => {
      const { conversation, guest } = leased(habits);
      return conversation.meet(guest.message(type, { ciaddr }, []), 'broadcast', source);
    });

    expect(answers.map(way)).toEqual([plain, flagged]);
  },
);

test.each([
  ['that it was leased elsewhere', OUTSIDE, '0.0.0.0'],
  ['that it was leased elsewhere, and sends from', OUTSIDE, OUTSIDE],
])(
  'RFC 2131 §4.4.4: a DHCPDISCOVER by unicast gets an address of the segment, whatever ciaddr it has: one %s',
  (_what, ciaddr, source) => {
    const guest = new Guest(MAC);

    const offer = new Conversation().hearUnicast(guest.discover([], { ciaddr }), source);

    expect(offer.outcome).toMatch(/^DHCPOFFER 10\.15\.3\./);
    expect(way(offer)).toBe(`${MAC} ${offer.address}`);
  },
);

test.each([
  ['from 0.0.0.0', '0.0.0.0', MINE, TO_YIADDR],
  ['from an address that is not its own', OTHERS, MINE, TO_YIADDR],
  ['from the address that it takes', MINE, MINE, TO_CIADDR],
])(
  'RFC 2131 §4.3.2: a SELECTING client that fills in ciaddr has it only if it sends from it; %s',
  (_what, source, ciaddr, to) => {
    const { conversation, guest } = leased();

    const ack = conversation.meet(guest.message('DHCPREQUEST', { ciaddr }, SELECTING), 'broadcast', source);

    expect(ack.outcome).toBe(`DHCPACK ${MINE}`);
    expect(way(ack)).toBe(to);
  },
);

test.each([
  ['an infiniband card, as RFC 4390 has it', { htype: 32, hlen: 0 }],
  ['seven octets', { hlen: 7, chaddr: '52:54:00:00:00:01:02' }],
  ['another hardware type', { htype: 6 }],
  ['all zero', { chaddr: '00:00:00:00:00:00' }],
  ['the address of a group', { chaddr: '01:00:5e:00:00:01' }],
  ['every station', { chaddr: ALL }],
])(
  'RFC 2131 §4.1: a chaddr that is no station’s address is answered by frames to all: %s',
  (_what, fields) => {
    const conversation = new Conversation();
    const guest = new Guest(MAC, { identifier: [1, 2, 3], fields });

    const offer = conversation.hear(guest.discover());
    const ack = conversation.hear(guest.select(offer.address, SERVER));
    const renewed = conversation.meet(guest.extend(offer.address), 'broadcast', offer.address);
    const nak = conversation.hear(guest.reboot('192.168.0.9'));

    expect([offer, ack, renewed, nak].map(way)).toEqual([TO_ALL, TO_ALL, `${ALL} ${offer.address}*`, TO_ALL]);
  },
);

test.each(['10.15.3.255', '10.15.3.0', SERVER])(
  'RFC 1122 §3.2.1.3: no client has the address of the segment, or this server’s own: %s',
  (ciaddr) => {
    const conversation = new Conversation({ bootp: true });
    const guest = new Guest(MAC, { fields: { ciaddr } });

    const informed = conversation.meet(guest.inform(ciaddr), 'broadcast', MINE);
    const booted = conversation.meet(packet({ chaddr: MAC, ciaddr }), 'broadcast', MINE);

    expect([informed, booted].map(way)).toEqual([`${MAC} ${BROADCAST}`, `${MAC} ${booted.address}`]);
  },
);

test('RFC 2131 §4.1: a DHCPNAK is an IP broadcast to the one that it is for, wherever it sent from', () => {
  const { conversation } = leased();
  const guest = new Guest('52:54:00:00:00:02');

  const naks = [
    conversation.hear(guest.reboot('192.168.0.9')),
    conversation.hear(guest.select(MINE, SERVER)),
    conversation.meet(guest.extend(MINE), 'broadcast', MINE),
    conversation.hearUnicast(guest.extend(MINE), MINE),
  ];

  expect(naks.map(({ outcome }) => outcome)).toEqual(['DHCPNAK', 'DHCPNAK', 'DHCPNAK', 'DHCPNAK']);
  expect(new Set(naks.map(way))).toEqual(new Set([`${guest.mac} ${BROADCAST}`]));
});

test('RFC 1534 §2: a BOOTP client is answered by the same table', () => {
  const conversation = new Conversation({ bootp: true });
  const guest = new Guest('52:54:00:00:00:05', { fields: { ciaddr: OUTSIDE } });

  const reply = conversation.hear(guest.bootp());

  expect(way(reply)).toBe(`${guest.mac} ${reply.address}`);
});
