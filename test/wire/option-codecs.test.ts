import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4, ipv4FromText } from '../../src/net/ipv4.ts';
import { prefixOf } from '../../src/net/prefix.ts';
import { classlessRoutes } from '../../src/wire/classless-routes.ts';
import { domainNames } from '../../src/wire/domain-names.ts';
import * as codecs from '../../src/wire/option-codecs.ts';
import { hex, text as textBytes } from '../support/packet.ts';

function address(text: string) {
  return ipv4FromText(text) ?? ipv4(0);
}

const RUNS = { seed: 20_251_123, numRuns: 500 };

interface CodecCase {
  readonly name: string;
  readonly codec: codecs.Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

function codecCase<Value>(name: string, codec: codecs.Codec<Value>, values: fc.Arbitrary<Value>): CodecCase {
  return { name, codec: codec as codecs.Codec<unknown>, values };
}

const addresses = fc.nat({ max: 0xffffffff }).map(ipv4);
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const domainName = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const routes = fc.record({
  destination: fc.tuple(addresses, fc.nat({ max: 32 })).map(([network, length]) => prefixOf(network, length)),
  router: addresses,
});

const CODECS: readonly CodecCase[] = [
  codecCase('uint8', codecs.uint8, fc.nat({ max: 0xff })),
  codecCase('uint16', codecs.uint16, fc.nat({ max: 0xffff })),
  codecCase('uint32', codecs.uint32, fc.nat({ max: 0xffffffff })),
  codecCase('int32', codecs.int32, fc.integer({ min: -0x80000000, max: 0x7fffffff })),
  codecCase('seconds', codecs.seconds, fc.nat({ max: 0xffffffff })),
  codecCase('messageSize', codecs.messageSize, fc.integer({ min: 576, max: 0xffff })),
  codecCase('interfaceMtu', codecs.interfaceMtu, fc.integer({ min: 68, max: 0xffff })),
  codecCase('flag', codecs.flag, fc.boolean()),
  codecCase('presence', codecs.presence, fc.constant<true>(true)),
  codecCase('text', codecs.text, fc.stringMatching(/^[\x20-\x7e]{1,300}$/)),
  codecCase('opaque', codecs.opaque(2), fc.uint8Array({ minLength: 2, maxLength: 300 })),
  codecCase('ipv4', codecs.ipv4, addresses),
  codecCase('ipv4List', codecs.ipv4List, fc.array(addresses, { minLength: 1, maxLength: 70 })),
  codecCase(
    'ipv4PairList',
    codecs.ipv4PairList,
    fc.array(fc.tuple(addresses, addresses), { minLength: 1, maxLength: 9 }),
  ),
  codecCase('uint8List', codecs.uint8List, fc.array(fc.nat({ max: 0xff }), { minLength: 1 })),
  codecCase('uint16List', codecs.uint16List, fc.array(fc.nat({ max: 0xffff }), { minLength: 1 })),
  codecCase('classlessRoutes', classlessRoutes, fc.array(routes, { minLength: 1, maxLength: 40 })),
  codecCase('domainNames', domainNames, fc.array(domainName, { minLength: 1, maxLength: 12 })),
];

describe.each(CODECS)('$name', ({ codec, values }) => {
  it('comes back from its octets as it went', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode(value);
        expect(bytes).toBeInstanceOf(Uint8Array);
        expect(codec.decode(bytes ?? new Uint8Array(0))).toEqual(value);
      }),
      RUNS,
    );
  });

  it('comes back from its text as it went', () => {
    fc.assert(
      fc.property(values, (value) => {
        // Blanks at the ends of text are the reader's of the settings to cut.
        expect(codec.fromText(codec.toText(value))).toEqual(value);
      }),
      RUNS,
    );
  });

  it('whatever the octets, it reads a value that can be written, or says that there is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const value = codec.decode(bytes);
        if (value === undefined) return;
        const encoded = codec.encode(value);
        expect(encoded).toBeDefined();
        expect(codec.decode(encoded ?? bytes)).toEqual(value);
      }),
      RUNS,
    );
  });

  it('whatever the text, it reads a value that can be written, or says that there is none', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const value = codec.fromText(text);
        if (value !== undefined) expect(codec.encode(value)).toBeDefined();
      }),
      RUNS,
    );
  });
});

