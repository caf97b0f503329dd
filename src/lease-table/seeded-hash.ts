const ROUNDS_AT_END = 3;

/**
 * HalfSipHash-1-3 of a text of one-byte characters: 32 bits. Without the seed nobody can tell which texts have equal hashes.
 * It is for text that a client chooses: the client could make a hash collide that has no seed, or only begins with it.
 *
 * @param seed A whole number from 0, of up to 53 bits.
 */
export function seededHash(text: string, seed: number): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 0x1_0000_0000);
  let v0 = low;
  let v1 = high;
  let v2 = 0x6c796765 ^ low;
  let v3 = 0x74656462 ^ high;
  const whole = text.length & ~3;
  const end = whole + 4 * (ROUNDS_AT_END + 1);
  for (let at = 0; at < end; at += 4) {
    const word = at < whole ? wordAt(text, at) : at === whole ? lastWord(text, whole) : 0;
    if (at === whole + 4) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

function wordAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** The characters that are left over, and in the last byte how many there were in all. */
function lastWord(text: string, from: number): number {
  let word = text.length << 24;
  for (let at = from; at < text.length; at += 1) word |= text.charCodeAt(at) << (8 * (at - from));
  return word;
}
