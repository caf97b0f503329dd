/**
 * Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), as far as etcd's messages take it:
 * varints and bytes. Numbers are safe integers; what may be larger (identifiers) is a bigint.
 */

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const FIRST_BYTES = 256;
const TEXT = new TextDecoder();

/** Writes one message; what stands at its default is left out, as the format wants it. */
export class MessageWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #end = 0;

  number(field: number, value: number | bigint): this {
    if (BigInt(value) === 0n) return this;
    this.#varint(BigInt(field * 8 + VARINT));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  flag(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  text(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, 'utf8'));
  }

  /** Written also if empty, as a member of a list must be. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt(field * 8 + BYTES));
    this.#varint(BigInt(value.length));
    this.#room(value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  #varint(value: bigint): void {
    this.#room(10);
    let rest = value;
    while (rest > 127n) {
      this.#bytes[this.#end] = Number(rest & 127n) | 128;
      this.#end += 1;
      rest >>= 7n;
    }
    this.#bytes[this.#end] = Number(rest);
    this.#end += 1;
  }

  #room(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#end + more, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

/** The fields of one message. Unknown ones are kept and asked for by nobody. */
export class MessageFields {
  readonly #numbers = new Map<number, bigint>();
  readonly #bytes = new Map<number, Uint8Array[]>();

  /** Throws a RangeError for bytes that are no message. */
  constructor(message: Uint8Array) {
    for (let at = 0; at < message.length; ) {
      const [tag, value] = varintAt(message, at);
      const field = Number(tag >> 3n);
      const kind = Number(tag & 7n);
      if (kind === VARINT) {
        const [number, end] = varintAt(message, value);
        this.#numbers.set(field, number);
        at = end;
      } else if (kind === BYTES) {
        const [length, start] = varintAt(message, value);
        const end = start + Number(length);
        if (end > message.length) throw new RangeError('a field leaves its message');
        const list = this.#bytes.get(field) ?? [];
        list.push(message.subarray(start, end));
        this.#bytes.set(field, list);
        at = end;
      } else if (kind === FIXED_64 || kind === FIXED_32) at = value + (kind === FIXED_64 ? 8 : 4);
      else throw new RangeError(`a field of wire type ${kind}`);
    }
  }

  /** 0 where it is left out. */
  number(field: number): number {
    return Number(BigInt.asIntN(64, this.#numbers.get(field) ?? 0n));
  }

  /** An unsigned identifier as a decimal number. */
  identifier(field: number): string {
    return String(this.#numbers.get(field) ?? 0n);
  }

  flag(field: number): boolean {
    return this.number(field) !== 0;
  }

  text(field: number): string {
    return TEXT.decode(this.bytes(field));
  }

  bytes(field: number): Uint8Array {
    return this.#bytes.get(field)?.at(-1) ?? new Uint8Array(0);
  }

  has(field: number): boolean {
    return this.#bytes.has(field);
  }

  message(field: number): MessageFields {
    return new MessageFields(this.bytes(field));
  }

  messages(field: number): readonly MessageFields[] {
    return (this.#bytes.get(field) ?? []).map((bytes) => new MessageFields(bytes));
  }
}

/** A varint and where it ends. */
function varintAt(message: Uint8Array, start: number): readonly [value: bigint, end: number] {
  let value = 0n;
  for (let at = start; at < message.length && at < start + 10; at += 1) {
    const byte = message[at] ?? 0;
    value |= BigInt(byte & 127) << BigInt(7 * (at - start));
    if (byte < 128) return [BigInt.asUintN(64, value), at + 1];
  }
  throw new RangeError('a number that does not end');
}
