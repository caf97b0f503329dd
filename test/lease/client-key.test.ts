import { describe, expect, it } from 'vitest';
import {
  clientKeyFromText,
  clientKeyOf,
  ethernetOf,
  keyOfEthernet,
  keyOfIdentifier,
  senderKeyOf,
} from '../../src/lease/client-key.ts';
import { decode } from '../../src/wire/decode.ts';
import { hex, type PacketFields, packet } from '../support/packet.ts';

const MAC = '52:54:00:0a:00:ff';
const OWN = '015254000a00ff';

function messageOf(fields: PacketFields) {
  const bytes = packet({ chaddr: MAC, ...fields, options: [[53, 1], ...(fields.options ?? [])] });
  const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  return message;
}

function identifier(octets: string): PacketFields {
  return { options: [[61, ...hex(octets)]] };
}

describe('RFC 2131 §4.2: what a client is known by', () => {
  it.each([
    ['no identifier: hardware type and address', {}, OWN],
    ['the identifier that RFC 2132 §9.14 suggests', identifier(OWN), OWN],
    ['another identifier', identifier('ff 00000001 0004 aabb'), 'ff000000010004aabb'],
    ['an identifier of one octet is none', identifier('01'), OWN],
    ['another link layer', { htype: 32, chaddr: '01:02', hlen: 2 }, '200102'],
  ])('%s', (_, fields, key) => {
    expect(clientKeyOf(messageOf(fields), true)).toBe(key);
  });

  it('is nothing without both', () => {
    expect(clientKeyOf(messageOf({ hlen: 0 }), true)).toBeUndefined();
  });

  it('takes every octet, however long it is', () => {
    const octets = Uint8Array.from({ length: 900 }, (_, index) => index & 255);
    expect(keyOfIdentifier(octets)).toBe(Buffer.from(octets).toString('hex'));
    expect(keyOfIdentifier(octets, 254, 258)).toBe('feff0001');
  });
});

describe('machines that share an identifier', () => {
  it('one that is called by its own hardware address is told apart from all others by that', () => {
    for (const fields of [{}, identifier(OWN)])
      expect(senderKeyOf(OWN as never, messageOf(fields))).toBe(OWN);
  });

  it.each([
    ['another hardware address', { chaddr: '52:54:00:0a:00:fe' }, OWN, `${OWN}/5254000a00fe`],
    ['another hardware type, of which none is kept', { htype: 6 }, OWN, `${OWN}/000000000000`],
    ['a longer one, of which none is kept', { hlen: 8 }, OWN, `${OWN}/000000000000`],
    ['an identifier of another kind', {}, 'ff000000010004', 'ff000000010004/5254000a00ff'],
    ['an identifier that begins like it', {}, `${OWN}00`, `${OWN}00/5254000a00ff`],
  ])('%s: by the hardware address beside it', (_, fields, client, sender) => {
    expect(senderKeyOf(client as never, messageOf(fields))).toBe(sender);
  });
});

describe('keys that are made of an Ethernet address', () => {
  it('and the address are the same thing', () => {
    for (const hardware of [1, 0x525400000001, 0xffffffffffff, 0x80000000, 0x100000000]) {
      const key = keyOfEthernet(hardware as never);
      expect(key).toBe(`01${hardware.toString(16).padStart(12, '0')}`);
      expect(ethernetOf(key)).toBe(hardware);
    }
  });

  it.each([
    '',
    '01',
    '025254000a00ff',
    `${OWN}00`,
    '015254000A00FF',
    '015254000a00fg',
    '01525400/a00ff',
    '010000000000\u0661\u0661',
  ])('%j names no Ethernet address', (text) => expect(ethernetOf(text)).toBe(0));

  it.each([
    ['', true],
    [OWN, true],
    ['ff000000010004aabb', true],
    [`${OWN}/5254000a00ff`, true],
    ['/5254000a00ff', true],
    ['015254000A00FF', false],
    ['ff0', false],
    [`${OWN}/5254`, false],
    ['ff00 0001', false],
  ])('stored as %j is a key: %s', (text, isKey) => {
    expect(clientKeyFromText(text)).toBe(isKey ? text : undefined);
  });
});
