import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds. */
const PATIENCE = 15_000;
const ASK_EVERY = 500;

/** Asks an API until it does as it is asked: on a busy machine a gateway may be late. Throws what it threw last. */
export async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(ASK_EVERY);
    }
  }
}
