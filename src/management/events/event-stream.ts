import type { EventLog, LoggedEvent } from './event-log.ts';

/** A comment is sent when nothing else was for this time, so that a proxy keeps the connection: milliseconds. */
const QUIET = 15_000;
/** Events that one piece has at most. */
const PIECE = 64;
/** Events that a filter may pass over before others get their turn. */
const LOOKED_AT = 2000;
/** How long a client waits before it connects again: milliseconds. */
const RETRY = 2000;

export type EventFilter = (event: LoggedEvent) => boolean;

/**
 * The events of a log as server-sent events. It is read as fast as its reader takes it; one that is slower than the log
 * is cut off when what it should get next is not kept any more.
 *
 * @param ended Called once when it is over, for whatever reason.
 */
export function eventStream(
  log: EventLog,
  lastId: string | undefined,
  isWanted: EventFilter,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const { from, missed } = log.resume(lastId);
  let position = from;
  let isOver = false;
  let forget: () => void = () => {};
  const end = () => {
    if (isOver) return;
    isOver = true;
    forget();
    ended();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const gap = missed === 0 ? '' : `event: missed\ndata: ${JSON.stringify({ missed })}\n\n`;
        controller.enqueue(encoder.encode(`retry: ${RETRY}\n: events of vps-gateway\n\n${gap}`));
      },
      async pull(controller) {
        for (;;) {
          if (isOver) return;
          if (position < log.first) {
            end();
            controller.close(); // The reader was too slow; it resumes by its last id, and is told what it missed.
            return;
          }
          const [text, next] = pieceFrom(log, position, isWanted);
          position = next;
          if (text !== '') {
            controller.enqueue(encoder.encode(text));
            return;
          }
          if (position < log.next) {
            await new Promise((resolve) => setImmediate(resolve));
            continue;
          }
          if (!(await more(log, (run) => (forget = run)))) {
            if (!isOver) controller.enqueue(encoder.encode(': still there\n\n'));
            return;
          }
        }
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

/** The frames from a position on that are wanted, and the position behind them. */
function pieceFrom(log: EventLog, position: number, isWanted: EventFilter): readonly [string, number] {
  let text = '';
  let taken = 0;
  const last = Math.min(log.next, position + LOOKED_AT);
  let next = position;
  while (next < last && taken < PIECE) {
    const event = log.at(next);
    next += 1;
    if (event === undefined || !isWanted(event)) continue;
    text += event.frame;
    taken += 1;
  }
  return [text, next];
}

/** False: nothing came for a while. */
function more(log: EventLog, forgets: (run: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve(false);
    }, QUIET);
    const forget = log.whenMore(() => {
      clearTimeout(timer);
      resolve(true);
    });
    forgets(() => {
      clearTimeout(timer);
      forget();
      resolve(true);
    });
  });
}
