import { setImmediate as nextIteration } from 'node:timers/promises';

/** Rows that one read looks at. */
export const PAGE_ROWS = 5000;
/** A reader of fewer pages waits for nobody. One that reads more waits until those that came before it have ended. */
const SHORT = 4;

interface Reader {
  /** Readers are served in this order. */
  readonly order: number;
  pages: number;
}

interface WaitingRead {
  readonly order: number;
  /** Lets it read its next page. */
  begin(): void;
}

const READERS = new WeakMap<AbortSignal, Reader>();
const OF_LOW_PRIORITY = new WeakSet<AbortSignal>();
const WAITING_READS: WaitingRead[] = [];
/** Added to the order of a reader of low priority. There are never so many readers. */
const LOW_PRIORITY = 2 ** 50;
let readers = 0;
let isScheduled = false;

/** Long reads for this signal wait for all that are not of low priority, also for those that come later. */
export function setLowPriority(signal: AbortSignal): void {
  OF_LOW_PRIORITY.add(signal);
}

/**
 * To be called between two pages: lets other work have the thread. Short reads take pages alternately. Of long ones only the
 * oldest goes on: if all of them shared the thread, all would be late.
 *
 * @param signal Says for whom the pages are read: all reads with one signal are one reader.
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function betweenPages(signal: AbortSignal): Promise<void> {
  const reader = READERS.get(signal) ?? newReader(signal);
  reader.pages += 1;
  if (reader.pages < SHORT) await nextIteration();
  else await untilOldest(reader.order, signal);
  signal.throwIfAborted();
}

function newReader(signal: AbortSignal): Reader {
  readers += 1;
  const reader = { order: readers + (OF_LOW_PRIORITY.has(signal) ? LOW_PRIORITY : 0), pages: 0 };
  READERS.set(signal, reader);
  return reader;
}

/** Resolves when no older reader waits, or when nobody waits for the answer any more. */
function untilOldest(order: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const waiting: WaitingRead = { order, begin: end };
    const leave = () => {
      WAITING_READS.splice(WAITING_READS.indexOf(waiting), 1);
      end();
    };
    signal.addEventListener('abort', leave);
    WAITING_READS.push(waiting);
    schedule();
  });
}

/** One reader in each iteration of the event loop: the one that has just read a page waits again before the next is chosen. */
function schedule(): void {
  if (isScheduled || WAITING_READS.length === 0) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    const oldest = WAITING_READS.reduce<WaitingRead | undefined>(
      (first, each) => (first === undefined || each.order < first.order ? each : first),
      undefined,
    );
    if (oldest !== undefined) WAITING_READS.splice(WAITING_READS.indexOf(oldest), 1);
    oldest?.begin();
    schedule();
  });
}
