import { createRequire } from 'node:module';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { decode } from '../../src/wire/decode.ts';
import type { Message } from '../../src/wire/message.ts';

/** What `parse` of the npm package `dhcp` 0.2.20 makes of a message; it has no types of its own. */
interface ParsedMessage {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  /** Upper-case pairs parted by dashes. */
  readonly chaddr: string;
  readonly sname: string;
  readonly file: string;
  readonly magicCookie: number;
  /** By code; the type depends on the code. */
  readonly options: Readonly<Record<number, unknown>>;
}

interface Protocol {
  parse(bytes: Buffer): ParsedMessage;
}

const protocol: Protocol = createRequire(import.meta.url)('dhcp/lib/protocol.js');

/** The options that the package reads rightly, with our reading of their bytes in its form. */
const COMPARED: Readonly<Record<number, (value: Uint8Array) => unknown>> = {
  1: (value) => addresses(value)[0],
  3: addresses,
  6: addresses,
  15: (value) => new TextDecoder('latin1').decode(value),
  28: (value) => addresses(value)[0],
  51: unsigned,
  53: unsigned,
  54: (value) => addresses(value)[0],
  58: unsigned,
  59: unsigned,
};

/**
 * The message as the package reads it. It takes only Ethernet addresses, does not know option 52 nor split options,
 * and passes over every option that it has no name for.
 */
export function readIndependently(bytes: Uint8Array): ParsedMessage {
  const say = console.error;
  // It reports each option without a name, such as 82, on the console.
  console.error = () => {};
  try {
    return protocol.parse(Buffer.from(bytes));
  } finally {
    console.error = say;
  }
}

/**
 * Reads a reply of ours with our decoder and with the package, and returns one line for each thing that they read
 * differently, of those that the package can read at all. Empty: they agree.
 */
export function disagreements(bytes: Uint8Array): string[] {
  const ours = decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
  if (!ours.ok) return [`we read nothing: ${ours.malformed}`];
  const theirs = readIndependently(bytes);
  return [...headerPairs(ours, theirs), ...optionPairs(ours, theirs)]
    .filter(([, our, their]) => JSON.stringify(our) !== JSON.stringify(their))
    .map(
      ([name, our, their]) => `${name}: we read ${JSON.stringify(our)}, they read ${JSON.stringify(their)}`,
    );
}

type Pair = readonly [name: string, ours: unknown, theirs: unknown];

function headerPairs(ours: Message, theirs: ParsedMessage): Pair[] {
  return [
    ['op', ours.op, theirs.op],
    ['htype', ours.htype, theirs.htype],
    ['hlen', ours.hlen, theirs.hlen],
    ['hops', ours.hops, theirs.hops],
    ['xid', ours.xid, theirs.xid],
    ['secs', ours.secs, theirs.secs],
    ['flags', ours.flags, theirs.flags],
    ['ciaddr', ipv4ToText(ours.ciaddr), theirs.ciaddr],
    ['yiaddr', ipv4ToText(ours.yiaddr), theirs.yiaddr],
    ['siaddr', ipv4ToText(ours.siaddr), theirs.siaddr],
    ['giaddr', ipv4ToText(ours.giaddr), theirs.giaddr],
    ['chaddr', ours.hardware, Number.parseInt(theirs.chaddr.replaceAll('-', ''), 16)],
    ['cookie', 0x63825363, theirs.magicCookie],
  ];
}

function optionPairs(ours: Message, theirs: ParsedMessage): Pair[] {
  const pairs: Pair[] = [];
  for (const [code, reading] of Object.entries(COMPARED)) {
    const value = ours.raw(Number(code));
    const their = theirs.options[Number(code)];
    // It does not look for options in sname and file.
    if (their === undefined && ours.has(52)) continue;
    pairs.push([`option ${code}`, value === undefined ? undefined : reading(value), their]);
  }
  return pairs;
}

function addresses(value: Uint8Array): string[] {
  return Array.from({ length: value.length / 4 }, (_, index) =>
    value.subarray(index * 4, index * 4 + 4).join('.'),
  );
}

function unsigned(value: Uint8Array): number {
  return value.reduce((number, byte) => number * 256 + byte, 0);
}
