import { setTimeout as delay } from 'node:timers/promises';

const RETRY_EVERY = 100;

/**
 * Attempts something again until it succeeds.
 *
 * @throws what the last attempt threw, when the time is over.
 */
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
