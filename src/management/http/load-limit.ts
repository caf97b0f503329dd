import type { MiddlewareHandler } from 'hono';
import type { ApiEnvironment } from './caller.ts';
import { unavailable } from './problem.ts';

/** Requests at work, and further ones that wait. */
const AT_WORK = 64;
const QUEUED = 256;
/** How long one request may take, its wait included: milliseconds. */
const LONGEST = 30_000;

/**
 * Bounds how many requests are at work, how many wait, and how long each takes.
 *
 * @returns Makes the check of one operation; all of them share the bounds. Its time is in milliseconds.
 */
export function limitLoad(
  atWork = AT_WORK,
  queued = QUEUED,
): (longest?: number) => MiddlewareHandler<ApiEnvironment> {
  let working = 0;
  const queue: (() => void)[] = [];
  return (longest = LONGEST) =>
    async (context, next) => {
      if (working >= atWork && queue.length >= queued)
        throw unavailable('too-busy', 'too many requests are at work and wait already');
      const { signal, end } = patience(longest, context.env.gone);
      context.set('signal', signal);
      try {
        if (working >= atWork) await turn(queue, signal);
        else working += 1;
        try {
          await Promise.race([next(), aborted(signal)]);
        } finally {
          // The slot goes to whoever waits longest, if anybody does.
          const first = queue.shift();
          if (first === undefined) working -= 1;
          else first();
        }
      } finally {
        end();
      }
    };
}

/**
 * A signal that is aborted after the time, or when the caller has gone. One of AbortSignal.timeout would keep all that the
 * request had in memory until its time is over, long after its answer.
 */
function patience(longest: number, gone: AbortSignal | undefined) {
  const over = new AbortController();
  const leave = () => over.abort(gone?.reason);
  const timer = setTimeout(() => over.abort(new DOMException('it took too long', 'TimeoutError')), longest);
  timer.unref();
  if (gone?.aborted) leave();
  else gone?.addEventListener('abort', leave, { once: true });
  const end = () => {
    clearTimeout(timer);
    gone?.removeEventListener('abort', leave);
  };
  return { signal: over.signal, end };
}

function turn(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      queue.splice(queue.indexOf(begin), 1);
      reject(tooLong());
    };
    const begin = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    signal.addEventListener('abort', leave);
    queue.push(begin);
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(tooLong()), { once: true }),
  );
}

export function tooLong() {
  return unavailable('took-too-long', 'the answer took too long; ask for less at once');
}
