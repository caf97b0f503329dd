import {
  BATCH_HEADER_BYTES,
  type BatchFormat,
  type BatchPlace,
  headerAt,
  MAGIC_BYTES,
} from './journal-batch.ts';
import type { JournalHalf } from './journal-half.ts';
import type { Place } from './journal-piece.ts';

/** A whole batch, and where in the journal it stands. */
export interface FoundBatch extends BatchPlace, Place {}

/** Batches one behind the other, each the next one. */
export interface Stretch extends Place {
  readonly first: number;
  last: number;
  /** Where the last one ends. */
  end: number;
}

/** Batches that are neither in the journal nor in the lease file. */
export interface Loss {
  readonly first: number;
  readonly last: number;
  /** What was in them, at most; undefined: nobody knows. */
  readonly records: number | undefined;
}

/** What a journal holds that is not in its lease file. */
export interface Recovered {
  /** In the order of the commits. */
  readonly stretches: readonly Stretch[];
  /** The newest batch, in the journal or in the lease file. */
  readonly newest: number;
  /** Where the next batch may be written, once all of this is safe elsewhere. */
  readonly writeAt: Place;
  readonly losses: readonly Loss[];
  /** A batch that begins behind the newest one and is not whole; nobody knows whether its write was ever finished. */
  readonly unfinished: number | undefined;
}

/** FORMAT.md has the rules. `carried`: the last batch that is in the lease file; undefined: it does not know. */
export function recover(
  halves: readonly JournalHalf[],
  carried: number | undefined,
  format: BatchFormat,
): Recovered {
  const done = carried ?? 0;
  const scan = format.isOld ? oldBatchesIn : batchesIn;
  const found = halves.flatMap((half, segment) => scan(half, segment, done, format));
  const standing = withoutOverruled(found).sort((one, other) => one.sequence - other.sequence);
  const uncarried = standing.filter(({ sequence }) => sequence > done);
  const newest = standing.at(-1);
  return {
    stretches: stretchesOf(uncarried),
    newest: newest?.sequence ?? done,
    writeAt: uncarried.length === 0 ? { segment: 0, offset: 0 } : behind(uncarried, halves),
    losses: lossesIn(standing, carried),
    unfinished: format.isOld ? undefined : unfinishedIn(halves, newest, done, format),
  };
}

/** Every whole batch, wherever it begins: what is damaged is searched for the next one, byte by byte. */
function batchesIn(half: JournalHalf, segment: number, from: number, format: BatchFormat): FoundBatch[] {
  const found: FoundBatch[] = [];
  for (let offset = 0; offset >= 0; ) {
    const header = headerOf(half, offset);
    if (header === undefined) break;
    const isWanted = header.hasMagic && header.sequence >= from;
    const batch = isWanted ? half.batchAt(offset, format) : undefined;
    if (batch !== undefined) found.push({ ...batch, segment, offset });
    offset = batch?.end ?? half.indexOf(MAGIC_BYTES, offset + 1);
  }
  return found;
}

/** Of the formats 1 and 2 only what follows the start of its half without a gap is known to be new. */
function oldBatchesIn(half: JournalHalf, segment: number, from: number, format: BatchFormat): FoundBatch[] {
  const found: FoundBatch[] = [];
  let last: FoundBatch | undefined;
  for (;;) {
    const offset: number = last?.end ?? 0;
    const batch = half.batchAt(offset, format);
    if (batch === undefined || (last !== undefined && batch.sequence !== last.sequence + 1)) break;
    last = { ...batch, segment, offset };
    if (batch.sequence >= from) found.push(last);
  }
  return found;
}

/**
 * A run of the program begins behind the last batch that it found. What an earlier run has written from there on was
 * not found then: nothing was built on it, and it counts no more, though it can be read now.
 */
function withoutOverruled(found: readonly FoundBatch[]): FoundBatch[] {
  const runs = runsIn(found);
  const counted = new Map<string, FoundBatch>();
  for (const batch of found) {
    const place = runs.findIndex((run) => isOfRun(batch, run));
    const next = runs[place + 1];
    if (place < 0 || (next !== undefined && batch.sequence >= next.began)) continue;
    // A write that failed is repeated with the same number: in its place, or at the start of the other half.
    const name = `${place} ${batch.sequence}`;
    const other = counted.get(name);
    if (other === undefined || batch.offset === 0) counted.set(name, batch);
  }
  return [...counted.values()];
}

