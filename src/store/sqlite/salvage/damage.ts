import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { isDamage, NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { codeOf } from '../disk/error-code.ts';
import { fitsHeader } from '../tables/schema.ts';

const DATABASE_HEADER_BYTES = 100;
const WAL_HEADER_BYTES = 32;
const WAL_MAGIC = 0x377f0682;

/** What is wrong with a lease file, as far as a quick check finds it; undefined: nothing, or there is no file. */
export function damageOf(file: string): string | undefined {
  const walSize = sizeOf(`${file}-wal`);
  const size = sizeOf(file);
  if (size === undefined) return walSize ? 'the file is missing beside its WAL' : undefined;
  if (size === 0) return 'the file is empty';
  if (!beginsLikeDatabase(file)) return 'the file is not a database';
  if (walSize && !isWal(`${file}-wal`)) return 'the WAL beside it is not one';
  return problemOf(file, 'quick_check(1)');
}

/** The full check, for a thread of its own: it reads everything. Undefined: sound. */
export function integrityProblemOf(file: string): string | undefined {
  return problemOf(file, 'integrity_check(1)');
}

/** Read-only, so that closing it leaves the file as it was. Throws what is no damage. */
function problemOf(file: string, check: string): string | undefined {
  let database: Database | undefined;
  try {
    database = openSqlite(file, { readonly: true, fileMustExist: true });
    const found = String(database.pragma(check, { simple: true }));
    if (found !== 'ok') return found;
    return fitsHeader(database) ? undefined : 'the header does not fit the tables';
  } catch (error) {
    if (isDamage(error)) return error instanceof Error ? error.message : String(error);
    if (codeOf(error) === NO_ROOM_FOR_INDEX) return undefined; // It cannot be checked before there is room.
    throw error;
  } finally {
    database?.close();
  }
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

/** File format §1.3.1. SQLite itself takes some files that are cut within it for new ones, and overwrites them. */
function beginsLikeDatabase(file: string): boolean {
  const bytes = firstBytes(file, DATABASE_HEADER_BYTES);
  if (bytes === undefined || new TextDecoder().decode(bytes.subarray(0, 16)) !== 'SQLite format 3\0')
    return false;
  const [writeVersion = 0, readVersion = 0] = bytes.subarray(18, 20);
  return writeVersion <= 2 && readVersion <= 2; // One of an unknown version would be taken for read-only.
}

/** https://www.sqlite.org/fileformat2.html §4.1; SQLite itself takes what is no WAL for an empty one, and overwrites it. */
function isWal(file: string): boolean {
  const bytes = firstBytes(file, WAL_HEADER_BYTES);
  if (bytes === undefined) return false;
  const view = new DataView(bytes.buffer);
  const magic = view.getUint32(0);
  if ((magic & ~1) !== WAL_MAGIC) return bytes.every((byte) => byte === 0);
  return hasSoundChecksum(view, (magic & 1) === 0);
}

/** Undefined if the file has not so many. */
function firstBytes(file: string, count: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(count);
  const handle = openSync(file, 'r');
  try {
    return readSync(handle, bytes, 0, count, 0) === count ? bytes : undefined;
  } finally {
    closeSync(handle);
  }
}

/** The last two words are the checksum of the six before. */
function hasSoundChecksum(header: DataView, isLittleEndian: boolean): boolean {
  let first = 0;
  let second = 0;
  for (let at = 0; at < 24; at += 8) {
    first = (first + header.getUint32(at, isLittleEndian) + second) >>> 0;
    second = (second + header.getUint32(at + 4, isLittleEndian) + first) >>> 0;
  }
  return first === header.getUint32(24) && second === header.getUint32(28);
}
