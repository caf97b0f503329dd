import { ask } from '../api/client.js';
import { connection, summary } from '../api/connection.js';
import { onViewKey } from '../frame/keys.js';
import { html, useEffect, useState } from '../html.js';
import { Blank } from '../parts/blank.js';
import { Icon } from '../parts/icon.js';
import { loadReasons, reasons } from '../parts/reasons.js';
import { SearchField } from '../parts/search-field.js';
import { now } from '../state/clock.js';
import { go, route } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { span } from '../text/time.js';
import { addHistory, decisions, followDecisions, rate } from './decisions.js';
import { learnNames, names } from './names.js';
import { OUTCOMES } from './outcome.js';
import { StoryPanel } from './story-panel.js';
import { StreamTable } from './stream-table.js';

/** @import { Decision } from './decisions.js' */
/** @import { Outcome } from './outcome.js' */

/** Rows that are drawn; the others are found by searching. */
const SHOWN = 150;
/** Rows of the history before the stream. */
const BEFORE = 50;
const CHIPS = /** @type {readonly Outcome[]} */ ([
  'granted',
  'offered',
  'refused',
  'silent',
  'waiting',
  'changed',
  'rogue',
]);

/** Decisions as they come, and the story of one guest. */
export function LiveView() {
  const { at, query } = useSignal(route);
  const { info } = useSignal(summary);
  const { phase } = useSignal(connection);
  const all = useSignal(decisions);
  const known = useSignal(names);
  const speed = useSignal(rate);
  const [stopped, setStopped] = useState(/** @type {readonly Decision[] | undefined} */ (undefined));
  const isReady = useReady(phase);
  useEffect(() => followDecisions(), []);
  const pause = () => setStopped(stopped === undefined ? decisions.value : undefined);
  useEffect(
    () =>
      onViewKey((key) => {
        if (key === 'Escape' && at !== '') go({ view: 'live', query }, { inPlace: true });
        else if (key === 'p') pause();
        else return false;
        return true;
      }),
    [stopped, at, query],
  );
  const search = query['q'] ?? '';
  const outcome = query['outcome'] ?? '';
  const rows = (stopped ?? all).filter(
    (row) => (outcome === '' || row.outcome === outcome) && isFound(row, search, known),
  );
  /** @param {Record<string, string>} change */
  const show = (change) =>
    go({ view: 'live', at, query: { ...route.value.query, ...change } }, { inPlace: true });
  const open = (/** @type {string} */ mac) => go({ view: 'live', at: mac, query }, { inPlace: true });
  const missed = stopped === undefined ? 0 : newerThan(all, stopped[0]);
  return html`<div class=${`cols story${at === '' ? ' one' : ''}`}>
    <section class="card" aria-labelledby="live-title">
      <header>
        <h2 id="live-title">Decisions</h2>
        <span class="quiet">${info?.node} · ${speed} a second</span>
        <div class="end">
          <${SearchField} label="Filter decisions" placeholder="MAC, address, name, reason" value=${search} onInput=${(/** @type {string} */ q) => show({ q })} />
          <button type="button" class="btn" aria-pressed=${String(stopped !== undefined)} onClick=${pause}>
            <${Icon} name=${stopped === undefined ? 'pause' : 'play'} />${stopped === undefined ? 'Pause' : `Go on (${missed} new)`}
          </button>
        </div>
      </header>
      <div class="tools chips" role="group" aria-label="Outcome" data-pad>
        ${CHIPS.map(
          (
            each,
          ) => html`<button type="button" class="chip" key=${each} aria-pressed=${String(outcome === each)} onClick=${() => show({ outcome: outcome === each ? '' : each })}>
            <${Icon} name=${OUTCOMES[each].icon} tone=${OUTCOMES[each].tone} />${OUTCOMES[each].title}
          </button>`,
        )}
      </div>
      ${
        rows.length > 0
          ? html`<${StreamTable} rows=${rows.slice(0, SHOWN)} open=${at} onOpen=${open} />`
          : html`<${Nothing} isReady=${isReady} isFiltered=${all.length > 0} onClear=${() => show({ q: '', outcome: '' })} />`
      }
    </section>
    ${at === '' ? null : html`<${StoryPanel} key=${at} mac=${at} />`}
  </div>`;
}

/** Loads what was before the stream. True: it is known whether there was anything. @param {string} phase */
function useReady(phase) {
  const [isReady, setReady] = useState(decisions.value.length > 0);
  useEffect(() => {
    if (phase !== 'live') return;
    const load = async () => {
      await loadReasons();
      const { items } = await ask('history', { query: { limit: BEFORE } });
      learnNames(items);
      addHistory(items);
    };
    load()
      .catch(() => {}) // The stream goes on without it.
      .finally(() => setReady(true));
  }, [phase]);
  return isReady;
}

/** @param {{ isReady: boolean, isFiltered: boolean, onClear: () => void }} props */
function Nothing({ isReady, isFiltered, onClear }) {
  const { info } = useSignal(summary);
  const time = useSignal(now);
  if (isFiltered)
    return html`<${Blank} icon="search" title="Nothing matches" acts=${html`<button type="button" class="btn" onClick=${onClear}>Clear search and filters</button>`}>
      No recent decision has all of these. New ones show here.
    </${Blank}>`;
  if (!isReady || info === undefined) return html`<p class="blank quiet" role="status">Listening…</p>`;
  return html`<${Blank} icon="live" title="Nothing heard yet">
    No lease has changed since this gateway started ${span(time - Date.parse(info.started))} ago. If a guest is asking now, the host’s firewall
    may drop port 67: run vps-gateway doctor.
  </${Blank}>`;
}

/**
 * @param {Decision} row
 * @param {string} search
 * @param {ReadonlyMap<string, string | null>} known
 */
function isFound({ mac, address, reason, title }, search, known) {
  const text = search.trim().toLowerCase();
  if (text === '') return true;
  const name = known.get(mac ?? '') ?? null;
  return [mac, address, name, reason, title ?? reasons.value[reason]?.means].some((value) =>
    value?.toLowerCase().includes(text),
  );
}

/**
 * @param {readonly Decision[]} all
 * @param {Decision | undefined} first
 */
function newerThan(all, first) {
  const at = all.findIndex(({ key }) => key === first?.key);
  return at < 0 ? all.length : at;
}
