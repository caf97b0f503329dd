import { html } from '../html.js';
import { Name } from '../parts/text.js';
import { WideTable } from '../parts/wide-table.js';
import { counted, grouped } from '../text/number.js';
import { sentence } from '../text/verdict.js';
import { answersOf } from './gateways.js';

/** @import { Samples } from '../types.d.ts' */

/**
 * Of how many guests the node decides who goes first, and of how many the hash.
 *
 * @param {Samples['answered']} answered
 */
function whyFirst(answered) {
  const countOf = (/** @type {'port' | 'hash'} */ by) =>
    answered.filter((row) => row.by === by).reduce((sum, { leases }) => sum + leases, 0);
  const [atNode, byHash] = [countOf('port'), countOf('hash')];
  const parts = [
    atNode === 0 ? '' : `for ${counted(atNode, 'lease')} the guest’s own node went first`,
    byHash === 0 ? '' : `for ${counted(byHash, 'lease')} the hash of the client decided`,
  ];
  return sentence(parts.filter((part) => part !== '').join(', '));
}

/** Which gateway goes first for a guest, and which one has answered: a square whose diagonal is normal. @param {{ answered: Samples['answered'] }} props */
export function Answers({ answered }) {
  const { names, rows } = answersOf(answered);
  return html`<section class="card" aria-labelledby="answers-title">
    <header><h2 id="answers-title">Who answers whom</h2><span class="quiet">new leases of the last day</span></header>
    <p class="say2">Each guest has a gateway that goes first for it. Another one answers when that one is late. ${whyFirst(answered)}</p>
    ${
      names.length === 0
        ? html`<p class="say2">No guest has got a new lease in the last day.</p>`
        : html`<${WideTable} label="Who goes first against who answered">
            <table class="heat">
              <thead>
                <tr>
                  <th scope="col">Goes first</th>
                  ${names.map((name) => html`<th scope="col" class="num" key=${name}><${Name} of=${name} /> answered</th>`)}
                </tr>
              </thead>
              <tbody>
                ${rows.map(
                  ({ first, counts }, row) => html`<tr key=${first}>
                    <th scope="row"><${Name} of=${first} /></th>
                    ${counts.map((count, column) => html`<td class=${`num${row === column ? ' own' : count === 0 ? ' zero' : ''}`} key=${column}>${grouped(count)}</td>`)}
                  </tr>`,
                )}
              </tbody>
            </table>
          <//>`
    }
  </section>`;
}
