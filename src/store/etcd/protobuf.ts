/**
 * Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), as far as etcd's messages take it:
 * varints and bytes. Numbers are safe integers; what may be larger (identifiers) is a bigint.
 */

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const FIRST_BYTES = 256;
const MOST_VARINT_BYTES = 10;
/** So many bytes of a varint are a safe integer. */
const SAFE_VARINT_BYTES = 7;

/** Writes one message; what stands at its default is left out, as the format wants it. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #end = 0;

  number(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    this.#varint(field * 8 + VARINT);
    if (typeof value === 'number' && value > 0) this.#varint(value);
    else this.#largeVarint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  flag(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  text(field: number, value: string): this {
    if (value === '') return this;
    const length = Buffer.byteLength(value);
    this.#head(field, length);
    this.#end += this.#bytes.write(value, this.#end);
    return this;
  }

  /** Written also if empty, as a member of a list must be. */
  bytes(field: number, value: Uint8Array): this {
    this.#head(field, value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
    return this;
  }

  /** Once, at the end. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Of a field of so many bytes, for which there is room behind it. */
  #head(field: number, length: number): void {
    this.#varint(field * 8 + BYTES);
    this.#varint(length);
    this.#room(length);
  }

  #varint(value: number): void {
    this.#room(MOST_VARINT_BYTES);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#end] = (rest % 128) | 128;
      this.#end += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#end] = rest;
    this.#end += 1;
  }

  #largeVarint(value: bigint): void {
    this.#room(MOST_VARINT_BYTES);
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
    const larger = Buffer.allocUnsafe(Math.max(this.#end + more, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

/** The fields of one message. Unknown ones are kept and asked for by nobody. */
export class MessageFields {
  readonly #message: Buffer;
  /** Of each field its tag, and where its value starts and ends: three numbers. */
  readonly #places: number[] = [];
  /** Where the varint that was read last ends. */
  #end = 0;

  /** Throws a RangeError for bytes that are no message. */
  constructor(message: Uint8Array) {
    this.#message = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    for (let at = 0; at < message.length; ) {
      const tag = this.#numberAt(at);
      let start = this.#end;
      const kind = tag % 8;
      if (kind === VARINT) at = this.#endOfVarint(start);
      else if (kind === BYTES) {
        const length = this.#numberAt(start);
        start = this.#end;
        at = start + length;
        if (length < 0 || at > message.length) throw new RangeError('a field leaves its message');
      } else if (kind === FIXED_64 || kind === FIXED_32) at = start + (kind === FIXED_64 ? 8 : 4);
      else throw new RangeError(`a field of wire type ${kind}`);
      this.#places.push(tag, start, at);
    }
  }

  /** 0 where it is left out. */
  number(field: number): number {
    const place = this.#last(field * 8 + VARINT);
    return place < 0 ? 0 : this.#numberAt(this.#places[place + 1] ?? 0);
  }

  /** An unsigned identifier as a decimal number. */
  identifier(field: number): string {
    const place = this.#last(field * 8 + VARINT);
    return place < 0 ? '0' : String(this.#largeAt(this.#places[place + 1] ?? 0));
  }

  flag(field: number): boolean {
    return this.number(field) !== 0;
  }

  text(field: number): string {
    const place = this.#last(field * 8 + BYTES);
    return place < 0 ? '' : this.#message.toString('utf8', this.#places[place + 1], this.#places[place + 2]);
  }

  bytes(field: number): Uint8Array {
    const place = this.#last(field * 8 + BYTES);
    return place < 0 ? new Uint8Array(0) : this.#valueAt(place);
  }

  has(field: number): boolean {
    return this.#last(field * 8 + BYTES) >= 0;
  }

  message(field: number): MessageFields {
    return new MessageFields(this.bytes(field));
  }

  messages(field: number): readonly MessageFields[] {
    const found: MessageFields[] = [];
    for (let place = 0; place < this.#places.length; place += 3) {
      if (this.#places[place] === field * 8 + BYTES) found.push(new MessageFields(this.#valueAt(place)));
    }
    return found;
  }

  /** The place of the last field with a tag, which counts; below 0: there is none. */
  #last(tag: number): number {
    let place = this.#places.length - 3;
    while (place >= 0 && this.#places[place] !== tag) place -= 3;
    return place;
  }

  #valueAt(place: number): Buffer {
    return this.#message.subarray(this.#places[place + 1], this.#places[place + 2]);
  }

  /** A signed number, of which as much is kept as a number can. */
  #numberAt(start: number): number {
    const end = this.#endOfVarint(start);
    this.#end = end;
    if (end - start > SAFE_VARINT_BYTES) return Number(BigInt.asIntN(64, this.#largeAt(start)));
    let value = 0;
    for (let at = end - 1; at >= start; at -= 1) value = value * 128 + ((this.#message[at] ?? 0) & 127);
    return value;
  }

  #largeAt(start: number): bigint {
    let value = 0n;
    for (let at = this.#endOfVarint(start) - 1; at >= start; at -= 1)
      value = (value << 7n) | BigInt((this.#message[at] ?? 0) & 127);
    return BigInt.asUintN(64, value);
  }

  #endOfVarint(start: number): number {
    for (let at = start; at < this.#message.length && at < start + MOST_VARINT_BYTES; at += 1)
      if ((this.#message[at] ?? 0) < 128) return at + 1;
    throw new RangeError('a number that does not end');
  }
}
