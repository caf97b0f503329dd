import { setImmediate } from 'node:timers/promises';

/** Rows that one read looks at. */
export const PAGE_ROWS = 5000;

/**
 * Between two pages: lets others have the thread.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function betweenPages(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
