import { type Ipv4, ipv4FromText, ipv4ToText, ipv4 as toIpv4 } from '../net/ipv4.ts';

/**
 * One type of option value. Each of the four functions returns undefined for an input that is not of the type: a wrong
 * length, a number out of range, text that cannot be read. Text is the form in the configuration and for people.
 */
export interface Codec<Value> {
  /** What a value is, for people: `addresses`. */
  readonly type: string;
  /** A value as it is written. */
  readonly example: string;
  /** Octets of every value; undefined: values differ in length. */
  readonly size?: number;
  decode(bytes: Uint8Array): Value | undefined;
  encode(value: Value): Uint8Array | undefined;
  fromText(text: string): Value | undefined;
  toText(value: Value): string;
}

/** Octets as they are, at least `minimum`. Text: hexadecimal pairs, with or without colons. */
export function opaque(minimum: number): Codec<Uint8Array> {
  const checked = (bytes: Uint8Array) => (bytes.length >= minimum ? bytes : undefined);
  return {
    type: 'octets',
    example: `0a:0f:03:02${':00'.repeat(Math.max(0, minimum - 4))}`,
    decode: checked,
    encode: checked,
    fromText: (text) => {
      if (!/^([0-9a-f]{2}(:?[0-9a-f]{2})*)?$/i.test(text)) return undefined;
      return checked(Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16)));
    },
    toText: (value) => hexText(value),
  };
}

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** A whole number of one, two or four octets, between the two limits. */
function integer(size: 1 | 2 | 4, minimum: number, maximum: number): Codec<number> {
  const isIn = (value: number) => Number.isInteger(value) && value >= minimum && value <= maximum;
  return {
    type: `number from ${minimum} to ${maximum}`,
    example: String(Math.max(minimum, Math.min(maximum, 64))),
    size,
    decode: (bytes) => {
      if (bytes.length !== size) return undefined;
      let value = 0;
      for (const byte of bytes) value = value * 256 + byte;
      if (minimum < 0) value |= 0;
      return isIn(value) ? value : undefined;
    },
    encode: (value) => {
      if (!isIn(value)) return undefined;
      return Uint8Array.from({ length: size }, (_, index) => value >>> (8 * (size - 1 - index)));
    },
    fromText: (text) => (/^-?\d+$/.test(text) && isIn(Number(text)) ? Number(text) : undefined),
    toText: String,
  };
}

export const uint8 = integer(1, 0, 0xff);
export const uint16 = integer(2, 0, 0xffff);
export const uint32 = integer(4, 0, 0xffffffff);
export const int32 = integer(4, -0x8000_0000, 0x7fff_ffff);

/** RFC 2132 §9.10: never less than 576. RFC 2132 §5.1: never less than 68. */
export const messageSize = integer(2, 576, 0xffff);
export const interfaceMtu = integer(2, 68, 0xffff);

/** RFC 2131 §3.3: seconds; all ones stand for no end. */
const ALL_ONES = 0xffffffff;
const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds as four octets. Text: `3600`, `90m`, `12h`, `7d`, `infinite`. */
export const seconds: Codec<number> = {
  type: 'duration',
  example: '12h',
  size: 4,
  decode: uint32.decode,
  encode: uint32.encode,
  fromText: (text) => {
    if (text === 'infinite') return ALL_ONES;
    const [, count, unit] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
    return uint32.fromText(String(Number(count) * (SECONDS_PER_UNIT[unit ?? ''] ?? Number.NaN)));
  },
  toText: (value) => (value === ALL_ONES ? 'infinite' : String(value)),
};

/** One octet, 0 or 1. */
export const flag: Codec<boolean> = {
  type: 'true or false',
  example: 'true',
  size: 1,
  decode: ([value, ...rest]) => (rest.length === 0 && (value === 0 || value === 1) ? value === 1 : undefined),
  encode: (value) => Uint8Array.of(value ? 1 : 0),
  fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
  toText: String,
};

