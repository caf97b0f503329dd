import type { JournalPosition } from './batch-reader.ts';
import {
  BATCH_HEADER_BYTES,
  type BatchFormat,
  headerAt,
  type JournalBatch,
  MAGIC_BYTES,
} from './journal-batch.ts';
import type { JournalHalf } from './journal-half.ts';

/** A whole batch, and its position in the journal. */
export interface FoundBatch extends JournalBatch, JournalPosition {}

/** Batches in a row: each begins where the one before it ends, and has the next sequence. */
export interface BatchExtent extends JournalPosition {
  /** Sequences of the first and the last batch. */
  readonly first: number;
  last: number;
  /** The offset behind the last batch. */
  end: number;
}

/** Batches that are neither in the journal nor in the lease file. */
export interface Loss {
  /** Sequences of the first and the last batch. */
  readonly first: number;
  readonly last: number;
  /** How many records they had at most; undefined: not known. */
  readonly records: number | undefined;
}

/** What a journal holds that is not in its lease file. */
export interface Recovered {
  /** In the order of the commits. */
  readonly extents: readonly BatchExtent[];
  /** The sequence of the newest batch, in the journal or in the lease file. */
  readonly newest: number;
  /** Where the next batch may be written, once all of this is safe elsewhere. */
  readonly writeAt: JournalPosition;
  readonly losses: readonly Loss[];
  /** The sequence of a batch behind the newest one that is not whole; its write may have been finished, or not. */
  readonly unfinished: number | undefined;
}

/**
 * Finds what a journal holds. FORMAT.md, "Recovery", has the rules.
 *
 * @param applied The sequence of the last batch that is in the lease file; undefined: the file does not know.
 */
export function recover(
  halves: readonly JournalHalf[],
  applied: number | undefined,
  format: BatchFormat,
): Recovered {
  const done = applied ?? 0;
  const scan = format.isOld ? oldBatchesIn : batchesIn;
  const found = halves.flatMap((contents, half) => scan(contents, half, done, format));
  const counted = withoutOverruled(found).sort((one, other) => one.sequence - other.sequence);
  const unapplied = counted.filter(({ sequence }) => sequence > done);
  const newest = counted.at(-1);
  return {
    extents: extentsOf(unapplied),
    newest: newest?.sequence ?? done,
    writeAt: unapplied.length === 0 ? { half: 0, offset: 0 } : behind(unapplied, halves),
    losses: lossesIn(counted, applied),
    unfinished: format.isOld ? undefined : unfinishedIn(halves, newest, done, format),
  };
}

/** Finds every whole batch at any offset. Behind damaged bytes it searches for the next one, byte by byte. */
function batchesIn(contents: JournalHalf, half: number, from: number, format: BatchFormat): FoundBatch[] {
  const found: FoundBatch[] = [];
  for (let offset = 0; offset >= 0; ) {
    const header = headerOf(contents, offset);
    if (header === undefined) break;
    const isWanted = header.hasMagic && header.sequence >= from;
    const batch = isWanted ? contents.batchAt(offset, format) : undefined;
    if (batch !== undefined) found.push({ ...batch, half, offset });
    offset = batch?.end ?? contents.indexOf(MAGIC_BYTES, offset + 1);
  }
  return found;
}

/** Formats 1 and 2: a batch is known to be new only if all batches from the start of the half to it are in a row. */
function oldBatchesIn(contents: JournalHalf, half: number, from: number, format: BatchFormat): FoundBatch[] {
  const found: FoundBatch[] = [];
  let last: FoundBatch | undefined;
  for (;;) {
    const offset: number = last?.end ?? 0;
    const batch = contents.batchAt(offset, format);
    if (batch === undefined || (last !== undefined && batch.sequence !== last.sequence + 1)) break;
    last = { ...batch, half, offset };
    if (batch.sequence >= from) found.push(last);
  }
  return found;
}

/**
 * Drops batches of earlier runs that a later run has overruled. A run of the program begins behind the last batch that it
 * found. It did not find what an earlier run wrote from there on, so nothing rests on that, even if it can be read now.
 */
function withoutOverruled(found: readonly FoundBatch[]): FoundBatch[] {
  const runs = runsIn(found);
  const counted = new Map<string, FoundBatch>();
  for (const batch of found) {
    const run = runs.findIndex((each) => isOfRun(batch, each));
    const next = runs[run + 1];
    if (run < 0 || (next !== undefined && batch.sequence >= next.runStart)) continue;
    // A write that failed is repeated with the same sequence: at the same position, or at the start of the other half.
    const name = `${run} ${batch.sequence}`;
    const other = counted.get(name);
    if (other === undefined || batch.offset === 0) counted.set(name, batch);
  }
  return [...counted.values()];
}

