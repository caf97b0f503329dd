import { NoConnection, Problem } from '../api/client.js';
import { connection, summary } from '../api/connection.js';
import { html, useEffect, useState } from '../html.js';
import { useSignal } from '../state/use-signal.js';
import { Icon } from './icon.js';

/** @import { Answer } from '../types.d.ts' */
/** @import { IconName } from './icon.js' */

/** What is faster than this shows no bones: milliseconds. */
const SOON = 200;

/** A view without content: why, and what to do. @param {{ icon: IconName, title: string, children?: unknown, acts?: unknown }} props */
export function Blank({ icon, title, children, acts }) {
  return html`<div class="blank">
    <${Icon} name=${icon} />
    <h2>${title}</h2>
    <p>${children}</p>
    ${acts ? html`<div class="acts">${acts}</div>` : null}
  </div>`;
}

/** Grey bars where a list will be. */
export function Bones() {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SOON);
    return () => clearTimeout(timer);
  }, []);
  return html`<section class="card bones" aria-busy="true">
    <span class="sr" role="status">Loading</span>
    ${isLate ? Array.from({ length: 10 }, (_, index) => html`<div class="bone" data-i=${index % 4}></div>`) : null}
  </section>`;
}

/** Why nothing could be read. @param {{ answer: Answer<unknown>, what: string }} props */
export function Failed({ answer, what }) {
  const { phase } = useSignal(connection);
  const { readiness } = useSignal(summary);
  const { problem } = answer;
  if (phase === 'lost' || problem instanceof NoConnection)
    return html`<section class="card"><${Blank} icon="cut" title=${`${what} is not known now`}>
      The gateway does not answer. This page asks again by itself.
    </${Blank}></section>`;
  const said =
    problem instanceof Problem
      ? `The gateway answered ${problem.status}: “${problem.message}”.`
      : `${problem?.message}.`;
  return html`<section class="card"><${Blank} icon="bad" title=${`${what} could not be read`}
    acts=${html`<button type="button" class="btn" onClick=${answer.reload}>Try again</button>`}>
    ${said} ${readiness?.ok ? 'Guests are served meanwhile. ' : ''}This page asks again by itself.
  </${Blank}></section>`;
}

/**
 * What to show in place of a view whose answer is not there; null: it is there.
 *
 * @param {Answer<unknown>} answer
 * @param {string} what
 */
export function insteadOf(answer, what) {
  if (answer.phase === 'known') return null;
  return answer.phase === 'failed' ? html`<${Failed} answer=${answer} what=${what} />` : html`<${Bones} />`;
}
