import { readFileSync } from 'node:fs';
import { batchAt, formatOf, visitRecords } from './journal-batch.ts';
import { halvesOf, journalOf } from './journal-file.ts';
import { JournalHalf } from './journal-half.ts';
import { readHeader } from './journal-header.ts';
import { decodeRecord, type JournalRecord } from './journal-record.ts';
import { recover } from './journal-recovery.ts';

/**
 * Reads the records that are in the journal of a lease file and not in the file itself, in the order of the commits. The
 * server may run meanwhile, or not.
 *
 * @param applied The sequence of the last batch that is in the lease file; undefined: the file does not know.
 */
export function readJournal(
  file: string,
  fileId: string,
  applied: number | undefined,
): readonly JournalRecord[] {
  const journal = journalOf(file);
  const header = readHeader(journal);
  if (header?.fileId !== fileId) return [];
  const halves = halvesOf(readFileSync(journal), header.halfBytes);
  const format = formatOf(fileId, header.isOld);
  const records: JournalRecord[] = [];
  for (const { half, offset, end } of recover(halves.map(JournalHalf.of), applied, format).extents) {
    const bytes = halves[half] ?? Buffer.alloc(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = offset; at < end; ) {
      const batch = batchAt(bytes, view, at, format);
      if (batch === undefined) break;
      visitRecords(view, batch, (recordAt) => records.push(decodeRecord(bytes, view, recordAt)));
      at = batch.end;
    }
  }
  return records;
}
