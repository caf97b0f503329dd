/** Bytes of a buffer. Larger ones save little; smaller ones cost more, since each write wakes another thread and comes back. */
export const LINE_BUFFER_BYTES = 65_536;
/** The most bytes of UTF-8 that one unit of UTF-16 takes. */
const BYTES_FOR_EACH = 3;

/** Log lines as bytes, one behind the other, for one or several writes. */
export class LineBuffer {
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;
  #lines = 0;

  /** @param line The buffer has room for it, however long it is. */
  constructor(line = '') {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(LINE_BUFFER_BYTES, line.length * BYTES_FOR_EACH));
  }

  get size(): number {
    return this.#bytes.length;
  }

  get lines(): number {
    return this.#lines;
  }

  hasRoom(line: string): boolean {
    return line.length * BYTES_FOR_EACH <= this.#bytes.length - this.#end;
  }

  /** Call it only after `hasRoom` has said yes. */
  add(line: string): void {
    this.#end += this.#bytes.write(line, this.#end);
    this.#lines += 1;
  }

  /** What is still to be written. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get isWritten(): boolean {
    return this.#start === this.#end;
  }

  wrote(bytes: number): void {
    this.#start += bytes;
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
    this.#lines = 0;
  }
}
