import { Signal } from '../state/signal.js';

/** @typedef {{ kind: 'reply' | 'refusal' | 'change' | 'wait' | 'silence', means: string, remedy?: string }} ReasonWords */

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
 * The tone of a reason word.
 *
 * @param {string} word
 */
export function toneOf(word) {
  const { kind } = reasons.value[word] ?? {};
  return kind === 'refusal' ? 'bad' : '';
}
