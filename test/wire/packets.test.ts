import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { encode } from '../../src/wire/encode.ts';
import type { Message } from '../../src/wire/message.ts';
import type { Reply, ReplyType } from '../../src/wire/reply.ts';
import { disagreements } from '../support/independent-decoder.ts';
import { hex } from '../support/packet.ts';
import { decoded, decodedMessage, readingOf } from '../support/reading.ts';

const FOLDER = new URL('../fixtures/packets/', import.meta.url);

function fixture(name: string): Uint8Array {
  return hex(readFileSync(new URL(`${name}.hex`, FOLDER), 'utf8'));
}

const ETHERNET_1 = '52:54:00:00:00:01';
const ETHERNET_2 = '52:54:00:00:00:02';
const DUID_3 = 'IAID 00000003 DUID-LLT 00:01:00:01:32:97:65:d6:52:54:00:00:00:03';
const DUID_4 = 'IAID 00000004 DUID-LLT 00:01:00:01:32:97:65:dd:52:54:00:00:00:04';
const SERVER = ipv4(0x0a0f030a);
const GUEST_1 = ipv4(0x0a0f03e6);
const GUEST_2 = ipv4(0x0a0f03e7);
const GUEST_3 = ipv4(0x0a0f03e8);
const FQDN = { name: 'vm-2.vps.local', isComplete: true, serverUpdates: true };

/** What each packet says, read by eye and by tcpdump. */
const PACKETS: Readonly<Record<string, object>> = {
  'udhcpc-discover': {
    type: 'DHCPDISCOVER',
    xid: 0x96f1d73c,
    hardware: ETHERNET_1,
    hostName: 'vm-1',
    maximumSize: 576,
    parameterRequestList: '1 3 6 12 15 28 42 121',
    clientIdentifier: ETHERNET_1,
    codes: [53, 57, 55, 12, 60, 61],
  },
  'udhcpc-request-selecting': {
    type: 'DHCPREQUEST',
    ciaddr: '0.0.0.0',
    requestedAddress: GUEST_1,
    serverIdentifier: SERVER,
    hostName: 'vm-1',
  },
  'udhcpc-request-renewing': {
    type: 'DHCPREQUEST',
    ciaddr: '10.15.3.230',
    requestedAddress: undefined,
    serverIdentifier: undefined,
  },
  'udhcpc-release': {
    type: 'DHCPRELEASE',
    secs: 1,
    ciaddr: '10.15.3.230',
    serverIdentifier: SERVER,
    clientIdentifier: ETHERNET_1,
    parameterRequestList: 'none',
  },
  'dhclient-discover': {
    type: 'DHCPDISCOVER',
    hardware: ETHERNET_2,
    hostName: 'vm-2',
    clientIdentifier: ETHERNET_2,
    parameterRequestList: '1 28 2 3 15 6 119 12 26 121 42',
    fqdn: FQDN,
  },
  'dhclient-request-selecting': {
    type: 'DHCPREQUEST',
    requestedAddress: GUEST_2,
    serverIdentifier: SERVER,
    fqdn: FQDN,
  },
  'dhclient-request-init-reboot': {
    type: 'DHCPREQUEST',
    ciaddr: '0.0.0.0',
    requestedAddress: GUEST_2,
    serverIdentifier: undefined,
  },
  'dhclient-release': { type: 'DHCPRELEASE', ciaddr: '10.15.3.231', serverIdentifier: SERVER },
  'dhcpcd-discover': {
    type: 'DHCPDISCOVER',
    hostName: 'vm-3',
    maximumSize: 1472,
    rapidCommit: true,
    clientIdentifier: DUID_3,
    parameterRequestList: '1 121 3 6 12 15 26 28 33 51 54 58 59 119',
  },
  'dhcpcd-request-selecting': {
    type: 'DHCPREQUEST',
    requestedAddress: GUEST_3,
    serverIdentifier: SERVER,
    clientIdentifier: DUID_3,
  },
  'dhcpcd-release': { type: 'DHCPRELEASE', ciaddr: '10.15.3.232', clientIdentifier: DUID_3 },
  'dhcpcd-inform': { type: 'DHCPINFORM', ciaddr: '10.15.3.250', clientIdentifier: DUID_4 },
  'dnsmasq-offer-to-udhcpc': {
    op: 2,
    type: 'DHCPOFFER',
    yiaddr: '10.15.3.230',
    siaddr: '10.15.3.10',
    leaseTime: 43_200,
    serverIdentifier: SERVER,
    codes: [53, 54, 51, 58, 59, 1, 28, 15, 6, 3],
  },
  'dnsmasq-offer-to-dhclient': { op: 2, type: 'DHCPOFFER', yiaddr: '10.15.3.231', fqdn: FQDN },
  'dnsmasq-ack-to-dhclient': { op: 2, type: 'DHCPACK', yiaddr: '10.15.3.231', hostName: 'vm-2' },
  'dnsmasq-ack-to-inform': {
    op: 2,
    type: 'DHCPACK',
    ciaddr: '10.15.3.250',
    yiaddr: '0.0.0.0',
    leaseTime: undefined,
  },
  'made-relayed-discover': {
    type: 'DHCPDISCOVER',
    hops: 1,
    secs: 4,
    flags: 0x8000,
    giaddr: '10.99.0.1',
    relayAgent: {
      circuitId: '101 116 104 48 46 55',
      remoteId: '1 2 3 4',
      linkSelection: 0xc0a80700,
      serverIdentifierOverride: 0x0a630001,
    },
  },
  'made-overloaded-discover': {
    type: 'DHCPDISCOVER',
    hostName: 'vm-8',
    parameterRequestList: '1 3 6 15 26',
    codes: [53, 52, 55, 55, 12, 55],
  },
  'made-bootp-request': { op: 1, type: undefined, secs: 9, codes: [], isTruncated: false },
  'made-truncated-option': { type: 'DHCPREQUEST', requestedAddress: 0x0a0f032c, isTruncated: true },
};

