import { isReadable } from '../wire/readable-text.ts';

const MOST_OCTETS = 255;

/** A name as a lease may have it: text that can be read, and is not too long; undefined: there is none, or it is not. */
export function leaseName(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || !isReadable(text)) return undefined;
  return Buffer.byteLength(text) <= MOST_OCTETS ? text : undefined;
}

/** RFC 1123 §2.1, as a reservation takes one; undefined: it is none. */
export function hostName(text: string | undefined): string | undefined {
  const isOne =
    text !== undefined &&
    text.length <= 253 &&
    /^(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*$/i.test(text);
  return isOne ? text : undefined;
}
