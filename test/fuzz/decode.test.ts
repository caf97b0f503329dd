import { expect, it, vi } from 'vitest';
import { clientFqdnOf } from '../../src/wire/client-fqdn.ts';
import { encode } from '../../src/wire/encode.ts';
import type { Message } from '../../src/wire/message.ts';
import type { Reply } from '../../src/wire/reply.ts';
import { packet, text } from '../support/packet.ts';
import { SeededRandom } from '../support/random.ts';
import { decoded, decodedMessage, readingOf } from '../support/reading.ts';
import { anyDatagram } from './datagrams.ts';

const SEEDS = [1, 2, 3];
const DATAGRAMS_PER_SEED = 2500;

// Far more than it takes, for a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Runs the check for many datagrams; a failure names the one by its octets. */
function forEachDatagram(seed: number, check: (bytes: Uint8Array, random: SeededRandom) => void): void {
  const random = new SeededRandom(seed);
  for (let count = 0; count < DATAGRAMS_PER_SEED; count += 1) {
    const bytes = anyDatagram(random);
    try {
      check(bytes, random);
    } catch (cause) {
      throw new Error(`seed ${seed}, datagram ${count}: ${Buffer.from(bytes).toString('hex')}`, { cause });
    }
  }
}

it.each(SEEDS)('whatever comes is read or refused, and nothing outside of it has a say (seed %i)', (seed) => {
  let messages = 0;
  forEachDatagram(seed, (bytes, random) => {
    // Exactly as long as the datagram: a read beyond it would throw.
    const alone = decoded(bytes.slice());
    const offset = random.below(80);
    const larger = new Uint8Array(offset + bytes.length + random.below(80)).fill(random.below(256));
    larger.set(bytes, offset);
    const untouched = larger.slice();

    const among = decoded(larger, offset, bytes.length);

    expect(among.ok).toBe(alone.ok);
    if (among.ok && alone.ok) {
      messages += 1;
      expect(JSON.stringify(readingOf(among))).toBe(JSON.stringify(readingOf(alone)));
      expectInside(among, larger, offset, bytes.length);
    }
    expect(Buffer.compare(larger, untouched)).toBe(0);
  });
  // The generator must not have made only rubbish.
  expect(messages).toBeGreaterThan(DATAGRAMS_PER_SEED / 3);
});

it.each(SEEDS)('RFC 2131 §4.1, RFC 3396 §7: every option is what a plain reading finds (seed %i)', (seed) => {
  forEachDatagram(seed + 100, (bytes) => {
    const message = decoded(bytes);
    if (!message.ok || bytes[236] === 0) return;
    const expected = plainReading(bytes);

    const found = new Map<number, string>();
    for (let code = 0; code <= 255; code += 1) {
      const value = message.raw(code);
      if (message.has(code) !== (value !== undefined))
        throw new Error(`has(${code}) and raw(${code}) differ`);
      if (value !== undefined) found.set(code, Buffer.from(value).toString('hex'));
    }
    expect(found).toEqual(expected);
  });
});

it.each(SEEDS)(
  'what was read and written again reads the same, and is then written the same (seed %i)',
  (seed) => {
    forEachDatagram(seed + 200, (bytes, random) => {
      const message = decoded(bytes);
      if (!message.ok) return;
      const reply = replyOf(message, 548 + random.below(900), random.chance(50));

      const once = encoded(reply);
      const read = decodedMessage(once.bytes);

      const kept = reply.options.filter(({ code }) => !once.omitted.includes(code));
      const relayed = once.omitted.includes(82) ? undefined : reply.relayAgentInformation;
      expect(hexOf(kept.map(({ code }) => read.raw(code)))).toEqual(hexOf(kept.map(({ value }) => value)));
      expect(hexOf([read.raw(82)])).toEqual(hexOf([relayed]));
      expect(once.omitted.filter((code) => read.has(code))).toEqual([]);
      expect(read.hardware).toBe(message.hardware);
      expect(read.xid).toBe(message.xid);
      expect(Buffer.compare(encoded(reply).bytes, once.bytes)).toBe(0);
    });
  },
);

/** By hand from RFC 2132 and what followed it: octets of the options whose values all have one length. */
const CODES_OF_SIZE: Readonly<Record<number, readonly number[]>> = {
  0: [80],
  1: [19, 20, 23, 27, 29, 30, 31, 34, 36, 37, 39, 46, 52, 53, 116],
  2: [13, 22, 26, 57],
  4: [1, 2, 16, 24, 28, 32, 35, 38, 50, 51, 54, 58, 59, 91, 108, 118, 211],
};

