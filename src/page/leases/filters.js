import { ask } from '../api/client.js';
import { useAnswer } from '../api/use-answer.js';
import { guestsWithWarnings } from '../frame/guest-warnings.js';
import { html } from '../html.js';
import { Icon } from '../parts/icon.js';
import { Name } from '../parts/text.js';
import { useSignal } from '../state/use-signal.js';
import { counted, grouped } from '../text/number.js';
import { queryOf, toggled } from './query.js';

/** @import { Search } from './query.js' */

/** @type {readonly (readonly [state: string, title: string])[]} */
const STATES = [
  ['bound', 'Leased'],
  ['reserved-idle', 'Reserved, idle'],
  ['peer', 'Another gateway’s'],
  ['declined', 'Quarantined'],
  ['expired', 'Ended'],
];
/** So many nodes have a button. */
const MOST_NODES = 6;

/** Filters with their counts. The counts are of the search without the filters. @param {{ search: Search, total: number, onShow: (change: Record<string, string>) => void }} props */
export function Filters({ search, total, onShow }) {
  const asked = queryOf({ ...search, states: [], nodes: [], sort: '' });
  const answer = useAnswer(`facets ${JSON.stringify(asked)}`, (signal) =>
    ask('guests', { query: { ...asked, limit: 1, facets: 'state,node' }, signal }),
  );
  const warned = useSignal(guestsWithWarnings).length;
  const isKnown = answer.value !== undefined;
  /** @type {Record<string, number>} */
  const states = answer.value?.facets?.state ?? {};
  const nodes = nodesOf(answer.value?.facets?.node ?? {}, search.nodes);
  const all = answer.value?.total ?? total;
  const text = !isKnown
    ? counted(total, 'row')
    : total === all
      ? `${counted((states['bound'] ?? 0) + (states['peer'] ?? 0), 'lease')}, ${counted(total, 'row')}`
      : `${grouped(total)} of ${grouped(all)}`;
  const pressState = (/** @type {string} */ state) =>
    onShow({ state: toggled(search.states, state).join(',') });
  return html`<header>
    <div class="tools chips" role="group" aria-label="Filters">
      ${STATES.filter(([state], index) => index < 2 || states[state] || search.states.includes(state)).map(
        ([
          state,
          title,
        ]) => html`<${Chip} key=${state} isOn=${search.states.includes(state)} count=${isKnown ? (states[state] ?? 0) : undefined}
          onPress=${() => pressState(state)}>${title}</${Chip}>`,
      )}
      ${
        warned > 0 || search.states.includes('warning')
          ? html`<${Chip} isOn=${search.states.includes('warning')} count=${warned} onPress=${() => pressState('warning')}>
              <${Icon} name="warn" tone="tone-warn" />With a warning
            </${Chip}>`
          : null
      }
      ${nodes.length > 1 ? html`<span class="sep" aria-hidden="true"></span>` : null}
      ${nodes.map(
        ([
          node,
          count,
        ]) => html`<${Chip} key=${`node ${node}`} isOn=${search.nodes.includes(node)} count=${count}
          onPress=${() => onShow({ node: toggled(search.nodes, node).join(',') })}><${Name} of=${node} /></${Chip}>`,
      )}
    </div>
    <div class="end" role="status"><span class="quiet">${text}</span></div>
  </header>`;
}

/**
 * The nodes that have a button: those that are pressed, and as many more as fit. One alone needs none.
 *
 * @param {Readonly<Record<string, number>>} counts
 * @param {readonly string[]} pressed
 */
function nodesOf(counts, pressed) {
  const all = Object.entries({ ...Object.fromEntries(pressed.map((node) => [node, 0])), ...counts })
    .filter(([node]) => node !== '')
    .sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  if (all.length < 2 && pressed.length === 0) return [];
  return all.filter(([node], index) => index < MOST_NODES || pressed.includes(node));
}

/** @param {{ isOn: boolean, count: number | undefined, onPress: () => void, children?: unknown }} props */
function Chip({ isOn, count, onPress, children }) {
  return html`<button type="button" class="chip" aria-pressed=${String(isOn)} onClick=${onPress}>${children}${count === undefined ? null : html`<span class="n">${grouped(count)}</span>`}</button>`;
}
