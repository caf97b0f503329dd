import { LONGEST_PART } from './layout.ts';

/** Octets of an option with this value, its codes and lengths included; RFC 3396 §6 splits it where it must. */
export function optionSize(value: Uint8Array | number): number {
  return typeof value === 'number' ? 6 : partsSize(value.length);
}

/** The octets that a value of this length takes, with a code and a length for each part of at most 255. */
export function partsSize(length: number): number {
  return length <= LONGEST_PART ? length + 2 : length + 2 * Math.ceil(length / LONGEST_PART);
}

/** The octets of value that fit into this room, with a code and a length for each part. */
export function lengthThatFits(room: number): number {
  const whole = Math.floor(room / (LONGEST_PART + 2));
  return whole * LONGEST_PART + Math.max(0, room - whole * (LONGEST_PART + 2) - 2);
}

/** Writes an option (a number as four octets) and returns the offset behind it. */
export function putOption(bytes: Uint8Array, at: number, code: number, value: Uint8Array | number): number {
  if (typeof value !== 'number') return putParts(bytes, at, code, value, 0, value.length);
  bytes[at] = code;
  bytes[at + 1] = 4;
  bytes[at + 2] = value >>> 24;
  bytes[at + 3] = value >>> 16;
  bytes[at + 4] = value >>> 8;
  bytes[at + 5] = value;
  return at + 6;
}

/** RFC 3396 §6: writes the octets [first, end) of a value, in parts of at most 255, and returns the offset behind. */
export function putParts(
  bytes: Uint8Array,
  at: number,
  code: number,
  value: Uint8Array,
  first: number,
  end: number,
): number {
  let next = at;
  let from = first;
  do {
    const size = Math.min(end - from, LONGEST_PART);
    bytes[next] = code;
    bytes[next + 1] = size;
    next += 2;
    for (let index = from; index < from + size; index += 1) bytes[next++] = value[index] ?? 0;
    from += size;
  } while (from < end);
  return next;
}
