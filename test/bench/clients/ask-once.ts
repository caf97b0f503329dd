import { request } from 'node:http';
import { setTimeout as pass } from 'node:timers/promises';

/** How long it is asked again: milliseconds. */
const PATIENCE = 60_000;
const AGAIN = 5;

/** The status of an answer; undefined: nobody listens there. */
function statusOf(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

/** How long one answer takes: milliseconds. Throws if it is none. */
export async function timeOf(socketPath: string, path: string): Promise<number> {
  const begun = performance.now();
  const status = await statusOf(socketPath, path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return performance.now() - begun;
}

/** Asks until it is answered, and returns when that was: milliseconds, as performance.now() has them. */
export async function answeredAt(socketPath: string, path: string): Promise<number> {
  for (const end = performance.now() + PATIENCE; performance.now() < end; await pass(AGAIN))
    if ((await statusOf(socketPath, path)) === 200) return performance.now();
  throw new Error(`${path}: not answered`);
}
