/** Writes and reads DER, as far as certificates need it: ITU-T X.690 §8 and §10, RFC 5280 appendix B. */

/** X.690 §8: identifier octets of the types that certificates are made of. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** X.690 §8.1.2.4: a tag of the context, and one that holds other elements. */
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;
/** X.690 §8.1.3: a length below it stands in its octet; from it on, the octet says how many follow. */
const LONG = 0x80;

/** One element: tag, length and content. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOctets(content.byteLength), content]);
}

function lengthOctets(length: number): Uint8Array {
  if (length < LONG) return Buffer.of(length);
  const octets = unsignedOctets(length);
  return Buffer.of(LONG | octets.length, ...octets);
}

/** The highest octet first, without zeros before it. */
function unsignedOctets(value: number): readonly number[] {
  return value < 256 ? [value] : [...unsignedOctets(Math.floor(value / 256)), value % 256];
}

export const sequence = (...parts: readonly Uint8Array[]) => element(TAG.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]) => element(TAG.set, ...parts);
export const octetString = (content: Uint8Array) => element(TAG.octetString, content);
export const utf8String = (text: string) => element(TAG.utf8String, Buffer.from(text));
export const nullElement = () => element(TAG.null);
/** X.690 §11.1: true has all bits. */
export const yes = () => element(TAG.boolean, Buffer.of(0xff));

/** A number that is not negative. X.690 §8.3.2: one more octet where its highest bit would be taken for a sign. */
export function integer(octets: Uint8Array): Buffer {
  const isSigned = ((octets[0] ?? 0) & 0x80) !== 0;
  return element(TAG.integer, isSigned ? Buffer.of(0) : Buffer.of(), octets);
}

/** @param unused bits at the end that do not count */
export function bitString(content: Uint8Array, unused = 0): Buffer {
  return element(TAG.bitString, Buffer.of(unused), content);
}

/** In a choice or beside optional parts: `[number]`. */
export function tagged(number: number, content: Uint8Array, holds: 'elements' | 'octets'): Buffer {
  return element(CONTEXT | (holds === 'elements' ? CONSTRUCTED : 0) | number, content);
}

/** @param text as `2.5.29.17` */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  return element(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
}

/** X.690 §8.19.2: seven bits an octet, with the eighth where another follows. */
function base128(value: number): readonly number[] {
  const octets = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}

/** RFC 5280 §4.1.2.5: to the second; with two digits for the year until 2049, and with four from 2050 on. */
export function time(instant: number): Buffer {
  const digits = `${new Date(instant).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return digits < '2050'
    ? element(TAG.utcTime, Buffer.from(digits.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(digits));
}

/** An element as it was read. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

/**
 * The elements in a content.
 *
 * @throws RangeError where it is cut.
 */
export function elementsIn(content: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < content.byteLength; ) {
    const begin = at;
    const tag = content.readUInt8(at);
    const short = content.readUInt8(at + 1);
    const more = short < LONG ? 0 : short - LONG;
    const length = more === 0 ? short : content.readUIntBE(at + 2, more);
    at += 2 + more;
    if (at + length > content.byteLength) throw new RangeError('an element is cut');
    found.push({
      tag,
      content: content.subarray(at, at + length),
      whole: content.subarray(begin, at + length),
    });
    at += length;
  }
  return found;
}
