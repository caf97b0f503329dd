import type { Codec } from './option-codecs.ts';

/** RFC 1035 §2.3.4: octets of a label, and of a whole name with its lengths. */
const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
/** RFC 1035 §4.1.4: two bits that make a pointer of a length, and how far a pointer reaches. */
const POINTER = 0xc0;
const FARTHEST = 0x3fff;
/** RFC 952 §1, with the underscore that names of services have. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;

/**
 * RFC 3397 §2: at least one domain name, compressed as RFC 1035 §4.1.4 says, pointers counted from the option's first
 * octet (the parts of a split one joined). Names have no trailing dot. Text: separated by commas.
 */
export const domainNames: Codec<readonly string[]> = {
  type: 'domain names',
  example: 'vps.local, example.net',
  decode: (bytes) => {
    const names: string[] = [];
    let at = 0;
    while (at < bytes.length) {
      const name = nameAt(bytes, at);
      if (name === undefined) return undefined;
      names.push(name.text);
      at = name.end;
    }
    return names.length === 0 ? undefined : names;
  },
  encode: (names) => {
    if (names.length === 0 || !names.every(isDomainName)) return undefined;
    const bytes: number[] = [];
    const offsetOfSuffix = new Map<string, number>();
    for (const name of names) putName(bytes, name, offsetOfSuffix);
    return Uint8Array.from(bytes);
  },
  fromText: (text) => {
    const names = text.split(',').map((name) => name.trim().replace(/\.$/, ''));
    return names.every(isDomainName) ? names : undefined;
  },
  toText: (names) => names.join(', '),
};

export function isDomainName(text: string): boolean {
  // With a length before each label and the root's at the end, a name takes two octets more than its text.
  return (
    text.length + 2 <= LONGEST_NAME &&
    text.split('.').every((label) => label.length <= LONGEST_LABEL && LABEL.test(label))
  );
}

/** One name and the offset behind it. Each pointer must lead farther back than the last, so none leads in a circle. */
function nameAt(bytes: Uint8Array, start: number): { text: string; end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let earliest = start;
  let end: number | undefined;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) break;
    if (length >= POINTER) {
      const low = bytes[at + 1];
      if (low === undefined) return undefined;
      end ??= at + 2;
      at = (length - POINTER) * 256 + low;
      if (at >= earliest) return undefined;
      earliest = at;
      continue;
    }
    if (length > LONGEST_LABEL || at + 1 + length > bytes.length) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
    // Longer than any name: ends a chain of pointers.
    if (labels.length > LONGEST_NAME / 2) return undefined;
  }
  const text = labels.join('.');
  return isDomainName(text) ? { text, end: end ?? at + 1 } : undefined;
}

function putName(bytes: number[], name: string, offsetOfSuffix: Map<string, number>): void {
  let suffix = name.toLowerCase();
  let rest = name;
  while (rest !== '') {
    const offset = offsetOfSuffix.get(suffix);
    if (offset !== undefined) {
      bytes.push(POINTER | (offset >>> 8), offset & 255);
      return;
    }
    if (bytes.length <= FARTHEST) offsetOfSuffix.set(suffix, bytes.length);
    const dot = rest.indexOf('.');
    const label = dot < 0 ? rest : rest.slice(0, dot);
    bytes.push(label.length, ...Array.from(label, (character) => character.charCodeAt(0)));
    rest = dot < 0 ? '' : rest.slice(dot + 1);
    suffix = rest.toLowerCase();
  }
  bytes.push(0);
}
