import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { codeOf } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import { FILE_MODE, tighten } from '../disk/file-mode.ts';
import { stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { formatOf } from './journal-batch.ts';
import { JournalHalf } from './journal-half.ts';
import { FILE_HEADER_BYTES, halfBytesOf, headerOf, readHeader } from './journal-header.ts';
import { recover } from './journal-recovery.ts';

/** Two halves of 16 MiB: over 80,000 leases each, of 140 to 200 bytes. */
export const JOURNAL_BYTES = FILE_HEADER_BYTES + 32 * 1024 * 1024;
/** Two halves of 1 MiB: of a journal that a start makes, since a start waits for the disk. `JournalGrowth` makes it larger later. */
export const FIRST_JOURNAL_BYTES = FILE_HEADER_BYTES + 2 * 1024 * 1024;
/** Written by one step, and synced, so that no step waits for all of a new journal. */
const ZEROS = new Uint8Array(1024 * 1024);

export function journalOf(file: string): string {
  return `${file.replace(/\.sqlite$/, '')}.journal`;
}

/** Where a journal is made, until it is whole. */
export function unfinishedOf(journal: string): string {
  return `${journal}.new`;
}

/** Removes what was written of a journal that did not get its name. What cannot be removed makes the next attempt fail. */
export function removeUnfinished(journal: string): void {
  try {
    rmSync(unfinishedOf(journal), { force: true });
  } catch {
    // A directory, or a disk that takes no change now.
  }
}

/** What a start has found of the journal, or made. */
export interface PreparedJournal {
  /** True: it was made just now, so nothing is in it. */
  readonly isNew: boolean;
  /** The file that was not usable; undefined: there was none. */
  readonly aside?: JournalAside;
}

/** A file under the journal's name that was not usable as it was. */
export interface JournalAside {
  /** Its copy, or its new name; undefined: it could not be copied. */
  readonly file: string | undefined;
  readonly reason: string;
}

/**
 * Makes sure that a lease file has its journal. One that it makes is small: see `JournalGrowth`. A file that belongs to another
 * lease file, or is no journal, is renamed, and a new journal is made. A journal of this lease file without its header or its
 * end is copied to another name and repaired in its place, with all its batches.
 *
 * @param bytes The whole size of a journal.
 * @throws Error of the file system.
 */
export function prepareJournal(file: string, fileId: string, now: Instant, bytes: number): PreparedJournal {
  const journal = journalOf(file);
  removeUnfinished(journal); // An earlier process may have ended before it was whole.
  const found = statSync(journal, { throwIfNoEntry: false });
  if (found === undefined) {
    create(journal, fileId, bytes);
    return { isNew: true };
  }
  const header = readHeader(journal);
  if (header !== undefined && header.fileId !== fileId) {
    const aside = renameAside(journal, 'other', now);
    create(journal, fileId, bytes);
    return { isNew: true, aside: { file: aside, reason: 'it is of another lease file' } };
  }
  const isFirst = found.size === FIRST_JOURNAL_BYTES; // The small one, if its header is all that it has lost.
  const halfBytes = header?.halfBytes ?? halfBytesOf(isFirst ? found.size : Math.max(found.size, bytes));
  const isCut = found.size < FILE_HEADER_BYTES + 2 * halfBytes || halfBytes === 0;
  if (header !== undefined && !isCut) {
    tighten(journal);
    return { isNew: false };
  }

  const reason = found.isFile() ? reasonOf(header !== undefined, found.size) : 'it is not a file';
  if (
    halfBytes > 0 &&
    found.isFile() &&
    (header?.isOld === false || holdsBatches(journal, fileId, halfBytes))
  ) {
    const aside = copyAside(journal, 'damaged', now);
    repair(journal, fileId, halfBytes, found.size);
    return { isNew: false, aside: { file: aside, reason } };
  }
  const aside = renameAside(journal, 'damaged', now);
  create(journal, fileId, bytes);
  return { isNew: true, aside: { file: aside, reason } };
}

function reasonOf(hasHeader: boolean, size: number): string {
  if (hasHeader || size < FILE_HEADER_BYTES) return `it was cut to ${size} bytes`;
  return 'its header is damaged, or it is no journal';
}

/** The id of the lease file that a journal belongs to; undefined: not a journal of ours, or its header is damaged. */
export function fileIdIn(journal: string): string | undefined {
  return readHeader(journal)?.fileId;
}

/**
 * Rewrites the header of a journal of an older format in this format, so that an older version of the program does not
 * take its records for its own. All records in it must be safe in the lease file.
 *
 * @throws Error of the file system.
 */
export function bringJournalUpToDate(journal: string): void {
  const header = readHeader(journal);
  if (header?.isOld === true) repair(journal, header.fileId, header.halfBytes, Number.POSITIVE_INFINITY);
}

/**
 * Copies a damaged journal, and returns the copy's name; undefined: the disk has no room, or cannot read it.
 *
 * @throws Error of the file system, where it is another one.
 */
export function copyAside(journal: string, what: string, now: Instant): string | undefined {
  const aside = unusedName(`${journal}.${what}-${stampOf(now)}`);
  try {
    writeSynced(aside, readFileSync(journal));
    return aside;
  } catch (error) {
    rmSync(aside, { force: true });
    if (['ENOSPC', 'EDQUOT', 'EIO'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/**
 * Makes an empty journal in steps of a few milliseconds. There must be no file of that name.
 *
 * @throws Error of the file system.
 */
export function* makeJournal(journal: string, fileId: string, bytes: number): Generator<undefined, void> {
  yield* writeJournal(journal, fileId, bytes);
  try {
    putInPlace(journal);
  } catch (error) {
    rmSync(journal, { force: true }); // Else it would be in the way of the next attempt.
    throw error;
  }
}

/**
 * Writes an empty journal under the name that `unfinishedOf` gives, in steps of a few milliseconds. All its bytes are written,
 * so that no later write needs room. What has that name already is removed first. If it is not run to its end, the file is
 * removed.
 *
 * @throws Error of the file system.
 */
export function* writeJournal(journal: string, fileId: string, bytes: number): Generator<undefined, void> {
  let isWhole = false;
  removeUnfinished(journal);
  const handle = openSync(unfinishedOf(journal), 'wx', FILE_MODE); // `wx` follows no symbolic link.
  try {
    writeWhole(handle, headerOf(fileId, halfBytesOf(bytes)), 0);
    for (let at = FILE_HEADER_BYTES; at < bytes; at += ZEROS.length) {
      writeWhole(handle, ZEROS.subarray(0, Math.min(ZEROS.length, bytes - at)), at);
      fdatasyncSync(handle);
      yield;
    }
    fsyncSync(handle);
    isWhole = true;
  } finally {
    closeSync(handle);
    if (!isWhole) removeUnfinished(journal);
  }
}

/**
 * Renames the journal that `writeJournal` has written to its own name, durably. The file that had the name is gone then.
 *
 * @throws Error of the file system. The new file may have the name by then; a loss of power may undo that.
 */
export function putInPlace(journal: string): void {
  renameSync(unfinishedOf(journal), journal);
  syncDirectoryOf(journal);
}

function create(journal: string, fileId: string, bytes: number): void {
  for (const _ of makeJournal(journal, fileId, Math.min(bytes, FIRST_JOURNAL_BYTES)));
}

function renameAside(journal: string, what: string, now: Instant): string {
  const aside = unusedName(`${journal}.${what}-${stampOf(now)}`);
  renameSync(journal, aside);
  return aside;
}

/** True if a file without a header has batches of this lease file, by their checksums. */
function holdsBatches(journal: string, fileId: string, halfBytes: number): boolean {
  const bytes = readFileSync(journal);
  return (
    recover(halvesOf(bytes, halfBytes).map(JournalHalf.of), undefined, formatOf(fileId, false)).extents
      .length > 0
  );
}

/** The halves of a journal; shorter where the file is cut. */
export function halvesOf(journal: Buffer<ArrayBuffer>, halfBytes: number): readonly Buffer<ArrayBuffer>[] {
  const second = FILE_HEADER_BYTES + halfBytes;
  return [journal.subarray(FILE_HEADER_BYTES, second), journal.subarray(second, second + halfBytes)];
}

/** In place. It can be done again after a loss of power at any moment, with the same result. */
function repair(journal: string, fileId: string, halfBytes: number, size: number): void {
  const handle = openSync(journal, 'r+');
  try {
    const end = FILE_HEADER_BYTES + 2 * halfBytes;
    for (let at = size; at < end; at += ZEROS.length)
      writeWhole(handle, ZEROS.subarray(0, Math.min(ZEROS.length, end - at)), at);
    writeWhole(handle, headerOf(fileId, halfBytes), 0);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function writeSynced(file: string, bytes: Uint8Array): void {
  const handle = openSync(file, 'wx', FILE_MODE);
  try {
    writeWhole(handle, bytes, 0);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  syncDirectoryOf(file);
}

function writeWhole(handle: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(handle, bytes, done, bytes.length - done, position + done);
  }
}
