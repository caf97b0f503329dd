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
  const { value } = signal;
  useEffect(() => {
    // It may have changed between the drawing and the painting, after which this runs.
    if (!Object.is(value, signal.value)) draw({});
    return signal.follow(() => draw({}));
  }, [signal]);
  return value;
}
