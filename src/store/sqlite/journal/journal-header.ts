import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** The first page of a journal; FORMAT.md has its layout. */
export const FILE_HEADER_BYTES = 4096;
const KIND = 'vps-gateway journal 3';
/** Journals of these formats are read once, at the start, and all in them is applied. */
const OLD_KINDS: readonly (string | undefined)[] = ['vps-gateway journal 1', 'vps-gateway journal 2'];

/** What the header of a journal says. */
export interface JournalHeader {
  readonly isOld: boolean;
  /** The id of the lease file that the journal belongs to. */
  readonly fileId: string;
  /** Bytes of each of its two halves. */
  readonly halfBytes: number;
}

/** The bytes of each half of a journal file of this size. Halves begin and end with a page of the disk. */
export function halfBytesOf(fileBytes: number): number {
  const bytes = Math.floor((fileBytes - FILE_HEADER_BYTES) / 2);
  return Math.max(0, bytes - (bytes % FILE_HEADER_BYTES));
}

export function headerOf(fileId: string, halfBytes: number): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const text = `${KIND}\n${fileId}\n${halfBytes}\n`;
  new TextEncoder().encodeInto(`${text}${crc32(text)}\n`, header);
  return header;
}

/** Undefined: there is no journal of ours, or its header is damaged. */
export function readHeader(journal: string): JournalHeader | undefined {
  const found = statSync(journal, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || found.size < FILE_HEADER_BYTES) return undefined;
  const page = new Uint8Array(FILE_HEADER_BYTES);
  const handle = openSync(journal, 'r');
  try {
    readSync(handle, page, 0, page.length, 0);
  } finally {
    closeSync(handle);
  }
  return parse(new TextDecoder().decode(page), found.size);
}

function parse(page: string, size: number): JournalHeader | undefined {
  const [kind, fileId = '', halfBytes, check] = page.split('\n');
  if (OLD_KINDS.includes(kind)) return { isOld: true, fileId, halfBytes: halfBytesOf(size) };
  if (kind !== KIND || Number(check) !== crc32(`${kind}\n${fileId}\n${halfBytes}\n`)) return undefined;
  return { isOld: false, fileId, halfBytes: Number(halfBytes) };
}
