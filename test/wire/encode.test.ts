import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { decode } from '../../src/wire/decode.ts';
import { encode } from '../../src/wire/encode.ts';
import type { Message } from '../../src/wire/message.ts';
import type { OptionBlock, Reply } from '../../src/wire/reply.ts';
import { disagreements } from '../support/independent-decoder.ts';
import {
  ip,
  messageType,
  type PacketFields,
  type PacketOption,
  packet,
  text,
  u16,
  u32,
} from '../support/packet.ts';

const YIADDR = ipv4(0x0a0f0314);
const DIRTY = 0xa5;

function message(bytes: Uint8Array): Message {
  const result = decode(
    bytes,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    0,
    bytes.length,
  );
  if (!result.ok) throw new Error(result.malformed);
  return result;
}

function request(fields: PacketFields = {}): Message {
  return message(packet({ options: [messageType('DHCPREQUEST')], ...fields }));
}

function reply(fields: Partial<Reply> = {}): Reply {
  return {
    type: 'DHCPACK',
    request: request(),
    ciaddr: UNSPECIFIED,
    yiaddr: YIADDR,
    siaddr: UNSPECIFIED,
    bootFile: undefined,
    setsBroadcastBit: false,
    options: [],
    relayAgentInformation: undefined,
    maximumSize: 1472,
    mayOverload: true,
    ...fields,
  };
}

interface Encoded {
  readonly bytes: Uint8Array;
  readonly omitted: readonly number[];
}

/** Encodes into dirty memory between canaries, checks that nothing else was touched, and returns the message's bytes. */
function encoded(subject: Reply, maximum = 1472, offset = 67): Encoded {
  const bytes = new Uint8Array(2048).fill(DIRTY);
  const omitted: number[] = [];
  const length = encode(subject, bytes, new DataView(bytes.buffer), offset, maximum, (code) =>
    omitted.push(code),
  );
  expect(bytes.subarray(0, offset).every((byte) => byte === DIRTY)).toBe(true);
  expect(bytes.subarray(offset + length).every((byte) => byte === DIRTY)).toBe(true);
  expect(length).toBeGreaterThanOrEqual(300);
  expect(length).toBeLessThanOrEqual(Math.max(300, Math.min(subject.maximumSize, maximum)));
  return { bytes: bytes.slice(offset, offset + length), omitted };
}

function block(code: number, length: number): OptionBlock {
  return { code, value: Uint8Array.from({ length }, (_, index) => (index * 7 + code) % 256) };
}

const ADDRESSES: readonly OptionBlock[] = [
  { code: 54, value: ipv4(0x0a0f030a) },
  { code: 51, value: 43_200 },
  { code: 58, value: 21_600 },
  { code: 59, value: 37_800 },
  { code: 1, value: 0xffffff00 },
  { code: 28, value: 0x0a0f03ff },
  { code: 3, value: Uint8Array.from(ip('10.15.3.1')) },
  { code: 6, value: Uint8Array.from([...ip('1.1.1.1'), ...ip('1.0.0.1')]) },
  { code: 15, value: Uint8Array.from(text('vps.local')) },
  { code: 26, value: Uint8Array.from(u16(1450)) },
];

const ADDRESS_BYTES: readonly PacketOption[] = [
  [54, ...ip('10.15.3.10')],
  [51, ...u32(43_200)],
  [58, ...u32(21_600)],
  [59, ...u32(37_800)],
  [1, ...ip('255.255.255.0')],
  [28, ...ip('10.15.3.255')],
  [3, ...ip('10.15.3.1')],
  [6, ...ip('1.1.1.1'), ...ip('1.0.0.1')],
  [15, ...text('vps.local')],
  [26, ...u16(1450)],
];

