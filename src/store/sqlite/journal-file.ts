import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Instant } from '../../lease/lease.ts';
import { stampOf, syncDirectoryOf, unusedName } from './beside.ts';
import { FILE_MODE, tighten } from './file-mode.ts';

/** The first page of a journal: the text of its kind and version, then the birth of its lease file. */
export const FILE_HEADER_BYTES = 4096;
const KIND = 'vps-gateway journal 2';
/** Its records have no lengths of leases; they are read all the same. */
const FIRST_KIND = 'vps-gateway journal 1';
/** Two halves of 16 MiB: over 100,000 leases each. */
export const JOURNAL_BYTES = FILE_HEADER_BYTES + 32 * 1024 * 1024;
const ZEROS = new Uint8Array(1024 * 1024);
/** A new journal is synced after so many bytes, so that no step of its making waits for all of them. */
const SYNC_BYTES = 4 * ZEROS.length;

/** The halves begin and end with a page of the disk. */
export function halfOf(fileBytes: number): number {
  const half = Math.floor((fileBytes - FILE_HEADER_BYTES) / 2);
  return half - (half % FILE_HEADER_BYTES);
}

export function journalOf(file: string): string {
  return `${file.replace(/\.sqlite$/, '')}.journal`;
}

/**
 * Sees to it that a lease file has its journal, in its whole size. One that belongs to another lease file, or is none,
 * is put aside; its new name is returned. Throws what the file system says.
 */
export function prepareJournal(file: string, birth: string, now: Instant, bytes: number): string | undefined {
  const journal = journalOf(file);
  let aside: string | undefined;
  if (existsSync(journal)) {
    const of = birthIn(journal);
    if (of === birth) {
      tighten(journal);
      return undefined;
    }
    aside = unusedName(`${journal}.${of === undefined ? 'damaged' : 'other'}-${stampOf(now)}`);
    renameSync(journal, aside);
  }
  for (const _ of makeJournal(journal, birth, bytes));
  return aside;
}

/** The birth of the lease file that a journal belongs to; undefined: not a journal of ours, or not whole. */
export function birthIn(journal: string): string | undefined {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const handle = openSync(journal, 'r');
  try {
    if (readSync(handle, header, 0, header.length, 0) !== header.length) return undefined;
  } finally {
    closeSync(handle);
  }
  const [kind, birth] = new TextDecoder().decode(header).split('\n');
  const isWhole = statSync(journal).size > FILE_HEADER_BYTES;
  return isWhole && (kind === KIND || kind === FIRST_KIND) ? birth : undefined;
}

/**
 * Makes a journal of the first format one of this format, once all that is in it is safe in the lease file: an older
 * version then does not take its records for its own. Throws what the file system says.
 */
export function bringJournalUpToDate(journal: string): void {
  const kind = Buffer.alloc(FIRST_KIND.length);
  const handle = openSync(journal, 'r+');
  try {
    readSync(handle, kind, 0, kind.length, 0);
    if (kind.toString('latin1') === KIND) return;
    writeWhole(handle, new TextEncoder().encode(KIND), 0);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
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
    writeWhole(handle, headerOf(birth), 0);
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

function headerOf(birth: string): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  new TextEncoder().encodeInto(`${KIND}\n${birth}\n`, header);
  return header;
}

function writeWhole(handle: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(handle, bytes, done, bytes.length - done, position + done);
  }
}
