import { ask } from '../api/client.js';
import { summary } from '../api/connection.js';
import { useAnswer } from '../api/use-answer.js';
import { html } from '../html.js';
import { insteadOf } from '../parts/blank.js';
import { Icon, Level } from '../parts/icon.js';
import { Name } from '../parts/text.js';
import { WideTable } from '../parts/wide-table.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { knowsOthers } from '../text/gateway-count.js';
import { grouped } from '../text/number.js';
import { evidenceOf, stateOf as stateOfOther } from '../text/other-gateways.js';
import { roughSpan } from '../text/time.js';
import { Answers } from './answers.js';
import { EtcdCard } from './etcd-card.js';
import { CLOCK_DIFFERS, gatewaysOf } from './gateways.js';
import { OwnCard } from './own-card.js';

/** @import { Info, OtherGateway } from '../types.d.ts' */
/** @import { Gateway } from './gateways.js' */

/** Every gateway beside the others. */
export function NodesView() {
  const { info, warnings } = useSignal(summary);
  const answer = useAnswer('nodes', async (signal) => {
    const [samples, guests] = await Promise.all([
      ask('samples', { signal }),
      ask('guests', { query: { limit: 1, facets: 'state,node', state: 'bound' }, signal }),
    ]);
    return { samples, granted: guests.facets?.node ?? {} };
  });
  const blank = insteadOf(answer, 'The list of gateways');
  if (blank !== null || info === undefined || answer.value === undefined)
    return blank ?? insteadOf({ ...answer, phase: 'asking' }, '');
  const { samples, granted } = answer.value;
  const gateways = gatewaysOf(info, granted, samples.answered);
  return html`<div class="nodes">
    <div class="stack">
      <${Compared} info=${info} gateways=${gateways} isWarned=${warnings.some(({ id }) => id !== OF_ANOTHER)} />
      <${OwnCard} info=${info} samples=${samples.items} />
    </div>
    <div class="stack">
      <${Answers} answered=${samples.answered} />
      ${info.sharing === null ? html`<${NotShared} info=${info} />` : html`<${EtcdCard} info=${info} cluster=${info.sharing} />`}
    </div>
  </div>`;
}

/** The warning that says nothing of this gateway. */
const OF_ANOTHER = 'gateway-gone';

