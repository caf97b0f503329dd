/**
 * Reads rows from a page of a SQLite file: https://www.sqlite.org/fileformat2.html §1.6 (B-tree pages) and §2.1 (record
 * format). It trusts no byte; a row that does not fit the format is skipped.
 */
export const PAGE_BYTES = 4096;

/** One row: its rowid, and its columns. A blob is undefined. */
export interface RawRow {
  readonly rowid: number;
  readonly columns: readonly (number | string | null | undefined)[];
}

const TABLE_LEAF = 0x0d;
const HEADER_BYTES = 8;
/** Page 1 begins with the file's header. */
const FILE_HEADER_BYTES = 100;
const TEXT = new TextDecoder();

/** The rows of a page that is the leaf of a table; no rows for another page. A row with overflow pages is skipped. */
export function rowsOfPage(page: DataView, isFirst: boolean): readonly RawRow[] {
  const start = isFirst ? FILE_HEADER_BYTES : 0;
  if (page.byteLength < start + HEADER_BYTES || page.getUint8(start) !== TABLE_LEAF) return [];
  const rows: RawRow[] = [];
  const cells = page.getUint16(start + 3);
  for (let cell = 0; cell < cells; cell += 1) {
    const pointer = start + HEADER_BYTES + cell * 2;
    if (pointer + 2 > page.byteLength) break;
    const row = rowAt(page, page.getUint16(pointer));
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function rowAt(page: DataView, offset: number): RawRow | undefined {
  const cursor = new Cursor(page, offset);
  const payload = cursor.varint();
  const rowid = cursor.varint();
  const end = cursor.offset + payload;
  if (cursor.failed || end > page.byteLength) return undefined;
  const bodyStart = cursor.offset + cursor.varint();
  const types: number[] = [];
  while (!cursor.failed && cursor.offset < bodyStart && bodyStart <= end) types.push(cursor.varint());
  if (cursor.failed || cursor.offset !== bodyStart) return undefined;
  const columns = types.map((type) => cursor.value(type));
  return cursor.failed || cursor.offset !== end ? undefined : { rowid, columns };
}

/** Reads forward through a page. A read beyond the page sets `failed`, which stays set. */
class Cursor {
  offset: number;
  failed = false;
  readonly #page: DataView;

  constructor(page: DataView, offset: number) {
    this.#page = page;
    this.offset = offset;
  }

  /** A number in up to nine bytes: seven bits of each, eight of the ninth. Fails beyond 2^53, which no value of ours is. */
  varint(): number {
    let value = 0;
    for (let length = 0; length < 8; length += 1) {
      const byte = this.#byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) break;
      if (length === 7) this.failed = true;
    }
    if (value > Number.MAX_SAFE_INTEGER) this.failed = true;
    return value;
  }

  /** The value of a column of this serial type. */
  value(type: number): number | string | null | undefined {
    if (type === 0) return null;
    if (type <= 6) return this.#integer(type < 5 ? type : type === 5 ? 6 : 8);
    if (type === 8 || type === 9) return type - 8;
    if (type === 7 || type < 12) return this.#skip(8);
    const length = (type - 12) >>> 1;
    return type % 2 === 1 ? this.#text(length) : this.#skip(length);
  }

  #byte(): number {
    if (this.offset >= this.#page.byteLength) this.failed = true;
    if (this.failed) return 0;
    this.offset += 1;
    return this.#page.getUint8(this.offset - 1);
  }

  /** Two's complement. Undefined beyond 2^53, which no value of ours is. */
  #integer(length: number): number | undefined {
    const first = this.#byte();
    let value = first < 128 ? first : first - 256;
    for (let at = 1; at < length; at += 1) value = value * 256 + this.#byte();
    return Number.isSafeInteger(value) ? value : undefined;
  }

  #text(length: number): string {
    const start = this.offset;
    this.#skip(length);
    if (this.failed) return '';
    return TEXT.decode(new Uint8Array(this.#page.buffer, this.#page.byteOffset + start, length));
  }

  #skip(length: number): undefined {
    if (this.offset + length > this.#page.byteLength) this.failed = true;
    else this.offset += length;
  }
}