it.each(SEEDS)(
  'whatever a name is made of, nothing of it steers a terminal or breaks a line (seed %i)',
  (seed) => {
    const random = new SeededRandom(seed + 300);
    for (let count = 0; count < DATAGRAMS_PER_SEED; count += 1) {
      const octets = nameSoup(random);
      const flags = random.pick([0, 1, 4, 5] as const);
      const bytes = packet({
        options: [
          [53, 1],
          [12, ...octets],
          [81, flags, 0, 0, ...octets],
        ],
      });
      const message = decodedMessage(bytes);
      const fqdn = clientFqdnOf(message.raw(81) ?? new Uint8Array(0))?.name;

      for (const name of [message.hostName, fqdn]) {
        if (name === undefined) continue;
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(Buffer.from(name).toString()).toBe(name);
        expect(name.replace(/[\u200c\u200d]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
    }
  },
);

/** Whole characters of all kinds, and pieces of characters. */
function nameSoup(random: SeededRandom): number[] {
  const octets: number[] = [];
  const length = random.below(80);
  while (octets.length < length) {
    if (random.chance(60))
      octets.push(...text(String.fromCodePoint(random.pick(CHARACTERS) + random.below(16))));
    else if (random.chance(50)) octets.push(97 + random.below(26));
    else octets.push(random.below(256));
  }
  return random.chance(50) ? octets : [...text(String.fromCodePoint(0x430 + random.below(32)))];
}

const CHARACTERS = [
  0, 0x1b, 0x2e, 0x61, 0x80, 0x90, 0xe0, 0x610, 0x2000, 0x2020, 0x2060, 0x3040, 0xfff0, 0x1f600, 0xe0040,
] as const;

/** RFC 2131 §4.1 as simply as it can be said: octets of each option in hexadecimal, by code. */
function plainReading(bytes: Uint8Array): Map<number, string> {
  const parts = new Map<number, string[]>();
  const read = (field: number[]) => {
    while (field.length > 0 && field[0] !== 255) {
      const code = field.shift() ?? 0;
      if (code === 0) continue;
      const length = field.shift();
      if (length === undefined || length > field.length) return;
      const part = Buffer.from(field.splice(0, length)).toString('hex');
      parts.set(code, [...(parts.get(code) ?? []), part]);
    }
  };
  read([...bytes.subarray(240)]);
  const overload = octetsOf(52, parts.get(52) ?? []);
  if (overload === '01' || overload === '03') read([...bytes.subarray(108, 236)]);
  if (overload === '02' || overload === '03') read([...bytes.subarray(44, 108)]);
  return new Map([...parts].map(([code, each]) => [code, octetsOf(code, each)]));
}

function octetsOf(code: number, parts: readonly string[]): string {
  const size = Object.keys(CODES_OF_SIZE).find((each) => CODES_OF_SIZE[Number(each)]?.includes(code));
  if (size !== undefined) return parts.find((part) => part.length === 2 * Number(size)) ?? parts.join('');
  const [first = '', ...rest] = parts;
  return [first, ...rest.filter((part) => part !== first || first.length === 510)].join('');
}

function hexOf(values: readonly (Uint8Array | number | undefined)[]): string[] {
  return values.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value),
  );
}

/** Values that are views lie within the datagram. */
function expectInside(message: Message, bytes: Uint8Array, offset: number, length: number): void {
  for (const code of message.codes()) {
    const value = message.raw(code);
    if (value === undefined || value.buffer !== bytes.buffer) continue;
    const isInside = value.byteOffset >= offset && value.byteOffset + value.length <= offset + length;
    if (!isInside) throw new Error(`option ${code} reaches out of its datagram`);
  }
}

function replyOf(message: Message, maximumSize: number, mayOverload: boolean): Reply {
  const codes = [...new Set(message.codes())].filter((code) => code !== 52 && code !== 53 && code !== 82);
  return {
    type: 'DHCPOFFER',
    request: message,
    ciaddr: message.ciaddr,
    yiaddr: message.yiaddr,
    siaddr: message.siaddr,
    bootFile: undefined,
    setsBroadcastBit: false,
    options: codes.map((code) => ({ code, value: message.raw(code) ?? new Uint8Array(0) })),
    relayAgentInformation: message.raw(82),
    maximumSize,
    mayOverload,
  };
}

function encoded(reply: Reply): { readonly bytes: Uint8Array; readonly omitted: readonly number[] } {
  const bytes = new Uint8Array(1600).fill(0xa5);
  const omitted: number[] = [];
  const length = encode(reply, bytes, new DataView(bytes.buffer), 13, 1472, (code) => omitted.push(code));
  expect(length).toBeLessThanOrEqual(Math.min(reply.maximumSize, 1472));
  expect(bytes.subarray(13 + length).every((byte) => byte === 0xa5)).toBe(true);
  return { bytes: bytes.slice(13, 13 + length), omitted };
}
