import { changes } from '../api/connection.js';
import { html, useEffect, useErrorBoundary } from '../html.js';
import { useSignal } from '../state/use-signal.js';
import { Blank } from './blank.js';

/**
 * Shows its children. Where they cannot show what was answered, it says so, and tries them again with the next answers: a part
 * of the page that stays as it was would be taken for the truth.
 *
 * @param {{ children?: unknown }} props
 */
export function Guarded({ children }) {
  const [error, tryAgain] = useErrorBoundary((/** @type {unknown} */ cause) => console.error(cause));
  const change = useSignal(changes);
  useEffect(() => error && tryAgain(), [change]);
  if (error === undefined) return children;
  return html`<section class="card"><${Blank} icon="warn" title="This page does not understand the gateway’s answer">
    Guests may be served all the same. This page asks again by itself. If the gateway was upgraded, load the page again.
  </${Blank}></section>`;
}
