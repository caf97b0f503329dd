import { html, useEffect } from '../html.js';
import { Icon } from '../parts/icon.js';
import { reasons } from '../parts/reasons.js';
import { Name, Prose } from '../parts/text.js';
import { useSignal } from '../state/use-signal.js';
import { milliseconds } from '../text/number.js';
import { clockWithMilliseconds, clockWithSeconds } from '../text/time.js';
import { visible } from '../text/visible.js';
import { names, wantName } from './names.js';
import { answerWord, causeWords, OUTCOMES } from './outcome.js';

/** @import { Decision } from './decisions.js' */

/** @param {{ rows: readonly Decision[], open: string, onOpen: (mac: string) => void }} props */
export function StreamTable({ rows, open, onOpen }) {
  return html`<div class="scroll tall live" tabindex="0" role="region" aria-label="Stream of decisions">
    <table class="stream" role="table">
      <thead role="rowgroup">
        <tr role="row">${['Time', 'Guest', 'Answer', 'Why'].map((title) => html`<th scope="col" role="columnheader">${title}</th>`)}<th scope="col" role="columnheader" class="num">Took</th></tr>
      </thead>
      <tbody role="rowgroup">${rows.map((row) => html`<${Row} key=${row.key} row=${row} isOpen=${row.mac === open} onOpen=${onOpen} />`)}</tbody>
    </table>
  </div>`;
}

/** @param {{ row: Decision, isOpen: boolean, onOpen: (mac: string) => void }} props */
function Row({ row, isOpen, onOpen }) {
  const { at, address, mac, type, reason, outcome, title, took } = row;
  const words = useSignal(reasons)[reason];
  const name = useSignal(names).get(mac ?? '') ?? null;
  useEffect(() => wantName(mac, outcome === 'granted'), [mac, outcome]);
  const { icon, tone } = OUTCOMES[outcome];
  const to = causeWords(type, reason, words);
  const shown = name === null ? html`<span class="mono">${mac ?? '–'}</span>` : html`<${Name} of=${name} />`;
  return html`<tr role="row" class=${isOpen ? 'sel' : ''} onClick=${() => mac !== null && onOpen(mac)}>
    <td role="cell" class="tm quiet" title=${clockWithMilliseconds(at)}>${clockWithSeconds(at)}</td>
    <td role="cell" class="gu">
      ${
        mac === null
          ? html`<span class="quiet">–</span>`
          : html`<button type="button" class="guest clip" title=${name === null ? mac : `${visible(name)}\n${mac}`} onClick=${(
              /** @type {Event} */ event,
            ) => {
              event.stopPropagation();
              onOpen(mac);
            }}>${shown}</button>`
      }
      <span class="sub">${address ?? ''}</span>
    </td>
    <td role="cell" class="tk2">
      <span class="talk"><${Icon} name=${icon} tone=${tone} />${answerWord(outcome, type)}</span>
      <span class="sub">${to}</span>
    </td>
    <td role="cell" class="why">
      <span class=${`word${outcome === 'refused' || outcome === 'rogue' ? ' bad' : ''}`}>${reason}</span>
      <span class="sub"><${Prose} of=${title ?? words?.means ?? ''} /></span>
    </td>
    <td role="cell" class="num quiet tk">${took === null ? '–' : `${milliseconds(took)} ms`}</td>
  </tr>`;
}
