import { isUtf8 } from 'node:buffer';

/** RFC 2132 §3.14: the longest host name, in octets. */
const LONGEST = 255;

/**
 * Characters that would control a terminal, break a line, turn the direction of the text around them, or be invisible:
 * control characters (C0, C1), format characters with the marks of direction, line and paragraph separators, half
 * characters and non-characters. The two joiners are allowed: Persian, Indian scripts and emoji need them.
 */
const UNREADABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;
const DECODER = new TextDecoder();

/** A text in which each character can be read; `?` stands for those that cannot. */
export function readable(text: string): string {
  return text.replace(UNREADABLE, '?');
}

/** True if every character of the text can be read. */
export function isReadable(text: string): boolean {
  return readable(text) === text;
}

/** Octets as text; undefined if they are not valid UTF-8 (RFC 3629: no overlong form, no surrogate). */
export function utf8Text(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? DECODER.decode(bytes) : undefined;
}

/**
 * RFC 2132 §3.14: a name as a client sends it, trailing NULs cut. UTF-8 is allowed, though the RFC knows only NVT ASCII:
 * owners name their systems in it. Octets that are not UTF-8, and characters that cannot be read, become `?`, so a name never
 * grows in octets. Undefined if nothing is left, or for more than 255 octets.
 */
export function readableName(value: Uint8Array): string | undefined {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  if (end === 0 || end > LONGEST) return undefined;
  let text = '';
  for (let index = 0; index < end; index += 1) {
    const byte = value[index] ?? 0;
    if (byte >= 0x80) return utf8Name(value.subarray(0, end));
    text += asciiOf(byte);
  }
  return text;
}

function utf8Name(bytes: Uint8Array): string | undefined {
  const text = utf8Text(bytes);
  if (text === undefined) return Array.from(bytes, asciiOf).join('');
  return text === '' ? undefined : readable(text);
}

function asciiOf(byte: number): string {
  return byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '?';
}
