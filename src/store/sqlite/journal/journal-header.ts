import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** The first page of a journal; FORMAT.md has its layout. */
export const FILE_HEADER_BYTES = 4096;
const KIND = 'vps-gateway journal 3';
/** They are read once, at the start, and carried over whole. */
const OLD_KINDS: readonly (string | undefined)[] = ['vps-gateway journal 1', 'vps-gateway journal 2'];

/** What a journal says of itself. */
export interface JournalHeader {
  readonly isOld: boolean;
  /** Of the lease file that it belongs to. */
  readonly birth: string;
  /** Bytes of each of its halves. */
  readonly half: number;
}

/** The halves begin and end with a page of the disk. */
export function halfOf(fileBytes: number): number {
  const half = Math.floor((fileBytes - FILE_HEADER_BYTES) / 2);
  return Math.max(0, half - (half % FILE_HEADER_BYTES));
}

export function headerOf(birth: string, half: number): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const text = `${KIND}\n${birth}\n${half}\n`;
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
  const [kind, birth = '', half, check] = page.split('\n');
  if (OLD_KINDS.includes(kind)) return { isOld: true, birth, half: halfOf(size) };
  if (kind !== KIND || Number(check) !== crc32(`${kind}\n${birth}\n${half}\n`)) return undefined;
  return { isOld: false, birth, half: Number(half) };
}
