import type { EventLog, LoggedEvent } from './event-log.ts';

/** A reader hears something at least this often, so that neither it nor a proxy takes the connection for broken: milliseconds. */
const QUIET = 15_000;
/** Events that one piece has at most. */
const PIECE = 64;
/** Events that a filter may pass over before others get their turn. */
const LOOKED_AT = 2000;
/** How long a client waits before it connects again: milliseconds. */
const RETRY = 2000;

export type EventFilter = (event: LoggedEvent) => boolean;

/**
 * The events of a log as server-sent events. Its head is there at once, before any event. Comments come with an id and no
 * event: a reader that resumes goes on from there, also if it has had no event yet. It is read as fast as its reader takes
 * it; one that is slower than the log is cut off when what it should get next is not kept any more.
 *
 * @param lastId Of the event that the reader had last; undefined or empty: it begins with what happens from now on.
 * @param ended Called once when it is over, for whatever reason.
 */
export function eventStream(
  log: EventLog,
  lastId: string | undefined,
  isWanted: EventFilter,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const isNew = lastId === undefined || lastId === '';
  const { from, missed } = isNew ? { from: log.next, missed: 0 } : log.resume(lastId);
  const isFor = isNew ? (event: LoggedEvent) => !event.wasUnfollowed && isWanted(event) : isWanted;
  let position = from;
  let quietUntil = 0;
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
        say(controller, `retry: ${RETRY}\n${comment('events of vps-gateway')}${gapText(missed)}`);
      },
      async pull(controller) {
        while (!isOver) {
          if (position < log.first) {
            end();
            controller.close(); // The reader was too slow; it resumes by its last id, and is told what it missed.
            return;
          }
          const [text, next] = pieceFrom(log, position, isFor);
          position = next;
          const left = quietUntil - performance.now();
          if (text !== '') return say(controller, text);
          if (left <= 0) return say(controller, comment('still there'));
          if (position < log.next) await new Promise((resolve) => setImmediate(resolve));
          else await more(log, left, (run) => (forget = run));
        }
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );

  function say(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    controller.enqueue(encoder.encode(text));
    quietUntil = performance.now() + QUIET;
  }

  function comment(text: string): string {
    return `: ${text}\nid: ${log.idOf(position - 1)}\n\n`;
  }
}

function gapText(missed: number | null): string {
  return missed === 0 ? '' : `event: missed\ndata: ${JSON.stringify({ missed })}\n\n`;
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

/** Until there is more in the log, or the time is over: milliseconds. */
function more(log: EventLog, time: number, forgets: (run: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(over, time);
    const forget = log.whenMore(over);
    forgets(over);
    function over() {
      clearTimeout(timer);
      forget();
      resolve();
    }
  });
}
