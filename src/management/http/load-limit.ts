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
      const timeout = AbortSignal.timeout(longest);
      const { gone } = context.env;
      const signal = gone === undefined ? timeout : AbortSignal.any([timeout, gone]);
      context.set('signal', signal);
      if (working >= atWork) {
        if (queue.length >= queued)
          throw unavailable('too-busy', 'too many requests are at work and wait already');
        await turn(queue, signal);
      } else working += 1;
      try {
        await Promise.race([next(), aborted(signal)]);
      } finally {
        // The place goes to whoever waits longest, if anybody does.
        const first = queue.shift();
        if (first === undefined) working -= 1;
        else first();
      }
    };
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
