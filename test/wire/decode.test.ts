import { describe, expect, it } from 'vitest';
import { hardwareToText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { decode, type Malformed } from '../../src/wire/decode.ts';
import type { Message } from '../../src/wire/message.ts';
import { readOption } from '../../src/wire/read-option.ts';
import {
  END_OPTION,
  ip,
  messageType,
  optionBytes,
  PAD_OPTION,
  type PacketFields,
  type PacketOption,
  packet,
  text,
  u16,
  u32,
} from '../support/packet.ts';

function decoded(bytes: Uint8Array): Message | Malformed {
  return decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
}

function message(fields: PacketFields): Message {
  const result = decoded(packet(fields));
  if (!result.ok) throw new Error(result.malformed);
  return result;
}

function withOptions(...options: PacketOption[]): Message {
  return message({ options });
}

describe('the fixed header', () => {
  it('RFC 2131 §2: every field is read from its place', () => {
    const read = message({
      op: 1,
      htype: 1,
      hlen: 6,
      hops: 3,
      xid: 0xfedcba98,
      secs: 0xffee,
      flags: 0x8001,
      ciaddr: '10.15.3.20',
      yiaddr: '192.0.2.255',
      siaddr: '255.255.255.255',
      giaddr: '10.0.0.1',
      chaddr: 'fe:54:00:ab:cd:ef',
    });

    expect([read.op, read.htype, read.hlen, read.hops]).toEqual([1, 1, 6, 3]);
    expect([read.xid, read.secs, read.flags]).toEqual([0xfedcba98, 0xffee, 0x8001]);
    expect([read.ciaddr, read.yiaddr, read.siaddr, read.giaddr].map(ipv4ToText)).toEqual([
      '10.15.3.20',
      '192.0.2.255',
      '255.255.255.255',
      '10.0.0.1',
    ]);
    expect(hardwareToText(read.hardware)).toBe('fe:54:00:ab:cd:ef');
  });

  it.each([
    ['another link layer', { htype: 32, hlen: 6 }],
    ['a shorter address', { htype: 1, hlen: 5 }],
    ['no address', { htype: 1, hlen: 0 }],
    ['sixteen bytes', { htype: 1, hlen: 16 }],
  ])('%s is no Ethernet address', (_, fields) => {
    expect(message(fields).hardware).toBe(NO_HARDWARE);
  });

  it.each([
    ['nothing at all', new Uint8Array(0), 'too-short'],
    ['a header that is cut inside the cookie', packet({ options: [] }).subarray(0, 239), 'too-short'],
    ['more than UDP carries', packet({ padTo: 65_536 }), 'too-long'],
    ['op 0', packet({ op: 0 }), 'bad-op'],
    ['op 3', packet({ op: 3 }), 'bad-op'],
    ['hlen 17', packet({ hlen: 17 }), 'bad-hlen'],
    ['hlen 255', packet({ hlen: 255 }), 'bad-hlen'],
    ['another cookie', packet({ cookie: [99, 130, 83, 98] }), 'bad-cookie'],
    ['an empty option 53', packet({ options: [[53]] }), 'bad-message-type'],
    ['an option 53 of two bytes', packet({ options: [[53, 1, 1]] }), 'bad-message-type'],
    [
      'two options 53 of which none is one byte',
      packet({
        options: [
          [53, 1, 1],
          [53, 1, 1],
        ],
      }),
      'bad-message-type',
    ],
  ])('%s is refused by name', (_, bytes, reason) => {
    expect(decoded(bytes)).toEqual({ ok: false, malformed: reason });
  });

  it('a place outside of the bytes is too short', () => {
    const bytes = packet();
    const view = new DataView(bytes.buffer);

    expect(decode(bytes, view, 1, bytes.length)).toEqual({ ok: false, malformed: 'too-short' });
    expect(decode(bytes, view, -1, bytes.length)).toEqual({ ok: false, malformed: 'too-short' });
  });
});

describe('the message type', () => {
  it.each([
    [1, 'DHCPDISCOVER'],
    [2, 'DHCPOFFER'],
    [3, 'DHCPREQUEST'],
    [4, 'DHCPDECLINE'],
    [5, 'DHCPACK'],
    [6, 'DHCPNAK'],
    [7, 'DHCPRELEASE'],
    [8, 'DHCPINFORM'],
    [0, 'unknown'],
    [9, 'unknown'],
    [255, 'unknown'],
  ])('RFC 2132 §9.6: %i is %s', (code, name) => {
    expect(withOptions([53, code]).type).toBe(name);
  });

  it('RFC 1534 §2: a message without option 53 is of a BOOTP client', () => {
    expect(withOptions([12, ...text('old')]).type).toBeUndefined();
    expect(withOptions([12, ...text('old')]).hostName).toBe('old');
  });

  it('RFC 1542 §3.5: a vendor field of zeros is a BOOTP message without options', () => {
    const read = message({
      cookie: [0, 0, 0, 0],
      options: [
        [53, 1],
        [12, 65],
      ],
    });

    expect(read.type).toBeUndefined();
    expect(read.hostName).toBeUndefined();
    expect(read.has(53)).toBe(false);
    expect(read.raw(12)).toBeUndefined();
    expect(read.codes()).toEqual([]);
    expect(read.isTruncated).toBe(false);
  });
});

describe('options', () => {
  it('each typed option is read', () => {
    const read = withOptions(
      messageType('DHCPREQUEST'),
      [50, ...ip('10.15.3.77')],
      [54, ...ip('10.15.3.10')],
      [51, ...u32(0xffffffff)],
      [57, ...u16(1500)],
      [55, 1, 3, 6, 121],
      [12, ...text('web-1')],
      [118, ...ip('192.168.7.0')],
      [61, 1, 82, 84, 0, 0, 0, 1],
      [80],
    );

    expect(read.type).toBe('DHCPREQUEST');
    expect(read.requestedAddress).toBe(0x0a0f034d);
    expect(read.serverIdentifier).toBe(0x0a0f030a);
    expect(read.leaseTime).toBe(0xffffffff);
    expect(read.maximumSize).toBe(1500);
    expect(read.parameterRequestList).toEqual(Uint8Array.of(1, 3, 6, 121));
    expect(read.hostName).toBe('web-1');
    expect(read.subnetSelection).toBe(0xc0a80700);
    expect(read.raw(61)).toEqual(Uint8Array.of(1, 82, 84, 0, 0, 0, 1));
    expect(read.has(80)).toBe(true);
    expect(read.raw(80)).toEqual(new Uint8Array(0));
    expect(read.codes()).toEqual([53, 50, 54, 51, 57, 55, 12, 118, 61, 80]);
  });

  it('one that is not there is absent', () => {
    const read = withOptions(messageType('DHCPDISCOVER'));

    expect(read.requestedAddress).toBeUndefined();
    expect(read.leaseTime).toBeUndefined();
    expect(read.hostName).toBeUndefined();
    expect(read.parameterRequestList).toBeUndefined();
    expect(read.relayAgent).toBeUndefined();
    expect(read.has(80)).toBe(false);
    expect(read.has(0)).toBe(false);
    expect(read.has(255)).toBe(false);
    expect(read.raw(200)).toBeUndefined();
  });

  it.each([
    ['requestedAddress', 50],
    ['serverIdentifier', 54],
    ['leaseTime', 51],
    ['maximumSize', 57],
    ['subnetSelection', 118],
  ] as const)('%s of a wrong length reads as absent, and what follows is read all the same', (name, code) => {
    for (const length of [0, 1, 3, 5, 8]) {
      const read = withOptions([code, ...new Array<number>(length).fill(7)], [12, 65]);

      expect(read[name]).toBeUndefined();
      expect(read.has(code)).toBe(true);
      expect(read.hostName).toBe('A');
    }
  });

  it('RFC 2132 §3.1: pads are passed over, wherever they are', () => {
    const read = withOptions(
      PAD_OPTION,
      messageType('DHCPDISCOVER'),
      PAD_OPTION,
      PAD_OPTION,
      [12, 65],
      PAD_OPTION,
    );

    expect(read.type).toBe('DHCPDISCOVER');
    expect(read.hostName).toBe('A');
  });

  it('RFC 2132 §3.2: nothing is read behind the end', () => {
    const read = withOptions(messageType('DHCPDISCOVER'), END_OPTION, [12, 65]);

    expect(read.has(12)).toBe(false);
    expect(read.isTruncated).toBe(false);
  });

  it('a message without an end is read to its last byte', () => {
    const bytes = packet({ options: [messageType('DHCPDISCOVER'), [12, 65]], end: false, padTo: 0 });

    expect(decoded(bytes)).toMatchObject({ type: 'DHCPDISCOVER', hostName: 'A', isTruncated: false });
  });

  it.each([
    ['a value that reaches beyond the message', [12, 4, 65, 66, 67]],
    ['a code without a length', [12]],
    ['a length without a value', [12, 1]],
  ])('%s ends the reading; what was before it counts', (_, tail) => {
    const whole = packet({
      options: [messageType('DHCPDISCOVER'), [50, ...ip('10.15.3.9')]],
      end: false,
      padTo: 0,
    });
    const bytes = Uint8Array.from([...whole, ...tail]);

    expect(decoded(bytes)).toMatchObject({
      type: 'DHCPDISCOVER',
      requestedAddress: 0x0a0f0309,
      hostName: undefined,
      isTruncated: true,
    });
  });

  it('RFC 3396 §7: the parts of a split option are joined, whether we keep its place or not', () => {
    const read = withOptions(
      messageType('DHCPDISCOVER'),
      [61, 1, 2],
      [43, 9],
      [12, ...text('we')],
      [61, 3],
      [43, 8, 7],
      [12, ...text('b')],
      [50, 10, 15],
      [50, 3, 20],
    );

    expect(read.raw(61)).toEqual(Uint8Array.of(1, 2, 3));
    expect(read.raw(43)).toEqual(Uint8Array.of(9, 8, 7));
    expect(read.hostName).toBe('web');
    expect(read.requestedAddress).toBe(0x0a0f0314);
  });

  it.each([
    ['requestedAddress', [50, ...ip('10.15.3.150')], [50, ...ip('10.15.3.20')], 0x0a0f0396],
    ['serverIdentifier', [54, ...ip('10.15.3.10')], [54, ...ip('10.15.3.11')], 0x0a0f030a],
    ['leaseTime', [51, ...u32(600)], [51, ...u32(0)], 600],
    ['maximumSize', [57, ...u16(1400)], [57, ...u16(576)], 1400],
    ['subnetSelection', [118, ...ip('10.16.0.0')], [118, ...ip('10.17.0.0')], 0x0a100000],
    ['type', [53, 3], [53, 1], 'DHCPREQUEST'],
  ] as const)(
    'RFC 3396 §7: %s has one length, so that of several whole values the first counts',
    (name, one, other, value) => {
      expect(withOptions(one, other)[name]).toBe(value);
      expect(withOptions(one, one, one)[name]).toBe(value);
      expect(withOptions([one[0]], one, other)[name]).toBe(value);
      expect(withOptions([one[0], ...other.slice(1), 0], one)[name]).toBe(value);
    },
  );

  it('RFC 3396 §7: an option of one length reads the same by name, by type and as octets', () => {
    const read = withOptions(
      [118, ...ip('10.16.0.0')],
      [118, ...ip('10.17.0.0')],
      [116, 1],
      [116, 0],
      [80],
      [80],
    );

    expect(read.raw(118)).toEqual(Uint8Array.from(ip('10.16.0.0')));
    expect(readOption(read, 'autoConfigure')).toBe(1);
    expect(readOption(read, 'rapidCommit')).toBe(true);
  });

  it.each([12, 43, 55, 60, 61, 77, 81, 82, 124, 200])(
    'RFC 3396 §7: option %i that is sent again with the same value is one, not one of twice the length',
    (code) => {
      const value = [0, 1, 2, 3, 4, 5, 6];

      expect(withOptions([code, ...value], [12, 65, 66], [code, ...value]).raw(code)).toEqual(
        code === 12 ? Uint8Array.from([...value, 65, 66]) : Uint8Array.from(value),
      );
      expect(withOptions([code, ...value], [code, ...value], [code, 9]).raw(code)).toEqual(
        Uint8Array.from([...value, 9]),
      );
    },
  );

  it('RFC 3396 §6: two full parts are parts of one long value, also if they are equal', () => {
    const part = new Array<number>(255).fill(7);

    expect(withOptions([61, ...part], [61, ...part]).raw(61)).toHaveLength(510);
  });

  it('a thousand parts cost no more than the parts themselves', () => {
    const parts = Array.from({ length: 1000 }, (_, index): PacketOption => [61, index & 255, index >> 8]);

    expect(withOptions(...parts).raw(61)).toHaveLength(2000);
  });
});

describe('option overload', () => {
  const fileOptions = [
    ...optionBytes([
      [12, ...text('in-file')],
      [43, 1],
      [15, 66],
    ]),
    255,
  ];
  const snameOptions = [
    ...optionBytes([
      [43, 2],
      [15, 83],
      [60, ...text('in-sname')],
    ]),
    255,
  ];

  it.each([
    [1, 'in-file', undefined, [67, 1]],
    [2, undefined, 'in-sname', [67, 2]],
    [3, 'in-file', 'in-sname', [67, 1, 2]],
  ])(
    'RFC 2132 §9.3: with %i, the file field is read before the sname field',
    (value, host, vendor, joined) => {
      const read = message({
        options: [messageType('DHCPDISCOVER'), [52, value], [43, 67]],
        file: fileOptions,
        sname: snameOptions,
      });

      expect(read.hostName).toBe(host);
      expect(read.raw(60)).toEqual(vendor === undefined ? undefined : Uint8Array.from(text(vendor)));
      expect(read.raw(43)).toEqual(Uint8Array.from(joined));
    },
  );

  it.each([
    ['0', [52, 0]],
    ['4', [52, 4]],
    ['an empty one', [52]],
    ['one of two bytes', [52, 3, 3]],
  ] as const)('%s means nothing', (_, option) => {
    const read = message({
      options: [messageType('DHCPDISCOVER'), option],
      file: fileOptions,
      sname: snameOptions,
    });

    expect(read.hostName).toBeUndefined();
    expect(read.has(60)).toBe(false);
  });

  it('RFC 2131 §4.1: an option 52 in the file field does not open the sname field', () => {
    const read = message({
      options: [[52, 1]],
      file: optionBytes([
        [52, 3],
        [12, 65],
      ]),
      sname: snameOptions,
    });

    expect(read.hostName).toBe('A');
    expect(read.has(60)).toBe(false);
  });

  it('an option does not reach out of its field, and the other fields are read all the same', () => {
    const read = message({
      options: [[52, 3]],
      file: [12, 1, 65, 60, 200],
      sname: snameOptions,
    });

    expect(read.hostName).toBe('A');
    expect(read.raw(60)).toEqual(Uint8Array.from(text('in-sname')));
    expect(read.isTruncated).toBe(true);
  });

  it('RFC 2132 §9.3: an option that repeats in an overloaded field makes no message unreadable', () => {
    const read = message({
      options: [
        [53, 3],
        [50, ...ip('10.15.3.20')],
        [61, 1, 2, 3],
        [52, 3],
        [52, 0],
      ],
      file: [
        ...optionBytes([
          [53, 1, 1, 1],
          [50, ...ip('10.15.3.99')],
          [12, 65],
        ]),
        255,
      ],
      sname: [...optionBytes([[61, 1, 2, 3]]), 53, 200],
    });

    expect(read.type).toBe('DHCPREQUEST');
    expect(read.requestedAddress).toBe(0x0a0f0314);
    expect(read.raw(61)).toEqual(Uint8Array.of(1, 2, 3));
    expect(read.hostName).toBe('A');
  });

  it('without option 52 the two fields are text', () => {
    expect(message({ file: fileOptions, sname: snameOptions }).hostName).toBeUndefined();
  });
});

describe('the host name', () => {
  it.each([
    ['trailing NULs are cut', [...text('vm-7'), 0, 0], 'vm-7'],
    [
      'what does not print becomes a question mark',
      [...text('a'), 10, 0, 127, 200, ...text('~ b')],
      'a????~ b',
    ],
    ['no bytes are no name', [], undefined],
    ['NULs alone are no name', [0, 0], undefined],
    ['255 bytes are a name', new Array<number>(255).fill(120), 'x'.repeat(255)],
  ])('%s', (_, value, name) => {
    expect(withOptions([12, ...value]).hostName).toBe(name);
  });

  it('more than 255 bytes, joined, are none', () => {
    expect(withOptions([12, ...new Array<number>(255).fill(120)], [12, 120]).hostName).toBeUndefined();
  });
});