/** @param {{ info: Info, gateways: Gateway[], isWarned: boolean }} props */
function Compared({ info, gateways, isWarned }) {
  const time = useSignal(now);
  const states = gateways.map((gateway) => stateOf(gateway, info, isWarned));
  const rows = rowsOf(gateways, states, info, time);
  return html`<section class="card" aria-labelledby="gateways-title">
    <header>
      <h2 id="gateways-title">Gateways</h2>
      <span class="quiet">${gateways.length > 1 ? 'What is wrong, or differs, is marked' : 'No other gateway is seen'}</span>
    </header>
    <${WideTable} label="Gateways compared">
      <table class="cmp">
        <thead>
          <tr>
            <th scope="col"><span class="sr">Property</span></th>
            ${gateways.map(
              ({ name, address, isOwn, evidence }, index) => html`<th scope="col" key=${name}>
                <span class="nm"><${Mark} level=${states[index]?.level} /><${Name} of=${name} /></span>
                <div>${evidence === undefined ? address : knownBy(evidence)}${isOwn ? html`<span class="me"> · this page</span>` : null}</div>
              </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ title, values, odd = [] }) => html`<tr key=${title}>
              <th scope="row">${title}</th>
              ${values.map((value, index) =>
                odd[index]
                  ? html`<td class="odd"><span class="left"><${Icon} name="warn" tone="tone-warn" />${value}<span class="sr"> differs from the others</span></span></td>`
                  : html`<td>${value}</td>`,
              )}
            </tr>`,
          )}
        </tbody>
      </table>
    <//>
  </section>`;
}

/** @typedef {{ text: string, level: 'good' | 'warn' | 'bad' | undefined }} State */

/**
 * What is compared: a title, and for each gateway a text and whether it is marked.
 *
 * @param {Gateway[]} gateways
 * @param {State[]} states
 * @param {Info} info
 * @param {number} time
 * @returns {{ title: string, values: unknown[], odd?: boolean[] }[]}
 */
function rowsOf(gateways, states, info, time) {
  const known = gateways.filter(({ first }) => first !== undefined);
  const total = known.reduce((sum, { first = 0 }) => sum + first, 0);
  return [
    {
      title: 'State',
      values: states.map(({ text }) => text),
      odd: states.map(({ level }) => level === 'warn'),
    },
    ...(info.other_gateways.length === 0 ? [] : evidenceOf(gateways.map(({ evidence }) => evidence))),
    { title: 'Leases granted', values: gateways.map(({ leases }) => countText(leases)) },
    { title: 'New leases in a day', values: gateways.map(({ given }) => countText(given)) },
    {
      title: 'Goes first for',
      values: gateways.map(({ first }) =>
        first === undefined || total === 0 ? '–' : `${Math.round((100 * first) / total)} %`,
      ),
    },
    ...(info.sharing === null
      ? []
      : [
          {
            title: 'Clock against this one',
            values: gateways.map(({ isOwn, clockOffset }) => (isOwn ? 'this one' : offsetText(clockOffset))),
            odd: gateways.map(({ clockOffset = 0 }) => Math.abs(clockOffset) > CLOCK_DIFFERS),
          },
        ]),
    {
      title: 'Version, up since',
      values: gateways.map(({ isOwn }) =>
        isOwn ? `${info.version} · ${roughSpan(time - Date.parse(info.started))}` : '–',
      ),
    },
  ];
}

/**
 * @param {Gateway} gateway
 * @param {Info} info
 * @param {boolean} isWarned Something is wrong that is not another gateway's.
 * @returns {State}
 */
function stateOf({ isOwn, isGone, evidence }, info, isWarned) {
  if (isOwn) return ownState(info, isWarned);
  if (evidence !== undefined) return stateOfOther(evidence);
  if (!knowsOthers(info)) return { text: 'not known', level: undefined };
  return isGone ? { text: 'gone', level: 'warn' } : { text: 'alive', level: 'good' };
}

/**
 * @param {Info} info
 * @param {boolean} isWarned
 * @returns {State}
 */
function ownState({ status, verdict }, isWarned) {
  if (verdict !== 'served') return { text: status, level: 'bad' };
  // It is degraded as long as it warns of anything.
  return status === 'degraded' && isWarned
    ? { text: status, level: 'warn' }
    : { text: 'serving', level: 'good' };
}

/** @param {OtherGateway} evidence */
function knownBy({ selected_seconds: selected }) {
  return selected === null ? 'known by ARP' : 'known by broadcasts';
}

/** @param {{ level: 'good' | 'warn' | 'bad' | undefined }} props */
function Mark({ level }) {
  return level === undefined ? html`<${Icon} name="mute" tone="quiet" />` : html`<${Level} level=${level} />`;
}

/** @param {number | undefined} count */
function countText(count) {
  return count === undefined ? '–' : grouped(count);
}

/** @param {number | undefined} seconds */
function offsetText(seconds) {
  if (seconds === undefined) return '–';
  const value = Math.round(seconds * 1000);
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${grouped(Math.abs(value))} ms`;
}

/** @param {{ info: Info }} props */
function NotShared({ info }) {
  return html`<section class="card" aria-labelledby="shared-title">
    <header><h2 id="shared-title">Leases</h2></header>
    <p class="say2">
      ${
        info.other_gateways.length === 0
          ? 'In one SQLite file on this node. No other gateway of this pool is seen.'
          : 'In one SQLite file on each node. The gateways share nothing: each learns of the others’ leases from guests’ broadcasts. With etcd they share all leases, and a reservation made here holds on every node.'
      }
    </p>
  </section>`;
}
