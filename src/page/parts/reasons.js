import { Signal } from '../state/signal.js';

/** @typedef {{ kind: 'reply' | 'refusal' | 'change' | 'wait' | 'silence', means: string, remedy?: string, isOrdered?: true }} ReasonWords */

/** What each reason word means: the table of the server itself. @type {Signal<Readonly<Record<string, ReasonWords>>>} */
export const reasons = new Signal(/** @type {Readonly<Record<string, ReasonWords>>} */ ({}));

let isAsked = false;

export async function loadReasons() {
  if (isAsked) return;
  isAsked = true;
  try {
    const answer = await fetch(new URL('../text/reasons.json', import.meta.url));
    reasons.set(await answer.json());
  } catch {
    isAsked = false;
  }
}

/**
 * Whether a row of the history is about an address that its guest has left: the reason is that of the address which the guest has
 * got by the same change.
 *
 * @param {string} event
 * @param {string} reason
 * @param {ReasonWords | undefined} words
 */
export function isLeft(event, reason, words) {
  if (reason === 'peer-granted') return event !== 'peer';
  return words?.kind === 'reply' && event !== 'bound';
}

/** What such a row says. */
export const LEFT = 'The guest has another address now.';

/**
 * The tone of a reason word.
 *
 * @param {string} word
 */
export function toneOf(word) {
  const { kind } = reasons.value[word] ?? {};
  return kind === 'refusal' ? 'bad' : '';
}
