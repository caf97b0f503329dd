import { existsSync, readFileSync } from 'node:fs';
import { batchAt, runIn, visitRecords } from './journal-batch.ts';
import { birthIn, FILE_HEADER_BYTES, halfOf, journalOf } from './journal-file.ts';
import { decodeRecord, type JournalRecord } from './journal-record.ts';

/**
 * What is in the journal of a lease file and not in the file itself, in the order of the commits; whether its server
 * runs or not. `carried`: the last batch that is in the file.
 */
export function readJournal(file: string, birth: string, carried: number): readonly JournalRecord[] {
  const journal = journalOf(file);
  if (!existsSync(journal) || birthIn(journal) !== birth) return [];
  const whole = readFileSync(journal);
  const half = halfOf(whole.length);
  const halves = [0, 1].map((number) => {
    const start = FILE_HEADER_BYTES + number * half;
    const bytes = whole.subarray(start, start + half);
    return { bytes, run: runIn(bytes, carried) };
  });
  return halves.sort((one, other) => one.run.last - other.run.last).flatMap(recordsOf);
}

function recordsOf({ bytes, run }: { bytes: Buffer<ArrayBuffer>; run: ReturnType<typeof runIn> }) {
  const records: JournalRecord[] = [];
  if (run.uncarried === undefined) return records;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = run.uncarried; at < run.end; ) {
    const batch = batchAt(bytes, view, at);
    if (batch === undefined) break;
    visitRecords(view, batch, (offset) => records.push(decodeRecord(bytes, view, offset)));
    at = batch.end;
  }
  return records;
}
