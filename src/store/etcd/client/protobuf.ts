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
/** A varint of at most this many bytes is a safe integer. */
const SAFE_VARINT_BYTES = 7;

/**
 * Writes one message from its end to its beginning, into one buffer. So the length of a nested message is known when it
 * must be written. The members of a list are written last one first. A field with its default value is left out, as the
 * format demands.
 */
export class MessageWriter {
  #bytes: Buffer;
  #start: number;

  /** @param room Bytes of the buffer at the beginning; it grows. */
  constructor(room = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(room);
    this.#start = room;
  }

  /** The bytes that are written so far. A nested message that is written now ends there. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  number(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    if (typeof value === 'number' && value > 0) this.#varint(value);
    else this.#largeVarint(BigInt.asUintN(64, BigInt(value)));
    this.#varint(field * 8 + VARINT);
    return this;
  }

  flag(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  text(field: number, value: string): this {
    if (value === '') return this;
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#start -= length;
    this.#bytes.write(value, this.#start);
    return this.#head(field, length);
  }

  /** Writes the field also if it is empty, as a member of a list must be. */
  bytes(field: number, value: Uint8Array): this {
    this.#room(value.length);
    this.#start -= value.length;
    this.#bytes.set(value, this.#start);
    return this.#head(field, value.length);
  }

  /** Makes all that was written since there were `end` bytes a nested message, the value of a field. */
  nested(field: number, end: number): this {
    return this.#head(field, this.length - end);
  }

  /** The message. Call it once, at the end. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#start);
  }

  /** Writes the tag and the length before a value of `length` bytes. */
  #head(field: number, length: number): this {
    this.#varint(length);
    this.#varint(field * 8 + BYTES);
    return this;
  }

  #varint(value: number): void {
    this.#room(MOST_VARINT_BYTES);
    let bytes = 1;
    for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
    this.#start -= bytes;
    let rest = value;
    for (let at = this.#start; at < this.#start + bytes - 1; at += 1) {
      this.#bytes[at] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#start + bytes - 1] = rest;
  }

  #largeVarint(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; bytes.length === 0 || rest > 0n; rest >>= 7n)
      bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    this.#room(bytes.length);
    this.#start -= bytes.length;
    this.#bytes.set(bytes, this.#start);
  }

  #room(more: number): void {
    if (this.#start >= more) return;
    const length = this.length;
    const larger = Buffer.allocUnsafe(Math.max(length + more, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(this.#start), larger.length - length);
    this.#bytes = larger;
    this.#start = larger.length - length;
  }
}

/**
 * The fields of one message. Each look-up walks through the bytes: most messages have three or four fields. Unknown fields
 * are skipped.
 */
export class MessageFields {
  readonly #message: Buffer;
  readonly #start: number;
  readonly #end: number;
  /** The offset at which the last number ends. */
  #after = 0;
  /** The field that was found last: its tag, the bytes [from, to) of its value, and the start of the next field. */
  #tag = 0;
  #from = 0;
  #to = 0;

  /** Reads the bytes [start, end) of a buffer. @throws RangeError for bytes that are not a message. */
  constructor(message: Uint8Array, start = 0, end = message.length) {
    this.#message = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    this.#start = start;
    this.#end = end;
    for (let at = start; at < end; at = this.#to) this.#readField(at);
  }

  /** The number of a field; 0 where it is left out. */
  number(field: number): number {
    return this.#find(field * 8 + VARINT) ? this.#numberAt(this.#from) : 0;
  }

  /** An unsigned identifier as a decimal number. */
  identifier(field: number): string {
    return this.#find(field * 8 + VARINT) ? String(this.#largeAt(this.#from)) : '0';
  }

  flag(field: number): boolean {
    return this.number(field) !== 0;
  }

  text(field: number): string {
    return this.#find(field * 8 + BYTES) ? this.#message.toString('utf8', this.#from, this.#to) : '';
  }

  bytes(field: number): Uint8Array {
    return this.#find(field * 8 + BYTES) ? this.#message.subarray(this.#from, this.#to) : new Uint8Array(0);
  }

  has(field: number): boolean {
    return this.#find(field * 8 + BYTES);
  }

  /** A nested message; one without fields where it is left out. */
  message(field: number): MessageFields {
    return this.#find(field * 8 + BYTES)
      ? new MessageFields(this.#message, this.#from, this.#to)
      : new MessageFields(this.#message, 0, 0);
  }

  messages(field: number): readonly MessageFields[] {
    const found: MessageFields[] = [];
    for (let at = this.#start; at < this.#end; at = this.#to) {
      this.#readField(at);
      if (this.#tag === field * 8 + BYTES) found.push(new MessageFields(this.#message, this.#from, this.#to));
    }
    return found;
  }

  /** Finds the last field with a tag: it is the one that counts. */
  #find(tag: number): boolean {
    let from = -1;
    let to = 0;
    for (let at = this.#start; at < this.#end; at = this.#to) {
      this.#readField(at);
      if (this.#tag !== tag) continue;
      from = this.#from;
      to = this.#to;
    }
    this.#from = from;
    this.#to = to;
    return from >= 0;
  }

  #readField(at: number): void {
    this.#tag = this.#numberAt(at);
    this.#from = this.#after;
    const kind = this.#tag % 8;
    if (kind === VARINT) this.#to = this.#endOfVarint(this.#from);
    else if (kind === BYTES) {
      const length = this.#numberAt(this.#from);
      this.#from = this.#after;
      this.#to = this.#from + length;
      if (length < 0) throw new RangeError('a field of negative length');
    } else if (kind === FIXED_64 || kind === FIXED_32) this.#to = this.#from + (kind === FIXED_64 ? 8 : 4);
    else throw new RangeError(`a field of wire type ${kind}`);
    if (this.#to > this.#end) throw new RangeError('a field leaves its message');
  }

  /** A signed number, as exact as a number can be. */
  #numberAt(start: number): number {
    const first = this.#message[start] ?? 0;
    if (first < 128 && start < this.#end) {
      this.#after = start + 1;
      return first;
    }
    const end = this.#endOfVarint(start);
    this.#after = end;
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
    for (let at = start; at < this.#end && at < start + MOST_VARINT_BYTES; at += 1)
      if ((this.#message[at] ?? 0) < 128) return at + 1;
    throw new RangeError('a number that does not end');
  }
}
