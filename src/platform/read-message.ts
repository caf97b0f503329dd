import {
  emptyValues,
  type Field,
  MalformedMessage,
  type MessageOf,
  type MessageTable,
  MOST_MEMBERS,
  tooMany,
} from './message-type.ts';

/**
 * Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding): what follows a tag.
 */
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const GROUP = 3;
const END_OF_GROUP = 4;
const FIXED_32 = 5;

const MOST_VARINT_OCTETS = 10;
/** A varint of so many octets is a safe integer. */
const SAFE_OCTETS = 7;
const LARGEST_FIELD = 2 ** 29 - 1;
/** Groups, which nobody writes any more, are skipped; so deep they may lie in each other. */
const DEEPEST_GROUP = 32;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Fields by number. */
const FIELDS = new WeakMap<MessageTable, ReadonlyMap<number, readonly [string, Field<unknown>]>>();

/**
 * Reads a message. Fields that the type does not have, and known ones of another wire type, are skipped. Of a field that comes
 * twice the last one counts; nested messages are merged.
 *
 * @throws MalformedMessage, and nothing else.
 */
export function readMessage<Type extends MessageTable>(type: Type, octets: Uint8Array): MessageOf<Type> {
  return readInto(type, new Octets(octets, 0, octets.length), emptyValues(type)) as MessageOf<Type>;
}

function readInto(type: MessageTable, from: Octets, values: Record<string, unknown>): object {
  const fields = fieldsOf(type);
  while (!from.isAtEnd) {
    const tag = from.number();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > LARGEST_FIELD) throw new MalformedMessage('a field has no valid number');
    const wireType = tag % 8;
    const [name, field] = fields.get(number) ?? [];
    if (name === undefined || field === undefined || wireType !== wireTypeOf(field))
      from.skip(wireType, number);
    else if (field.isList) append(values, name, readValue(field, from, undefined));
    else values[name] = readValue(field, from, values[name]);
  }
  return values;
}

function fieldsOf(type: MessageTable): ReadonlyMap<number, readonly [string, Field<unknown>]> {
  const known = FIELDS.get(type);
  if (known !== undefined) return known;
  const made = new Map(
    Object.entries(type.fields).map(([name, field]) => [field.number, [name, field] as const]),
  );
  FIELDS.set(type, made);
  return made;
}

function wireTypeOf({ kind }: Field<unknown>): number {
  return kind === 'flag' || kind === 'int32' || kind === 'int64' ? VARINT : BYTES;
}

function append(values: Record<string, unknown>, name: string, value: unknown): void {
  const before = values[name];
  // The absent value is shared by all messages, and never changed.
  if (!Array.isArray(before) || before.length === 0) values[name] = [value];
  else if (before.length >= MOST_MEMBERS) throw tooMany(name);
  else before.push(value);
}

/** @param before What a nested message had already. */
function readValue({ kind }: Field<unknown>, from: Octets, before: unknown): unknown {
  switch (kind) {
    case 'flag':
      return from.large() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, from.large()));
    case 'int64':
      return Number(BigInt.asIntN(64, from.large()));
    case 'text':
      return utf8TextOf(from.octets());
    case 'bytes':
      return Uint8Array.from(from.octets());
    default: {
      const values = before === undefined ? emptyValues(kind) : { ...(before as object) };
      return readInto(kind, from.part(), values as Record<string, unknown>);
    }
  }
}

function utf8TextOf(octets: Uint8Array): string {
  try {
    return UTF8.decode(octets);
  } catch {
    throw new MalformedMessage('a text is not UTF-8');
  }
}

/** A part of some octets, read from its start to its end. */
class Octets {
  readonly #all: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(all: Uint8Array, start: number, end: number) {
    this.#all = all;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** A varint; beyond 2^49 what is left of it when it is not exact, so that no length or tag that fits is misread. */
  number(): number {
    const start = this.#at;
    let value = 0;
    let factor = 1;
    for (;;) {
      const octet = this.#next(start);
      if (this.#at - start <= SAFE_OCTETS) value += (octet & 127) * factor;
      else if ((octet & 127) !== 0) value = Number.POSITIVE_INFINITY;
      factor *= 128;
      if (octet < 128) return value;
    }
  }

  large(): bigint {
    const start = this.#at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const octet = this.#next(start);
      value |= BigInt(octet & 127) << shift;
      if (octet < 128) return value;
    }
  }

  /** Those of a field with a length before them; a view of the whole. @throws MalformedMessage */
  octets(): Uint8Array {
    const length = this.number();
    if (length > this.#end - this.#at) throw new MalformedMessage('a field is longer than its message');
    this.#at += length;
    return this.#all.subarray(this.#at - length, this.#at);
  }

  part(): Octets {
    const octets = this.octets();
    return new Octets(octets, 0, octets.length);
  }

  /** @throws MalformedMessage */
  skip(wireType: number, field: number, depth = 0): void {
    if (wireType === VARINT) this.large();
    else if (wireType === BYTES) this.octets();
    else if (wireType === FIXED_64) this.#pass(8);
    else if (wireType === FIXED_32) this.#pass(4);
    else if (wireType === GROUP && depth < DEEPEST_GROUP) this.#skipGroup(field, depth);
    else throw new MalformedMessage(`a field has the wire type ${wireType}`);
  }

  #skipGroup(field: number, depth: number): void {
    for (;;) {
      const tag = this.number();
      const [number, wireType] = [Math.floor(tag / 8), tag % 8];
      if (wireType === END_OF_GROUP && number === field) return;
      if (number < 1 || number > LARGEST_FIELD) throw new MalformedMessage('a field has no valid number');
      this.skip(wireType, number, depth + 1);
    }
  }

  #pass(length: number): void {
    if (length > this.#end - this.#at) throw new MalformedMessage('a field is longer than its message');
    this.#at += length;
  }

  #next(start: number): number {
    const octet = this.#all[this.#at];
    if (octet === undefined || this.#at >= this.#end) throw new MalformedMessage('it ends within a field');
    if (this.#at - start >= MOST_VARINT_OCTETS)
      throw new MalformedMessage(`a number has more than ${MOST_VARINT_OCTETS} octets`);
    this.#at += 1;
    return octet;
  }
}
