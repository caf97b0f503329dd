import { readFileSync } from 'node:fs';
import { batchAt, formatOf, visitRecords } from './journal-batch.ts';
import { halvesOf, journalOf } from './journal-file.ts';
import { JournalHalf } from './journal-half.ts';
import { readHeader } from './journal-header.ts';
import { decodeRecord, type JournalRecord } from './journal-record.ts';
import { recover } from './journal-recovery.ts';

/**
 * What is in the journal of a lease file and not in the file itself, in the order of the commits; whether its server
 * runs or not. `carried`: the last batch that is in the file; undefined: it does not know.
 */
export function readJournal(
  file: string,
  birth: string,
  carried: number | undefined,
): readonly JournalRecord[] {
  const journal = journalOf(file);
  const header = readHeader(journal);
  if (header?.birth !== birth) return [];
  const halves = halvesOf(readFileSync(journal), header.half);
  const format = formatOf(birth, header.isOld);
  const records: JournalRecord[] = [];
  for (const { segment, offset, end } of recover(halves.map(JournalHalf.of), carried, format).stretches) {
    const bytes = halves[segment] ?? Buffer.alloc(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = offset; at < end; ) {
      const batch = batchAt(bytes, view, at, format);
      if (batch === undefined) break;
      visitRecords(view, batch, (place) => records.push(decodeRecord(bytes, view, place)));
      at = batch.end;
    }
  }
  return records;
}
