import { setTimeout as delay } from 'node:timers/promises';

const RETRY_EVERY = 100;

/** Attempts something again until it succeeds. When the time is over it throws what the last attempt threw. */
export async function untilSucceeds<Value>(
  attempt: () => Promise<Value>,
  milliseconds: number,
  retryEvery = RETRY_EVERY,
): Promise<Value> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(retryEvery);
    }
  }
}
