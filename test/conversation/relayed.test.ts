import { expect, test } from 'vitest';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation, optionOf, optionsOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at, relays } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const RELAY = '10.15.3.9';
/** A relay agent elsewhere, whose clients are on this segment if it says so. */
const DISTANT = '172.16.0.1';
const MAC = '52:54:00:00:00:07';
const LISTED = relays(RELAY, DISTANT);
const relaying = (overrides: Partial<Plan> = {}) => new Conversation({ relays: LISTED, ...overrides });
const CIRCUIT = [1, 4, 101, 116, 104, 48];

test('RFC 2131 §4.3.1: a giaddr of the subnet is served, and §4.1 sends the reply to port 67 of the relay', () => {
  const offer = relaying().hear(new Guest(MAC, { relay: RELAY }).discover());

  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(offer.decision).toMatchObject({ destination: { kind: 'relay', address: at(RELAY) } });
});

test('a relayed client whose subnet is not served is met by silence', () => {
  expect(relaying().hear(new Guest(MAC, { relay: DISTANT }).discover()).reason).toBe('no-subnet');
});

test('RFC 3046 §2.2: the relay agent information comes back unchanged and last, in every reply', () => {
  const conversation = relaying();
  const unknown = [200, 3, 1, 2, 3];
  const guest = new Guest(MAC, {
    relay: RELAY,
    relayInformation: [...CIRCUIT, ...unknown],
    requestList: [82, 3, 1],
  });

  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, SERVER));
  const nak = conversation.hear(guest.select('10.99.0.1', SERVER));

  expect([offer, ack, nak].map((each) => each.outcome.split(' ')[0])).toEqual([
    'DHCPOFFER',
    'DHCPACK',
    'DHCPNAK',
  ]);
  for (const { bytes } of [offer, ack, nak]) {
    expect(optionsOf(bytes).at(-1)).toEqual([82, [...CIRCUIT, ...unknown]]);
    expect(optionsOf(bytes).filter(([code]) => code === 82)).toHaveLength(1);
  }
});

test.each([
  ['cut short', [1, 200, 1]],
  ['without a length', [5]],
  ['empty', []],
  ['repeated', [5, 4, ...ip('10.15.3.0'), 5, 4, ...ip('172.16.0.0')]],
  ['of the wrong length', [5, 2, 10, 15]],
])(
  'RFC 3046 §2.2: relay agent information that is %s harms nobody and comes back as it was',
  (_what, bytes) => {
    const guest = new Guest(MAC, { relay: RELAY, relayInformation: bytes });

    const offer = relaying().hear(guest.discover());

    expect(offer.outcome).toMatch(/^DHCPOFFER 10\.15\.3\./);
    expect(optionOf(offer.bytes, 82)).toEqual(bytes);
  },
);

test('RFC 3527 §3: link selection chooses the subnet, the reply still goes to giaddr', () => {
  const guest = new Guest(MAC, { relay: DISTANT, relayInformation: [5, 4, ...ip('10.15.3.0')] });

  const offer = relaying().hear(guest.discover());

  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(offer.decision).toMatchObject({ destination: { kind: 'relay', address: at(DISTANT) } });
});

test('RFC 3527 §3: link selection of a subnet that is not served is met by silence', () => {
  const guest = new Guest(MAC, { relay: RELAY, relayInformation: [5, 4, ...ip('172.16.0.0')] });

  expect(relaying().hear(guest.discover()).reason).toBe('no-subnet');
});

test('RFC 3011 §2: the subnet selection option, if it is on, chooses the subnet, and comes back unasked', () => {
  const guest = new Guest(MAC, {
    relay: DISTANT,
    options: [[118, ...ip('10.15.3.0')]],
    requestList: [1],
  });

  const offer = relaying({ subnetSelection: true }).hear(guest.discover());

  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(optionOf(offer.bytes, 118)).toEqual(ip('10.15.3.0'));
});

test('RFC 3011 §2: a subnet that is not served is met by silence, if the option is on', () => {
  const guest = new Guest(MAC, { options: [[118, ...ip('172.16.0.0')]] });

  expect(relaying({ subnetSelection: true }).hear(guest.discover()).reason).toBe('no-subnet');
});

test("RFC 5107 §4: a relay's override is the server identifier, and a REQUEST that names it is for us", () => {
  const conversation = relaying();
  const guest = new Guest(MAC, { relay: RELAY, relayInformation: [11, 4, ...ip(RELAY)] });

  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, RELAY));

  expect(optionOf(offer.bytes, 54)).toEqual(ip(RELAY));
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
});

test('RFC 2131 §4.3.2: a DHCPNAK through a relay goes to the relay, with the broadcast bit set', () => {
  const nak = relaying().hear(new Guest(MAC, { relay: RELAY }).reboot('192.168.0.9'));

  expect(nak.outcome).toBe('DHCPNAK');
  expect((nak.bytes?.[10] ?? 0) & 0x80).toBe(0x80);
  expect(nak.decision).toMatchObject({ destination: { kind: 'relay', address: at(RELAY) } });
});

test('RFC 3011 §6: the subnet selection option is off unless the operator wants it, and then not returned', () => {
  const guest = new Guest(MAC, { options: [[118, ...ip('172.16.0.0')]] });

  const offer = relaying().hear(guest.discover());

  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(optionOf(offer.bytes, 118)).toBeUndefined();
});

test('RFC 3527 §3: what a guest writes into option 82 itself chooses no subnet and no server identifier', () => {
  const guest = new Guest(MAC, { relayInformation: [5, 4, ...ip('172.16.0.0'), 11, 4, ...ip(DISTANT)] });

  const offer = relaying().hear(guest.discover());

  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(optionOf(offer.bytes, 54)).toEqual(ip(SERVER));
});

test.each(['10.15.3.200', '0.0.0.0'])(
  'RFC 2131 §4.3.5: a DHCPINFORM that a relay passed on is answered through it, with the broadcast bit, since there is no yiaddr to send to (RFC 1542 §4.1.2); ciaddr %s',
  (ciaddr) => {
    const ack = relaying().hearUnicast(new Guest(MAC, { relay: RELAY }).inform(ciaddr), RELAY);

    expect(ack.outcome).toBe('DHCPACK');
    expect((ack.bytes?.[10] ?? 0) & 0x80).toBe(0x80);
    expect(ack.decision).toMatchObject({ destination: { kind: 'relay', address: at(RELAY) } });
  },
);