describe('octets that are no value', () => {
  it.each([
    ['ipv4', codecs.ipv4, [[], [1, 2, 3], [1, 2, 3, 4, 5]]],
    ['ipv4List', codecs.ipv4List, [[], [1, 2, 3], [1, 2, 3, 4, 5]]],
    ['ipv4PairList', codecs.ipv4PairList, [[], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]],
    ['uint8', codecs.uint8, [[], [1, 2]]],
    ['uint16', codecs.uint16, [[], [1], [1, 2, 3]]],
    [
      'uint32',
      codecs.uint32,
      [
        [1, 2, 3],
        [1, 2, 3, 4, 5],
      ],
    ],
    ['uint16List', codecs.uint16List, [[], [1], [1, 2, 3]]],
    ['messageSize under 576', codecs.messageSize, [[2, 63]]],
    ['interfaceMtu under 68', codecs.interfaceMtu, [[0, 67]]],
    ['flag', codecs.flag, [[], [2], [1, 1]]],
    ['presence', codecs.presence, [[0]]],
    ['text', codecs.text, [[], [0], [65, 10], [200]]],
    ['text with a NUL inside', codecs.text, [[65, 0, 66]]],
    ['opaque(2)', codecs.opaque(2), [[], [1]]],
  ] as const)('%s', (_, codec, cases) => {
    for (const bytes of cases) expect(codec.decode(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('RFC 2132 §2: trailing NULs of text are cut', () => {
    expect(codecs.text.decode(Uint8Array.of(65, 66, 0, 0))).toBe('AB');
  });
});

describe('values and text that are none', () => {
  it.each([
    ['uint8', codecs.uint8, [-1, 256, 1.5, Number.NaN]],
    ['uint32', codecs.uint32, [-1, 2 ** 32]],
    ['seconds', codecs.seconds, [-1, 2 ** 32]],
  ] as const)('%s refuses a number out of range', (_, codec, values) => {
    for (const value of values) expect(codec.encode(value)).toBeUndefined();
  });

  it.each([
    ['uint8', codecs.uint8, ['', ' 1', '256', '1.5', '0x10']],
    ['seconds', codecs.seconds, ['', 'h', '-1', '1w', '50000d', '1.5h']],
    ['flag', codecs.flag, ['', 'yes', '1']],
    ['ipv4', codecs.ipv4, ['', '10.15.3', '10.15.3.256', '010.1.1.1']],
    ['ipv4List', codecs.ipv4List, ['', '10.15.3.1,', '10.15.3.1 10.15.3.2']],
    ['ipv4PairList', codecs.ipv4PairList, ['10.0.0.0', '10.0.0.0 10.15.3.1 10.15.3.2']],
    ['opaque', codecs.opaque(0), ['1', 'xx', '01:2', '01::02', ':']],
    ['text', codecs.text, ['', 'é', 'a\nb']],
    ['classlessRoutes', classlessRoutes, ['', '10.0.0.0/33 10.15.3.1', '10.0.0.0/8', '10.0.0.1/8 10.15.3.1']],
    ['domainNames', domainNames, ['', 'a..b', '-a.b', 'a.b,', `${'x'.repeat(64)}.com`, 'é.com']],
  ] as const)('%s refuses text that it cannot read', (_, codec, texts) => {
    for (const text of texts) expect(codec.fromText(text)).toBeUndefined();
  });

  it.each([
    ['3600', 3600],
    ['45s', 45],
    ['90m', 5400],
    ['12h', 43_200],
    ['7d', 604_800],
    ['infinite', 0xffffffff],
  ])('seconds reads %s', (text, value) => {
    expect(codecs.seconds.fromText(text)).toBe(value);
  });

  it('opaque reads hexadecimal pairs with and without colons', () => {
    expect(codecs.opaque(0).fromText('01:ab:FF')).toEqual(Uint8Array.of(1, 0xab, 0xff));
    expect(codecs.opaque(0).fromText('01abff')).toEqual(Uint8Array.of(1, 0xab, 0xff));
    expect(codecs.opaque(0).fromText('')).toEqual(new Uint8Array(0));
  });
});

describe('classless routes', () => {
  // The table of examples in RFC 3442.
  it.each([
    ['0.0.0.0/0 10.15.3.1', '00 0a0f0301'],
    ['10.0.0.0/8 10.15.3.1', '08 0a 0a0f0301'],
    ['10.0.0.0/24 10.15.3.1', '18 0a0000 0a0f0301'],
    ['10.17.0.0/16 10.15.3.1', '10 0a11 0a0f0301'],
    ['10.27.129.0/24 10.15.3.1', '18 0a1b81 0a0f0301'],
    ['10.229.0.128/25 10.15.3.1', '19 0ae50080 0a0f0301'],
    ['10.198.122.47/32 10.15.3.1', '20 0ac67a2f 0a0f0301'],
  ])('RFC 3442: %s has as many octets as its prefix needs', (text, octets) => {
    const routes = classlessRoutes.fromText(text) ?? [];

    expect(classlessRoutes.encode(routes)).toEqual(hex(octets));
    expect(classlessRoutes.toText(classlessRoutes.decode(hex(octets)) ?? [])).toBe(text);
  });

  it("RFC 3442: bits beyond the prefix are not the destination's", () => {
    expect(classlessRoutes.decode(hex('09 0aff 0a0f0301'))).toEqual([
      { destination: prefixOf(address('10.128.0.0'), 9), router: address('10.15.3.1') },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['a prefix of 33', '21 0a000000 00 0a0f0301'],
    ['a route that is cut', '08 0a 0a0f03'],
    ['a second route that is cut', '00 0a0f0301 18 0a00'],
  ])('%s is refused', (_, octets) => {
    expect(classlessRoutes.decode(hex(octets))).toBeUndefined();
  });
});

describe('domain names', () => {
  it('RFC 3397 §3: the search list of the example, with its pointer', () => {
    // 3 e n g 5 a p p l e 3 c o m 0 9 m a r k e t i n g 0xC0 0x04
    const example = hex('03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004');

    expect(domainNames.decode(example)).toEqual(['eng.apple.com', 'marketing.apple.com']);
    expect(domainNames.encode(['eng.apple.com', 'marketing.apple.com'])).toEqual(example);
  });

  it('RFC 1035 §4.1.4: names differ not by case, and a repeated one is only a pointer', () => {
    const bytes = domainNames.encode(['vps.local', 'VPS.Local']);

    expect(bytes).toEqual(Uint8Array.from([3, ...textBytes('vps'), 5, ...textBytes('local'), 0, 0xc0, 0]));
  });

  it('a trailing dot of the text is the root', () => {
    expect(domainNames.fromText('vps.local., example.org')).toEqual(['vps.local', 'example.org']);
  });

  it.each([
    ['nothing', ''],
    ['a pointer to itself', 'c000'],
    ['a pointer forward', '0161c004 016200'],
    ['two pointers in a circle', '0161 c004 0162 c000'],
    ['a pointer beyond the octets', '0161 c0ff'],
    ['half a pointer', '0161 c0'],
    ['a label that is cut', '0561 6263'],
    ['a name without an end', '0161'],
    ['a reserved kind of label', '4161 00'],
    ['the root alone', '00'],
    ['a blank in a label', '03612062 00'],
    ['a dot in a label', '03612e2e 00'],
  ])('%s is refused', (_, octets) => {
    expect(domainNames.decode(hex(octets))).toBeUndefined();
  });

  it('RFC 1035 §2.3.4: a name of more than 255 octets is refused, however it is put together', () => {
    const long = [63, ...new Array<number>(63).fill(97)];
    const chain = Uint8Array.from([...long, ...long, ...long, ...long, 0]);

    expect(domainNames.decode(chain)).toBeUndefined();
    expect(domainNames.encode([new Array(4).fill('a'.repeat(63)).join('.')])).toBeUndefined();
  });
});
