import { useRef } from '../html.js';

/**
 * What was known last, until the answer to the next question is there: nothing jumps meanwhile.
 *
 * @template Value
 * @param {Value | undefined} value
 * @returns {Value | undefined}
 */
export function useKept(value) {
  const kept = useRef(value);
  if (value !== undefined) kept.current = value;
  return kept.current;
}
