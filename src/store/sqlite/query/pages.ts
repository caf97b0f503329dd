import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows that one read looks at. */
export const PAGE_ROWS = 5000;
/** So many pages are read beside those of others; whoever reads more of them waits for whoever came before. */
const SHORT = 4;

interface Reader {
  /** Its place among all that have come; whoever gives way has one behind all others. */
  readonly place: number;
  pages: number;
}

interface Waiting {
  readonly place: number;
  begin(): void;
}

const READERS = new WeakMap<AbortSignal, Reader>();
const GIVING_WAY = new WeakSet<AbortSignal>();
const WAITING: Waiting[] = [];
/** More than are ever given. */
const BEHIND_ALL = 2 ** 50;
let placesGiven = 0;
let isGivingTurns = false;

/** Long reads for this one wait for all others that are not said to give way, also for those that come later. */
export function giveWay(signal: AbortSignal): void {
  GIVING_WAY.add(signal);
}

/**
 * Between two pages: lets others have the thread. Short reads go on by turns. Of long ones the oldest goes on alone: if all
 * of them shared the thread, all would be late.
 *
 * @param signal Tells whom the pages are read for: all reads with one signal are one reader.
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function betweenPages(signal: AbortSignal): Promise<void> {
  const reader = READERS.get(signal) ?? newReader(signal);
  reader.pages += 1;
  if (reader.pages < SHORT) await nextTurn();
  else await turnOf(reader.place, signal);
  signal.throwIfAborted();
}

function newReader(signal: AbortSignal): Reader {
  placesGiven += 1;
  const reader = { place: placesGiven + (GIVING_WAY.has(signal) ? BEHIND_ALL : 0), pages: 0 };
  READERS.set(signal, reader);
  return reader;
}

/** Ends when no older reader waits, or when nobody waits for the answer. */
function turnOf(place: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const waiting: Waiting = { place, begin: end };
    const leave = () => {
      WAITING.splice(WAITING.indexOf(waiting), 1);
      end();
    };
    signal.addEventListener('abort', leave);
    WAITING.push(waiting);
    giveTurns();
  });
}

/** Whoever has a turn is back for its next page before the following one is given. */
function giveTurns(): void {
  if (isGivingTurns || WAITING.length === 0) return;
  isGivingTurns = true;
  setImmediate(() => {
    isGivingTurns = false;
    const oldest = WAITING.reduce<Waiting | undefined>(
      (first, each) => (first === undefined || each.place < first.place ? each : first),
      undefined,
    );
    if (oldest !== undefined) WAITING.splice(WAITING.indexOf(oldest), 1);
    oldest?.begin();
    giveTurns();
  });
}
