import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf } from '../../../errors.ts';
import { isDamage, NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { fitsHeader } from '../tables/schema.ts';

const DATABASE_HEADER_BYTES = 100;
const WAL_HEADER_BYTES = 32;
const WAL_MAGIC = 0x377f0682;

/**
 * What a quick check finds wrong with a lease file; undefined: nothing, or there is no file.
 *
 * @throws Error of SQLite or of the file system that is no sign of damage.
 */
export function damageOf(file: string): string | undefined {
  const walSize = sizeOf(`${file}-wal`);
  const size = sizeOf(file);
  if (size === undefined) return walSize ? 'the file is missing beside its WAL' : undefined;
  if (size === 0) return 'the file is empty';
  if (!beginsLikeDatabase(file)) return 'the file is not a database';
  if (walSize && !isWal(`${file}-wal`)) return 'the WAL beside it is not one';
  return problemOf(file, 'quick_check(1)');
}

/** What the full check finds wrong; undefined: nothing. It reads the whole file: for a process of its own. */
export function integrityProblemOf(file: string): string | undefined {
  return problemOf(file, 'integrity_check(1)');
}

/** Opens the file read-only, so that to close it leaves it as it was. */
function problemOf(file: string, check: string): string | undefined {
  let database: Database | undefined;
  try {
    database = openSqlite(file, { readonly: true, fileMustExist: true });
    const found = String(database.pragma(check, { simple: true }));
    if (found !== 'ok') return found;
    return fitsHeader(database) ? undefined : 'the header does not fit the tables';
  } catch (error) {
    if (isDamage(error)) return error instanceof Error ? error.message : String(error);
    if (codeOf(error) === NO_ROOM_FOR_INDEX) return undefined; // It can be checked only when the disk has room.
    throw error;
  } finally {
    database?.close();
  }
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

/** File format §1.3.1. SQLite itself takes some files that are cut within the header for new ones, and overwrites them. */
function beginsLikeDatabase(file: string): boolean {
  const bytes = firstBytes(file, DATABASE_HEADER_BYTES);
  if (bytes === undefined || new TextDecoder().decode(bytes.subarray(0, 16)) !== 'SQLite format 3\0')
    return false;
  const [writeVersion = 0, readVersion = 0] = bytes.subarray(18, 20);
  return writeVersion <= 2 && readVersion <= 2; // SQLite takes an unknown version for read-only.
}

/** https://www.sqlite.org/fileformat2.html §4.1. SQLite itself takes any other file for an empty WAL, and overwrites it. */
function isWal(file: string): boolean {
  const bytes = firstBytes(file, WAL_HEADER_BYTES);
  if (bytes === undefined) return false;
  const view = new DataView(bytes.buffer);
  const magic = view.getUint32(0);
  if ((magic & ~1) !== WAL_MAGIC) return bytes.every((byte) => byte === 0);
  return hasSoundChecksum(view, (magic & 1) === 0);
}

/** Undefined if the file is shorter. */
function firstBytes(file: string, count: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(count);
  const handle = openSync(file, 'r');
  try {
    return readSync(handle, bytes, 0, count, 0) === count ? bytes : undefined;
  } finally {
    closeSync(handle);
  }
}

/** True if the last two words of the header are the checksum of the six before. */
function hasSoundChecksum(header: DataView, isLittleEndian: boolean): boolean {
  let first = 0;
  let second = 0;
  for (let at = 0; at < 24; at += 8) {
    first = (first + header.getUint32(at, isLittleEndian) + second) >>> 0;
    second = (second + header.getUint32(at + 4, isLittleEndian) + first) >>> 0;
  }
  return first === header.getUint32(24) && second === header.getUint32(28);
}
