import { useEffect, useState } from '../html.js';

/** @import { Signal } from './signal.js' */

/**
 * The value of a signal; the component is drawn again with each new one.
 *
 * @template Value
 * @param {Signal<Value>} signal
 * @returns {Value}
 */
export function useSignal(signal) {
  const [, draw] = useState({});
  useEffect(() => {
    const seen = signal.value;
    const end = signal.follow(() => draw({}));
    if (!Object.is(seen, signal.value)) draw({});
    return end;
  }, [signal]);
  return signal.value;
}
