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
import type { Instant } from '../../../lease/lease.ts';
import { codeOf } from '../disk/error-code.ts';
import { FILE_MODE, tighten } from '../disk/file-mode.ts';
import { stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { formatOf } from './journal-batch.ts';
import { JournalHalf } from './journal-half.ts';
import { FILE_HEADER_BYTES, halfOf, headerOf, readHeader } from './journal-header.ts';
import { recover } from './journal-recovery.ts';

/** Two halves of 16 MiB: over 100,000 leases each. */
export const JOURNAL_BYTES = FILE_HEADER_BYTES + 32 * 1024 * 1024;
const ZEROS = new Uint8Array(1024 * 1024);
/** A new journal is synced after so many bytes, so that no step of its making waits for all of them. */
const SYNC_BYTES = 4 * ZEROS.length;

export function journalOf(file: string): string {
  return `${file.replace(/\.sqlite$/, '')}.journal`;
}

/** What was wrong with a file that stood under the journal's name, and where it is now. */
export interface JournalAside {
  /** Undefined: it could not be copied. */
  readonly file: string | undefined;
  readonly reason: string;
}

/**
 * Sees to it that a lease file has its journal, in its whole size. What belongs to another lease file, or is no journal,
 * is renamed. One that is ours and lacks its header or its end is copied under another name and made whole in its place,
 * where all batches stay that are in it. Throws what the file system says.
 */
export function prepareJournal(
  file: string,
  birth: string,
  now: Instant,
  bytes: number,
): JournalAside | undefined {
  const journal = journalOf(file);
  const found = statSync(journal, { throwIfNoEntry: false });
  if (found === undefined) return makeWhole(journal, birth, bytes);
  const header = readHeader(journal);
  if (header !== undefined && header.birth !== birth) {
    const aside = renameAside(journal, 'other', now);
    makeWhole(journal, birth, bytes);
    return { file: aside, reason: 'it is of another lease file' };
  }
  const half = header?.half ?? halfOf(Math.max(found.size, bytes));
  const isCut = found.size < FILE_HEADER_BYTES + 2 * half || half === 0;
  if (header !== undefined && !isCut) {
    tighten(journal);
    return undefined;
  }

  const reason = found.isFile() ? reasonOf(header !== undefined, found.size) : 'it is not a file';
  if (half > 0 && found.isFile() && (header?.isOld === false || holdsBatches(journal, birth, half))) {
    const aside = copyAside(journal, 'damaged', now);
    mend(journal, birth, half, found.size);
    return { file: aside, reason };
  }
  const aside = renameAside(journal, 'damaged', now);
  makeWhole(journal, birth, bytes);
  return { file: aside, reason };
}

function reasonOf(hasHeader: boolean, size: number): string {
  if (hasHeader || size < FILE_HEADER_BYTES) return `it was cut to ${size} bytes`;
  return 'its header is damaged, or it is no journal';
}

/** The birth of the lease file that a journal belongs to; undefined: not a journal of ours, or not whole. */
export function birthIn(journal: string): string | undefined {
  return readHeader(journal)?.birth;
}

/**
 * Makes a journal of an older format one of this format, once all that is in it is safe in the lease file: an older
 * version then does not take its records for its own. Throws what the file system says.
 */
export function bringJournalUpToDate(journal: string): void {
  const header = readHeader(journal);
  if (header?.isOld === true) mend(journal, header.birth, header.half, Number.POSITIVE_INFINITY);
}

/** What a damaged journal looked like, under another name; undefined: there is no room for it. */
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
 * Makes an empty journal, written whole, so that no later write has to find room for it; in steps, each of a few
 * milliseconds. Nothing may stand under its name. Throws what the file system says.
 */
export function* makeJournal(journal: string, birth: string, bytes: number): Generator<undefined, void> {
  const unfinished = `${journal}.new`;
  const handle = openSync(unfinished, 'w', FILE_MODE);
  try {
    writeWhole(handle, headerOf(birth, halfOf(bytes)), 0);
    for (let at = FILE_HEADER_BYTES; at < bytes; at += ZEROS.length) {
      writeWhole(handle, ZEROS.subarray(0, Math.min(ZEROS.length, bytes - at)), at);
      if (at % SYNC_BYTES < ZEROS.length) fdatasyncSync(handle);
      yield;
    }
    fsyncSync(handle);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(unfinished, journal);
  syncDirectoryOf(journal);
}

function makeWhole(journal: string, birth: string, bytes: number): undefined {
  for (const _ of makeJournal(journal, birth, bytes));
}

function renameAside(journal: string, what: string, now: Instant): string {
  const aside = unusedName(`${journal}.${what}-${stampOf(now)}`);
  renameSync(journal, aside);
  return aside;
}

/** Whether a file without a header has batches of this lease file; their checksums know it. */
function holdsBatches(journal: string, birth: string, half: number): boolean {
  const bytes = readFileSync(journal);
  return (
    recover(halvesOf(bytes, half).map(JournalHalf.of), undefined, formatOf(birth, false)).stretches.length > 0
  );
}

/** The halves of a journal, as far as they are there. */
export function halvesOf(journal: Buffer<ArrayBuffer>, half: number): readonly Buffer<ArrayBuffer>[] {
  const second = FILE_HEADER_BYTES + half;
  return [journal.subarray(FILE_HEADER_BYTES, second), journal.subarray(second, second + half)];
}

/** In its place, and the same whenever it is done again: the power may go at any moment. */
function mend(journal: string, birth: string, half: number, size: number): void {
  const handle = openSync(journal, 'r+');
  try {
    const end = FILE_HEADER_BYTES + 2 * half;
    for (let at = size; at < end; at += ZEROS.length)
      writeWhole(handle, ZEROS.subarray(0, Math.min(ZEROS.length, end - at)), at);
    writeWhole(handle, headerOf(birth, half), 0);
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