const REPLY_TYPES: readonly string[] = ['DHCPOFFER', 'DHCPACK', 'DHCPNAK'] satisfies ReplyType[];

/** What our encoder makes of a message of its own kind: every option in its order. */
function replyAsRead(message: Message): Reply {
  return {
    type: message.type as ReplyType,
    request: message,
    ciaddr: message.ciaddr,
    yiaddr: message.yiaddr,
    siaddr: message.siaddr,
    bootFile: undefined,
    setsBroadcastBit: false,
    options: message
      .codes()
      .filter((code) => code !== 53)
      .map((code) => ({ code, value: message.raw(code) ?? new Uint8Array(0) })),
    relayAgentInformation: undefined,
    maximumSize: 1472,
    mayOverload: false,
  };
}

/** A DHCPACK to a request, with what any answer echoes. */
function answerTo(request: Message): Reply {
  const identifier = request.raw(61);
  return {
    type: 'DHCPACK',
    request,
    ciaddr: request.ciaddr,
    yiaddr: GUEST_1,
    siaddr: UNSPECIFIED,
    bootFile: undefined,
    setsBroadcastBit: false,
    options: [
      { code: 54, value: SERVER },
      { code: 51, value: 43_200 },
      ...(identifier === undefined ? [] : [{ code: 61, value: identifier }]),
    ],
    relayAgentInformation: request.raw(82),
    maximumSize: 548,
    mayOverload: true,
  };
}

function encoded(reply: Reply): Uint8Array {
  const bytes = new Uint8Array(1500).fill(0xa5);
  return bytes.slice(0, encode(reply, bytes, new DataView(bytes.buffer), 0, 1472));
}

describe('captured packets', () => {
  it('every one of them is in the table, and says what it is', () => {
    const files = readdirSync(FOLDER).sort();

    expect(files).toEqual(
      Object.keys(PACKETS)
        .sort()
        .map((name) => `${name}.hex`),
    );
    for (const file of files) {
      const [first = ''] = readFileSync(new URL(file, FOLDER), 'utf8').split('\n');
      expect(first).toMatch(/^# (made by hand|.*\d, captured \d{4}-\d{2}-\d{2}); \S/);
    }
  });

  it.each(Object.entries(PACKETS))('%s is read', (name, expected) => {
    expect(readingOf(decodedMessage(fixture(name)))).toMatchObject(expected);
  });

  it.each(Object.keys(PACKETS))('%s is read the same at an odd offset among other bytes', (name) => {
    const bytes = fixture(name);
    const expected = readingOf(decodedMessage(bytes));

    for (const noise of [0x00, 0xff, 0x35]) {
      const larger = new Uint8Array(bytes.length + 513).fill(noise);
      larger.set(bytes, 257);
      const result = decoded(larger, 257, bytes.length);
      expect(result.ok && readingOf(result)).toEqual(expected);
    }
  });

  it.each(Object.keys(PACKETS))('%s, cut at every length, is read or refused', (name) => {
    const bytes = fixture(name);

    for (let length = 0; length < bytes.length; length += 1) {
      // An array of exactly that length: a read beyond it would throw.
      const result = decoded(bytes.slice(0, length));
      if (length < 240) expect(result).toEqual({ ok: false, malformed: 'too-short' });
      if (result.ok) expect(readingOf(result).xid).toBe(decodedMessage(bytes).xid);
    }
  });

  it.each(Object.keys(PACKETS))('%s is answered with its own xid, chaddr, giaddr and echoes', (name) => {
    const request = decodedMessage(fixture(name));
    const bytes = encoded(answerTo(request));
    const answer = decodedMessage(bytes);

    expect(bytes.subarray(28, 44)).toEqual(fixture(name).subarray(28, 44));
    expect(answer).toMatchObject({
      op: 2,
      type: 'DHCPACK',
      xid: request.xid,
      flags: request.flags,
      giaddr: request.giaddr,
      hardware: request.hardware,
      secs: 0,
      hops: 0,
    });
    expect(answer.raw(61)).toEqual(request.raw(61));
    expect(answer.raw(82)).toEqual(request.raw(82));
    expect(disagreements(bytes)).toEqual([]);
  });

  it.each(Object.keys(PACKETS).filter((name) => name.startsWith('dnsmasq')))(
    "%s, another server's reply, is written by us octet by octet, but for sname and file",
    (name) => {
      const captured = fixture(name);
      const bytes = encoded(replyAsRead(decodedMessage(captured)));

      expect(REPLY_TYPES).toContain(decodedMessage(captured).type);
      expect(bytes.subarray(0, 44)).toEqual(captured.subarray(0, 44));
      expect(bytes.subarray(236)).toEqual(captured.subarray(236));
      expect(disagreements(captured)).toEqual([]);
    },
  );
});
