/** Bytes: larger ones cost little less, and smaller ones more, as each write is a change of thread there and back. */
export const PIECE_BYTES = 65_536;
/** Of UTF-8, for one unit of UTF-16 at the most. */
const BYTES_FOR_EACH = 3;

/** Lines as the bytes that are written, one behind the other. */
export class Piece {
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;
  #lines = 0;

  /** Has room for a line, however long. */
  constructor(line = '') {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, line.length * BYTES_FOR_EACH));
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

  /** The caller knows that there is room. */
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