describe('a reply that fits', () => {
  it.each([
    ['DHCPOFFER', 2],
    ['DHCPACK', 5],
    ['DHCPNAK', 6],
  ] as const)('RFC 2132 §9.6: a %s begins with option 53 and keeps the order of the others', (type, code) => {
    const { bytes, omitted } = encoded(reply({ type, options: ADDRESSES }));

    expect(bytes).toEqual(packet({ op: 2, yiaddr: '10.15.3.20', options: [[53, code], ...ADDRESS_BYTES] }));
    expect(omitted).toEqual([]);
    expect(disagreements(bytes)).toEqual([]);
  });

  it('RFC 1534 §2: a reply to a BOOTP client has no option 53', () => {
    const { bytes } = encoded(reply({ type: 'BOOTREPLY', options: [{ code: 1, value: 0xffffff00 }] }));

    expect(bytes).toEqual(packet({ op: 2, yiaddr: '10.15.3.20', options: [[1, ...ip('255.255.255.0')]] }));
  });

  it("RFC 2131 §4.3.1, table 3: htype, hlen, xid, flags, giaddr and chaddr are the request's; hops and secs are 0", () => {
    const from: PacketFields = {
      htype: 32,
      hlen: 8,
      xid: 0xfffefdfc,
      flags: 0x8000,
      giaddr: '10.99.0.1',
      chaddr: '00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff',
    };
    const subject = reply({
      request: request({
        ...from,
        hops: 4,
        secs: 900,
        ciaddr: '10.15.3.9',
        yiaddr: '1.2.3.4',
        siaddr: '4.3.2.1',
      }),
      ciaddr: ipv4(0x0a0f0315),
      siaddr: ipv4(0x0a0f0302),
    });

    const { bytes } = encoded(subject);

    expect(bytes).toEqual(
      packet({
        ...from,
        op: 2,
        ciaddr: '10.15.3.21',
        yiaddr: '10.15.3.20',
        siaddr: '10.15.3.2',
        options: [messageType('DHCPACK')],
      }),
    );
  });

  it('RFC 2131 §4.3.2: the broadcast bit is set when the reply says so, and the other flags stay', () => {
    const subject = reply({ type: 'DHCPNAK', request: request({ flags: 0x0001 }), setsBroadcastBit: true });

    const { bytes } = encoded(subject);

    expect(bytes).toEqual(
      packet({ op: 2, flags: 0x8001, yiaddr: '10.15.3.20', options: [messageType('DHCPNAK')] }),
    );
  });

  it('RFC 3046 §2.2: the relay agent information is the last option, unchanged', () => {
    const information = Uint8Array.from([1, 2, 65, 66, 9, 200, 1]);
    const { bytes } = encoded(reply({ options: ADDRESSES, relayAgentInformation: information }));

    expect(bytes).toEqual(
      packet({
        op: 2,
        yiaddr: '10.15.3.20',
        options: [messageType('DHCPACK'), ...ADDRESS_BYTES, [82, ...information]],
      }),
    );
    expect(disagreements(bytes)).toEqual([]);
  });

  it('RFC 3396 §6: a value of more than 255 octets is split in the order of its octets', () => {
    const long = block(121, 600);
    const { bytes } = encoded(reply({ options: [long, { code: 51, value: 60 }] }));
    const value = [...(long.value as Uint8Array)];

    expect(bytes).toEqual(
      packet({
        op: 2,
        yiaddr: '10.15.3.20',
        options: [
          messageType('DHCPACK'),
          [121, ...value.slice(0, 255)],
          [121, ...value.slice(255, 510)],
          [121, ...value.slice(510)],
          [51, ...u32(60)],
        ],
      }),
    );
    expect(message(bytes).raw(121)).toEqual(long.value);
  });

  it.each([0, 1, 254, 255, 256, 510, 511])('an option of %i octets comes back whole', (length) => {
    const { bytes } = encoded(reply({ options: [block(43, length), { code: 51, value: 7 }] }));

    expect(message(bytes).raw(43)).toEqual(block(43, length).value);
    expect(message(bytes).leaseTime).toBe(7);
  });

  it('numbers are written as four octets, up to the largest', () => {
    const { bytes } = encoded(
      reply({
        options: [
          { code: 51, value: 0xffffffff },
          { code: 1, value: 0x80000001 },
        ],
      }),
    );

    expect(message(bytes).leaseTime).toBe(0xffffffff);
    expect(message(bytes).raw(1)).toEqual(Uint8Array.of(128, 0, 0, 1));
  });

  it('the last octet of the limit is used before anything is left out', () => {
    // 240, 53 (3), END (1) and the code and length of each part.
    const exact = reply({ options: [block(43, 548 - 244 - 4)], maximumSize: 548, mayOverload: false });
    const one = reply({ options: [block(43, 548 - 244 - 3)], maximumSize: 548, mayOverload: false });

    expect(encoded(exact)).toMatchObject({ omitted: [], bytes: { length: 548 } });
    expect(encoded(one)).toMatchObject({ omitted: [43], bytes: { length: 300 } });
  });
});

