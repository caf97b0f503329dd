import { useEffect, useRef, useState } from '../html.js';
import { useSignal } from '../state/use-signal.js';
import { changes, connection, summary } from './connection.js';

/** @import { Answer } from '../types.d.ts' */

/** After a failure it is asked again by itself: milliseconds. */
const AGAIN = 4000;

/**
 * Asks, and asks again when something has changed. What was known stays until the new answer is there.
 *
 * @template Value
 * @param {string} question With another one, or about another segment, what was known is forgotten.
 * @param {(signal: AbortSignal) => Promise<Value>} load
 * @returns {Answer<Value>}
 */
export function useAnswer(question, load) {
  const { info } = useSignal(summary);
  const key = `${info?.segments[0]?.name} ${question}`;
  const [state, setState] = useState(
    /** @type {{ key: string, value?: Value, problem?: Error }} */ ({ key }),
  );
  const change = useSignal(changes);
  const { phase } = useSignal(connection);
  // Until it is known which segment is looked at, there is nothing to ask about it.
  const isEarly = phase === 'denied' || (phase === 'connecting' && info === undefined);
  const [asked, setAsked] = useState(0);
  const loading = useRef(load);
  loading.current = load;
  useEffect(() => {
    if (isEarly) return undefined;
    const aborter = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    loading.current(aborter.signal).then(
      (value) => setState({ key, value }),
      (problem) => {
        if (aborter.signal.aborted) return;
        setState((before) => (before.key === key ? { ...before, problem } : { key, problem }));
        timer = setTimeout(() => setAsked((count) => count + 1), AGAIN);
      },
    );
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [key, change, asked, isEarly]);
  const isCurrent = state.key === key;
  const value = isCurrent ? state.value : undefined;
  const problem = isCurrent ? state.problem : undefined;
  return {
    phase: value !== undefined ? 'known' : problem !== undefined ? 'failed' : 'asking',
    value,
    problem,
    reload: () => setAsked((count) => count + 1),
  };
}
