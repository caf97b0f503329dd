import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { Instant } from '../../../lease/lease.ts';
import { stampOf, syncDirectoryOf, unusedName } from '../disk/beside.ts';
import { NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { codeOf } from '../disk/error-code.ts';
import { birthIn, journalOf } from '../journal/journal-file.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { fitsHeader } from './schema.ts';

/** A damaged file that was put aside, and what could be read of it. */
export interface SetAside {
  /** Where it is now; its `-wal` and `-shm` are beside it. */
  readonly file: string;
  readonly reason: string;
  readonly salvaged: Salvaged;
}

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

export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');
}

/**
 * Makes a new file of what can be read of the damaged one, and puts it in its place; the damaged one is renamed. A
 * crash at any moment leaves either the damaged file in its place, or the whole new one for `finishSetAside`.
 */
export function setAside(file: string, reason: string, now: Instant): SetAside {
  const unfinished = `${file}.salvage`;
  for (const suffix of ['', '-journal']) rmSync(unfinished + suffix, { force: true });
  const journal = journalOf(file);
  const salvaged = salvage(file, unfinished, existsSync(journal) ? birthIn(journal) : undefined);
  renameSync(unfinished, `${file}.salvaged`);
  return { file: finishSetAside(file, now) ?? file, reason, salvaged };
}

/** Puts a salvaged file in place; returns the damaged one's name, undefined if there is nothing to finish. */
export function finishSetAside(file: string, now: Instant): string | undefined {
  const salvaged = `${file}.salvaged`;
  if (!existsSync(salvaged)) return undefined;
  const damaged = unusedName(`${file}.damaged-${stampOf(now)}`);
  syncDirectoryOf(file);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, damaged + suffix);
  }
  syncDirectoryOf(file);
  renameSync(salvaged, file);
  syncDirectoryOf(file);
  return damaged;
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
