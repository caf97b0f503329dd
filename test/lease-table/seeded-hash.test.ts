import { describe, expect, it } from 'vitest';
import { seededHash } from '../../src/lease-table/seeded-hash.ts';

const SEED = 0x1234_5678_9abc;

describe('the seeded hash', () => {
  it('is HalfSipHash-1-3, whatever is left over after whole words', () => {
    const texts = Array.from({ length: 40 }, (_, length) => '0152/54009abcdef'.repeat(3).slice(0, length));

    expect(texts.map((text) => seededHash(text, SEED))).toEqual(
      texts.map((text) => halfSipHash(Buffer.from(text), BigInt(SEED))),
    );
  });

  it('another seed makes other texts collide', () => {
    const bucketOf = (number: number, seed: number) => seededHash(number.toString(16), seed) >>> 22;
    const texts = Array.from({ length: 400_000 }, (_, number) => number);
    const colliding = texts.filter((number) => bucketOf(number, 1) === 0);

    expect(colliding.length).toBeGreaterThan(250);
    for (const seed of [2, 2 ** 32 + 1, 2 ** 48 - 1])
      expect(new Set(colliding.map((number) => bucketOf(number, seed))).size).toBeGreaterThan(200);
  });
});

/** As its authors write it, in numbers that cannot overflow. */
function halfSipHash(bytes: Uint8Array, key: bigint): number {
  const word = (value: bigint) => value & 0xffff_ffffn;
  const turned = (value: bigint, by: bigint) => word((value << by) | (value >> (32n - by)));
  const [k0, k1] = [word(key), word(key >> 32n)];
  let [v0, v1, v2, v3] = [k0, k1, 0x6c796765n ^ k0, 0x74656462n ^ k1];
  const round = () => {
    v0 = word(v0 + v1);
    v1 = turned(v1, 5n) ^ v0;
    v0 = turned(v0, 16n);
    v2 = word(v2 + v3);
    v3 = turned(v3, 8n) ^ v2;
    v0 = word(v0 + v3);
    v3 = turned(v3, 7n) ^ v0;
    v2 = word(v2 + v1);
    v1 = turned(v1, 13n) ^ v2;
    v2 = turned(v2, 16n);
  };
  const padded = new Uint8Array((bytes.length & ~3) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  for (let at = 0; at < padded.length; at += 4) {
    const message = BigInt(new DataView(padded.buffer).getUint32(at, true));
    v3 ^= message;
    round();
    v0 ^= message;
  }
  v2 ^= 0xffn;
  for (let times = 0; times < 3; times += 1) round();
  return Number(v1 ^ v3);
}
