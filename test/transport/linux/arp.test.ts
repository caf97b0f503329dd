import { describe, expect, it } from 'vitest';
import { hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { prefixOf } from '../../../src/net/prefix.ts';
import {
  arpAbout,
  arpFilter,
  arpProbed,
  arpRequest,
  arpSender,
  arpSpeech,
} from '../../../src/transport/linux/arp.ts';
import { runFilter } from '../../support/bpf.ts';
import { ip, mac, u16 } from '../../support/packet.ts';
import { at } from '../../support/plan.ts';

const OUR = '52:54:00:00:00:0a';
const THEIR = '52:54:00:00:00:4d';

function arp(
  operation: number,
  sender: string,
  changes: Partial<Record<'protocol' | 'sizes', number>> & { readonly target?: string } = {},
) {
  const head = [...u16(1), ...u16(changes.protocol ?? 0x0800), ...u16(changes.sizes ?? 0x0604)];
  return Uint8Array.from([
    ...head,
    ...u16(operation),
    ...mac(THEIR),
    ...ip(sender),
    ...mac(OUR),
    ...ip(changes.target ?? '10.15.3.10'),
  ]);
}

const senderOf = (bytes: Uint8Array) => arpSender(new DataView(bytes.buffer), 0, bytes.length);

describe('an ARP request', () => {
  it('RFC 826: names who asks, where, and for what; the target hardware is unknown', () => {
    const request = arpRequest(hardwareFromText(OUR) ?? NO_HARDWARE, at('10.15.3.10'), at('10.15.3.77'));

    expect([...request]).toEqual([
      ...u16(1),
      ...u16(0x0800),
      ...[6, 4],
      ...u16(1),
      ...mac(OUR),
      ...ip('10.15.3.10'),
      ...[0, 0, 0, 0, 0, 0],
      ...ip('10.15.3.77'),
    ]);
  });
});

describe('who sent an ARP message', () => {
  it.each([1, 2])('is read from operation %i', (operation) => {
    expect(senderOf(arp(operation, '10.15.3.77'))).toEqual({
      address: at('10.15.3.77'),
      hardware: hardwareFromText(THEIR),
    });
  });

  it.each([
    ['RFC 5227 §1.1: a probe, whose sender is nobody yet', arp(1, '0.0.0.0')],
    ['a reverse request', arp(3, '10.15.3.77')],
    ['another protocol', arp(2, '10.15.3.77', { protocol: 0x86dd })],
    ['other lengths', arp(2, '10.15.3.77', { sizes: 0x0610 })],
    ['one cut short', arp(2, '10.15.3.77').slice(0, 27)],
    ['nothing', new Uint8Array(0)],
  ])('%s names no sender', (_, bytes) => {
    expect(senderOf(bytes)).toBeUndefined();
  });
});

describe('what the sender of an ARP message says', () => {
  it.each([
    ['answer', 'RFC 826: a reply to somebody', arp(2, '10.15.3.77')],
    ['question', 'RFC 826: a request for another address', arp(1, '10.15.3.77')],
    ['announcement', 'RFC 5227 §1.1: a request for its own', arp(1, '10.15.3.77', { target: '10.15.3.77' })],
    ['announcement', 'a reply about its own', arp(2, '10.15.3.77', { target: '10.15.3.77' })],
  ])('is an %s: %s', (speech, _, bytes) => {
    expect(arpSpeech(new DataView(bytes.buffer), 0)).toBe(speech);
  });
});

describe('RFC 5227 §1.1: which address a probe is for', () => {
  const probedBy = (bytes: Uint8Array) => arpProbed(new DataView(bytes.buffer), 0, bytes.length);

  it('is read with who would like to have it', () => {
    expect(probedBy(arp(1, '0.0.0.0', { target: '10.15.3.77' }))).toEqual({
      address: at('10.15.3.77'),
      hardware: hardwareFromText(THEIR),
    });
  });

  it.each([
    ['a request of a machine that has an address', arp(1, '10.15.3.77')],
    ['an answer by nobody', arp(2, '0.0.0.0')],
    ['a probe for nobody', arp(1, '0.0.0.0', { target: '0.0.0.0' })],
    ['another protocol', arp(1, '0.0.0.0', { protocol: 0x86dd })],
    ['other lengths', arp(1, '0.0.0.0', { sizes: 0x0610 })],
    ['one cut short', arp(1, '0.0.0.0').slice(0, 27)],
  ])('%s is none', (_, bytes) => {
    expect(probedBy(bytes)).toBeUndefined();
  });
});

describe('RFC 5227 §1.1: what an ARP message says of 10.15.3.10', () => {
  const about = (bytes: Uint8Array) =>
    arpAbout(at('10.15.3.10'), new DataView(bytes.buffer), 0, bytes.length);

  it.each([
    ['a probe: it would like to have it', arp(1, '0.0.0.0'), 'probe'],
    ['an announcement by a request', arp(1, '10.15.3.10'), 'announcement'],
    ['an announcement by a reply', arp(2, '10.15.3.10'), 'announcement'],
    ['an answer: it has it', arp(2, '10.15.3.10', { target: '0.0.0.0' }), 'use'],
    ['a question from it', arp(1, '10.15.3.10', { target: '10.15.3.77' }), 'use'],
  ])('%s', (_, bytes, sign) => {
    expect(about(bytes)).toEqual({ sign, hardware: hardwareFromText(THEIR) });
  });

  it.each([
    ['a probe for another address', arp(1, '0.0.0.0', { target: '10.15.3.77' })],
    ['a question for it', arp(1, '10.15.3.77')],
    ['an answer to it', arp(2, '10.15.3.77')],
    ['an answer by nobody', arp(2, '0.0.0.0')],
    ['a reverse request', arp(3, '10.15.3.10')],
    ['another protocol', arp(2, '10.15.3.10', { protocol: 0x86dd })],
    ['one cut short', arp(2, '10.15.3.10').slice(0, 27)],
  ])('%s says nothing of it', (_, bytes) => {
    expect(about(bytes)).toBeUndefined();
  });
});

function passes(filter: Uint8Array, bytes: Uint8Array, packetType: number): boolean {
  return runFilter(filter, bytes, { packetType }) >= bytes.length;
}

describe('the filter of the ARP socket', () => {
  const filter = arpFilter(prefixOf(at('10.15.3.0'), 24));
  it.each([
    ['a reply from the segment', arp(2, '10.15.3.77'), 0, true],
    ['a request from the segment', arp(1, '10.15.3.1'), 1, true],
    ['a probe for the listen IP', arp(1, '0.0.0.0'), 1, true],
    ['a probe for another address of the segment', arp(1, '0.0.0.0', { target: '10.15.3.77' }), 1, true],
    ['a probe for an address elsewhere', arp(1, '0.0.0.0', { target: '10.15.4.77' }), 1, false],
    ['a probe for nobody', arp(1, '0.0.0.0', { target: '0.0.0.0' }), 1, false],
    ['our own', arp(1, '10.15.3.10'), 4, false],
    ['our own probe', arp(1, '0.0.0.0'), 4, false],
    ['another network', arp(2, '10.15.4.77'), 0, false],
    ['another operation', arp(3, '10.15.3.77'), 0, false],
    ['another protocol', arp(2, '10.15.3.77', { protocol: 0x86dd }), 0, false],
  ])('%s', (_, bytes, packetType, expected) => {
    expect(passes(filter, bytes, packetType)).toBe(expected);
  });

  it.each([
    ['0.0.0.0', 0],
    ['128.0.0.0', 1],
    ['10.15.3.77', 32],
  ])('%s/%i is a segment too, and a probe for nobody is none of it', (network, length) => {
    const own = arpFilter(prefixOf(at(network), length));

    expect(passes(own, arp(2, network === '0.0.0.0' ? '9.9.9.9' : network), 0)).toBe(true);
    expect(passes(own, arp(1, '0.0.0.0', { target: '0.0.0.0' }), 0)).toBe(false);
  });
});