/** No octets: the option's presence is its meaning. */
export const presence: Codec<true> = {
  type: 'true',
  example: 'true',
  size: 0,
  decode: (bytes) => (bytes.length === 0 ? true : undefined),
  encode: () => new Uint8Array(0),
  fromText: (text) => (text === 'true' ? true : undefined),
  toText: String,
};

/** RFC 2132 §2: NVT ASCII without control characters; trailing NULs are cut. At least one character. */
export const text: Codec<string> = {
  type: 'text',
  example: 'example',
  decode: (bytes) => {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    return checkedText(String.fromCharCode(...bytes.subarray(0, end)));
  },
  encode: (value) => {
    const checked = checkedText(value);
    return checked === undefined
      ? undefined
      : Uint8Array.from(checked, (character) => character.charCodeAt(0));
  },
  fromText: (value) => checkedText(value),
  toText: (value) => value,
};

function checkedText(value: string): string | undefined {
  return /^[\x20-\x7e]+$/.test(value) ? value : undefined;
}

export const ipv4: Codec<Ipv4> = {
  type: 'address',
  example: '10.15.3.2',
  size: 4,
  decode: (bytes) => {
    const value = uint32.decode(bytes);
    return value === undefined ? undefined : toIpv4(value);
  },
  encode: uint32.encode,
  fromText: ipv4FromText,
  toText: ipv4ToText,
};

/** RFC 2132 §3.5 and its like: at least one address. Text: separated by commas. */
export const ipv4List = listOf(ipv4, 4, 'addresses', '10.15.3.2, 10.15.3.3');
export const uint8List = listOf(uint8, 1, 'numbers from 0 to 255', '1, 2');
export const uint16List = listOf(uint16, 2, 'numbers from 0 to 65535', '576, 1500');

/** RFC 2132 §4.3 and §5.8: pairs of addresses, at least one. Text: `10.1.0.0 10.15.3.2`, separated by commas. */
export const ipv4PairList = listOf(
  {
    type: 'pair of addresses',
    example: '10.1.0.0 10.15.3.2',
    decode: (bytes) => pairOf(ipv4.decode(bytes.subarray(0, 4)), ipv4.decode(bytes.subarray(4))),
    encode: ([first, second]) => Uint8Array.of(...(ipv4.encode(first) ?? []), ...(ipv4.encode(second) ?? [])),
    fromText: (pair) => {
      const [first = '', second = '', ...rest] = pair.split(/\s+/);
      return rest.length > 0 ? undefined : pairOf(ipv4FromText(first), ipv4FromText(second));
    },
    toText: ([first, second]) => `${ipv4ToText(first)} ${ipv4ToText(second)}`,
  } satisfies Codec<Ipv4Pair>,
  8,
  'pairs of addresses',
  '10.1.0.0 10.15.3.2',
);

type Ipv4Pair = readonly [Ipv4, Ipv4];

function pairOf(first: Ipv4 | undefined, second: Ipv4 | undefined): Ipv4Pair | undefined {
  return first === undefined || second === undefined ? undefined : [first, second];
}

/** Values of one size, one behind the other; at least one. */
function listOf<Value>(
  codec: Codec<Value>,
  size: number,
  type: string,
  example: string,
): Codec<readonly Value[]> {
  return {
    type,
    example,
    decode: (bytes) => {
      if (bytes.length % size !== 0) return undefined;
      const starts = Array.from({ length: bytes.length / size }, (_, index) => index * size);
      return every(starts.map((start) => codec.decode(bytes.subarray(start, start + size))));
    },
    encode: (values) => {
      const encoded = every(values.map((value) => codec.encode(value)));
      return encoded === undefined ? undefined : Uint8Array.from(encoded.flatMap((bytes) => [...bytes]));
    },
    fromText: (list) => every(list.split(',').map((item) => codec.fromText(item.trim()))),
    toText: (values) => values.map((value) => codec.toText(value)).join(', '),
  };
}

/** The values, if there are any and none is undefined. */
export function every<Value>(values: readonly (Value | undefined)[]): Value[] | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length > 0 && present.length === values.length ? present : undefined;
}