describe('a reply that does not fit', () => {
  const LIMIT = 548;

  function fieldsOf(bytes: Uint8Array): { options: number[]; file: number[]; sname: number[] } {
    return {
      options: codesOf(bytes.subarray(240)),
      file: codesOf(bytes.subarray(108, 236)),
      sname: codesOf(bytes.subarray(44, 108)),
    };
  }

  /** The codes of a field up to its END; the test's own walk. */
  function codesOf(field: Uint8Array): number[] {
    const codes: number[] = [];
    let at = 0;
    while (field[at] !== 255 && field[at] !== 0) {
      codes.push(field[at] ?? 0);
      at += 2 + (field[at + 1] ?? 0);
      if (at >= field.length) throw new Error('a field without an end');
    }
    return codes;
  }

  it('RFC 2132 §9.3: goes on in file, then in sname, and each field has its end', () => {
    const options = [...ADDRESSES, block(43, 200), block(77, 100), block(60, 50)];
    const { bytes, omitted } = encoded(reply({ options, maximumSize: LIMIT }));

    expect(omitted).toEqual([]);
    expect(fieldsOf(bytes)).toEqual({
      options: [53, 52, 54, 51, 58, 59, 1, 28, 3, 6, 15, 26, 43],
      file: [77],
      sname: [60],
    });
    expect(bytes.subarray(240, 246)).toEqual(Uint8Array.of(53, 1, 5, 52, 1, 3));
    expect(disagreements(bytes)).toEqual([]);
    for (const option of options.slice(-3)) expect(message(bytes).raw(option.code)).toEqual(option.value);
  });

  it.each([
    ['file alone', 1, [block(43, 250), block(77, 100)], [77], []],
    ['both, when the first is full', 3, [block(43, 250), block(77, 100), block(60, 50)], [77], [60]],
  ])('RFC 2132 §9.3: option 52 names %s', (_, value, options, file, sname) => {
    const { bytes } = encoded(reply({ options, maximumSize: LIMIT }));

    expect(message(bytes).raw(52)).toEqual(Uint8Array.of(value));
    expect(fieldsOf(bytes)).toMatchObject({ file, sname });
  });

  it('a field that is not used stays zero', () => {
    const { bytes } = encoded(reply({ options: [block(43, 250), block(77, 100)], maximumSize: LIMIT }));

    expect(bytes.subarray(44, 108).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(108 + 103, 236).every((byte) => byte === 0)).toBe(true);
  });

  it('RFC 3396 §5: a value of more than 255 octets may go on in the next field, and is joined in order', () => {
    const long = block(121, 400);
    const { bytes, omitted } = encoded(reply({ options: [...ADDRESSES, long], maximumSize: LIMIT }));

    expect(omitted).toEqual([]);
    expect(fieldsOf(bytes).file).toEqual([121]);
    expect(message(bytes).raw(121)).toEqual(long.value);
  });

  it('RFC 3396 §4: a shorter one is never split, but left out', () => {
    const options = [...ADDRESSES, block(43, 200), block(77, 128)];
    const { bytes, omitted } = encoded(reply({ options, maximumSize: LIMIT }));

    expect(omitted).toEqual([77]);
    expect(message(bytes).has(77)).toBe(false);
    expect(message(bytes).has(52)).toBe(false);
  });

  it('the last ones are left out first, and named', () => {
    const options = [
      block(43, 100),
      block(77, 100),
      block(60, 100),
      block(66, 100),
      block(67, 40),
      block(17, 70),
    ];
    const { bytes, omitted } = encoded(reply({ options, maximumSize: LIMIT, mayOverload: false }));

    expect(omitted).toEqual([60, 66, 17]);
    expect(message(bytes).codes()).toEqual([53, 43, 77, 67]);
  });

  it('RFC 2131 §4.3.2: a DHCPNAK uses neither field', () => {
    const options = [{ code: 54, value: 1 }, block(56, 255), block(43, 200)];
    const { bytes, omitted } = encoded(
      reply({ type: 'DHCPNAK', options, maximumSize: LIMIT, mayOverload: false }),
    );

    expect(omitted).toEqual([43]);
    expect(message(bytes).has(52)).toBe(false);
    expect(bytes.subarray(44, 236).every((byte) => byte === 0)).toBe(true);
  });

  it('RFC 6842 §3: the server identifier, the lease time and the client identifier stay, wherever they stand', () => {
    const options = [
      block(43, 250),
      block(77, 120),
      block(61, 60),
      { code: 51, value: 60 },
      { code: 54, value: 1 },
    ];
    const { bytes, omitted } = encoded(reply({ options, maximumSize: LIMIT, mayOverload: false }));

    expect(omitted).toEqual([43]);
    expect(message(bytes).codes()).toEqual([53, 77, 61, 51, 54]);
  });

  it('RFC 2131 §4.3.1: lease times, mask, router, routes, DNS servers and MTU get room before what stands in front of them', () => {
    const options = [
      block(119, 250),
      block(42, 250),
      block(43, 100),
      ...[54, 51, 58, 59, 1, 3, 6, 26].map((code) => block(code, 4)),
      block(121, 180),
    ];
    const { bytes, omitted } = encoded(reply({ options, maximumSize: LIMIT }));

    expect(omitted).toEqual([119, 42]);
    expect(message(bytes).codes().sort()).toEqual([53, 52, 43, 54, 51, 58, 59, 1, 3, 6, 26, 121].sort());
  });

  it('RFC 3046 §2.2: the relay agent information is kept before other options, in the options field, as the last one', () => {
    const information = block(82, 200).value as Uint8Array;
    const subject = reply({
      options: [{ code: 54, value: 1 }, block(43, 250), block(77, 60)],
      relayAgentInformation: information,
      maximumSize: LIMIT,
    });

    const { bytes, omitted } = encoded(subject);

    expect(omitted).toEqual([43]);
    expect(fieldsOf(bytes)).toEqual({ options: [53, 54, 77, 82], file: [], sname: [] });
    expect(message(bytes).raw(82)).toEqual(information);
  });

  it('RFC 3046 §2.2: relay agent information without room is left out whole, and named', () => {
    const subject = reply({
      options: [{ code: 54, value: 1 }, block(61, 255)],
      relayAgentInformation: block(82, 255).value as Uint8Array,
      maximumSize: LIMIT,
    });

    const { bytes, omitted } = encoded(subject);

    expect(omitted).toEqual([82]);
    expect(message(bytes).raw(61)).toEqual(block(61, 255).value);
    expect(message(bytes).has(82)).toBe(false);
  });

  it.each([0, 299, 300])('a limit of %i is one of 300, the shortest message there is', (maximumSize) => {
    const { bytes, omitted } = encoded(reply({ options: [...ADDRESSES, block(43, 100)], maximumSize }));

    expect(bytes).toHaveLength(300);
    expect(message(bytes).raw(43)).toEqual(block(43, 100).value);
    expect(omitted).toEqual([]);
  });

  it("the link's maximum counts as much as the client's", () => {
    const { bytes } = encoded(reply({ options: [block(43, 1000)], mayOverload: false }), 1200);

    expect(bytes).toHaveLength(300);
  });

  it('an option that is listed twice takes its room twice', () => {
    const twice = block(43, 151);
    const { omitted } = encoded(reply({ options: [twice, twice], maximumSize: LIMIT, mayOverload: false }));

    expect(omitted).toEqual([43]);
  });
});

describe('where it is written', () => {
  it('too little room is a mistake of ours, and throws', () => {
    const bytes = new Uint8Array(310);

    expect(() => encode(reply(), bytes, new DataView(bytes.buffer), 11, 1472)).toThrow(RangeError);
    expect(encode(reply(), bytes, new DataView(bytes.buffer), 10, 1472)).toBe(300);
  });

  it('never more than the memory holds', () => {
    const bytes = new Uint8Array(400);
    const omitted: number[] = [];
    const subject = reply({ options: [block(43, 200), block(60, 10)], mayOverload: false });

    const length = encode(subject, bytes, new DataView(bytes.buffer), 50, 1472, (code) => omitted.push(code));

    expect(omitted).toEqual([43]);
    expect(length).toBe(300);
  });

  it('every address is written, the highest too', () => {
    const highest = ipv4(0xffffffff) satisfies Ipv4;
    const { bytes } = encoded(reply({ yiaddr: highest, ciaddr: highest, siaddr: highest }));

    expect(bytes.subarray(12, 24).every((byte) => byte === 255)).toBe(true);
  });
});