/** By where they began. Of two that began with the same number the one counts whose first batch is there. */
function runsIn(found: readonly FoundBatch[]): readonly FoundBatch[] {
  const byStart = new Map<number, FoundBatch>();
  for (const batch of found) {
    const other = byStart.get(batch.began);
    if (other === undefined || (batch.sequence === batch.began && other.sequence !== other.began))
      byStart.set(batch.began, batch);
  }
  return [...byStart.values()].sort((one, other) => one.began - other.began);
}

function isOfRun(batch: FoundBatch, { run, began }: FoundBatch): boolean {
  return batch.run === run && batch.began === began;
}

function stretchesOf(batches: readonly FoundBatch[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const { segment, offset, sequence, end } of batches) {
    const last = stretches.at(-1);
    const goesOn = last?.segment === segment && last.end === offset && last.last + 1 === sequence;
    if (last === undefined || !goesOn)
      stretches.push({ segment, offset, first: sequence, last: sequence, end });
    else Object.assign(last, { last: sequence, end });
  }
  return stretches;
}

/** Behind the newest batch; the half is full if something stands there that is still needed. */
function behind(uncarried: readonly FoundBatch[], halves: readonly JournalHalf[]): Place {
  const { segment, end } = uncarried.at(-1) ?? { segment: 0, end: 0 };
  const isFull = uncarried.some((batch) => batch.segment === segment && batch.offset >= end);
  return { segment, offset: isFull ? (halves[segment]?.length ?? 0) : end };
}

function lossesIn(standing: readonly FoundBatch[], carried: number | undefined): readonly Loss[] {
  const losses: Loss[] = [];
  let before: FoundBatch | undefined;
  for (const batch of standing) {
    const last = before?.sequence ?? carried ?? batch.sequence - 1;
    const isMissed = carried !== undefined || (before !== undefined && isHole(before, batch));
    if (batch.sequence > last + 1 && isMissed)
      losses.push({ first: last + 1, last: batch.sequence - 1, records: lostBetween(before, batch, last) });
    before = batch;
  }
  return losses;
}

/** True: what is between them was written between them; false: it was written over, once it was in the lease file. */
function isHole(before: FoundBatch, next: FoundBatch): boolean {
  return before.segment === next.segment && before.end <= next.offset;
}

function lostBetween(before: FoundBatch | undefined, next: FoundBatch, last: number): number | undefined {
  if (before !== undefined && isOfRun(before, next))
    return next.recordsBefore - before.recordsBefore - before.records;
  return next.began <= last + 1 && next.run !== 0 ? next.recordsBefore : undefined;
}

/** A batch that was torn or damaged has its header, most often: behind the newest batch, or at the start of a half. */
function unfinishedIn(
  halves: readonly JournalHalf[],
  newest: FoundBatch | undefined,
  done: number,
  format: BatchFormat,
): number | undefined {
  const next = (newest?.sequence ?? done) + 1;
  const places: Place[] = [0, 1].map((segment) => ({ segment, offset: 0 }));
  if (newest !== undefined) places.push({ segment: newest.segment, offset: newest.end });
  const isThere = places.some(({ segment, offset }) => {
    const half = halves[segment];
    if (half === undefined) return false;
    const header = headerOf(half, offset);
    if (header === undefined || half.batchAt(offset, format) !== undefined) return false;
    const marks = [
      header.hasMagic,
      header.sequence === next,
      newest !== undefined && header.run === newest.run,
      newest !== undefined && header.began === newest.began,
    ];
    const isBehind = newest !== undefined && segment === newest.segment && offset === newest.end;
    return (isBehind || header.sequence === next) && marks.filter(Boolean).length >= 2;
  });
  return isThere ? next : undefined;
}

function headerOf(half: JournalHalf, offset: number): ReturnType<typeof headerAt> {
  const { view, at } = half.viewAt(offset, BATCH_HEADER_BYTES);
  return headerAt(view, at);
}
