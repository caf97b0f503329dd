import { askItems } from '../api/client.js';
import { useAnswer } from '../api/use-answer.js';
import { useEffect } from '../html.js';
import { Signal } from '../state/signal.js';

/** @import { Guest } from '../types.d.ts' */

/** So many are shown at most. */
const MOST = 100;

/** The guests with which something is wrong. @type {Signal<readonly Guest[]>} */
export const guestsWithWarnings = new Signal(/** @type {readonly Guest[]} */ ([]));

/** Keeps them up to date, for all that show them. */
export function useGuestWarnings() {
  const answer = useAnswer('guest warnings', (signal) =>
    askItems('guests', { query: { warning: 'true', limit: MOST }, signal }),
  );
  useEffect(() => guestsWithWarnings.set(answer.value ?? []), [answer.value]);
}
