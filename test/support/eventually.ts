import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY = 100;

/** Waits until something is there, and returns it; throws what was waited for, and the story, if it takes too long. */
export async function eventually<Found>(
  what: string,
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
  milliseconds = 30_000,
  story: () => string = () => '',
): Promise<Found> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${milliseconds} ms passed before ${what}\n${story()}`);
    await delay(ASK_EVERY);
  }
}