/** One batch of each run, by the start of the run. Of two runs with one start the one counts whose first batch is there. */
function runsIn(found: readonly FoundBatch[]): readonly FoundBatch[] {
  const byStart = new Map<number, FoundBatch>();
  for (const batch of found) {
    const other = byStart.get(batch.runStart);
    if (other === undefined || (batch.sequence === batch.runStart && other.sequence !== other.runStart))
      byStart.set(batch.runStart, batch);
  }
  return [...byStart.values()].sort((one, other) => one.runStart - other.runStart);
}

function isOfRun(batch: FoundBatch, { run, runStart }: FoundBatch): boolean {
  return batch.run === run && batch.runStart === runStart;
}

function extentsOf(batches: readonly FoundBatch[]): readonly BatchExtent[] {
  const extents: BatchExtent[] = [];
  for (const { half, offset, sequence, end } of batches) {
    const last = extents.at(-1);
    const goesOn = last?.half === half && last.end === offset && last.last + 1 === sequence;
    if (last === undefined || !goesOn) extents.push({ half, offset, first: sequence, last: sequence, end });
    else Object.assign(last, { last: sequence, end });
  }
  return extents;
}

/** The position behind the newest batch; the end of the half if what stands behind that batch is still needed. */
function behind(unapplied: readonly FoundBatch[], halves: readonly JournalHalf[]): JournalPosition {
  const { half, end } = unapplied.at(-1) ?? { half: 0, end: 0 };
  const isFull = unapplied.some((batch) => batch.half === half && batch.offset >= end);
  return { half, offset: isFull ? (halves[half]?.length ?? 0) : end };
}

function lossesIn(counted: readonly FoundBatch[], applied: number | undefined): readonly Loss[] {
  const losses: Loss[] = [];
  let before: FoundBatch | undefined;
  for (const batch of counted) {
    const last = before?.sequence ?? applied ?? batch.sequence - 1;
    const isMissed = applied !== undefined || (before !== undefined && isHole(before, batch));
    if (batch.sequence > last + 1 && isMissed)
      losses.push({ first: last + 1, last: batch.sequence - 1, records: lostBetween(before, batch, last) });
    before = batch;
  }
  return losses;
}

/** True: batches were written between these two. False: they were in the lease file, and were written over. */
function isHole(before: FoundBatch, next: FoundBatch): boolean {
  return before.half === next.half && before.end <= next.offset;
}

function lostBetween(before: FoundBatch | undefined, next: FoundBatch, last: number): number | undefined {
  if (before !== undefined && isOfRun(before, next))
    return next.recordsBefore - before.recordsBefore - before.records;
  return next.runStart <= last + 1 && next.run !== 0 ? next.recordsBefore : undefined;
}

/**
 * The sequence of a torn or damaged batch behind the newest one, or at the start of a half; undefined: there is none. Most
 * often its header is still there.
 */
function unfinishedIn(
  halves: readonly JournalHalf[],
  newest: FoundBatch | undefined,
  done: number,
  format: BatchFormat,
): number | undefined {
  const next = (newest?.sequence ?? done) + 1;
  const positions: JournalPosition[] = [0, 1].map((half) => ({ half, offset: 0 }));
  if (newest !== undefined) positions.push({ half: newest.half, offset: newest.end });
  const isThere = positions.some(({ half, offset }) => {
    const contents = halves[half];
    if (contents === undefined) return false;
    const header = headerOf(contents, offset);
    if (header === undefined || contents.batchAt(offset, format) !== undefined) return false;
    const marks = [
      header.hasMagic,
      header.sequence === next,
      newest !== undefined && header.run === newest.run,
      newest !== undefined && header.runStart === newest.runStart,
    ];
    const isBehind = newest !== undefined && half === newest.half && offset === newest.end;
    return (isBehind || header.sequence === next) && marks.filter(Boolean).length >= 2;
  });
  return isThere ? next : undefined;
}

function headerOf(contents: JournalHalf, offset: number): ReturnType<typeof headerAt> {
  const { view, at } = contents.viewAt(offset, BATCH_HEADER_BYTES);
  return headerAt(view, at);
}
