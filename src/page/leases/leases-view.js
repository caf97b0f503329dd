import { faultOf } from '../actions/outcome.js';
import { openReserve } from '../actions/reserve.js';
import { ask, Problem } from '../api/client.js';
import { summary } from '../api/connection.js';
import { useAnswer } from '../api/use-answer.js';
import { useKept } from '../api/use-kept.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { Blank, insteadOf } from '../parts/blank.js';
import { SearchField } from '../parts/search-field.js';
import { useChangesOn } from '../state/changes-on.js';
import { go, route } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { BulkBar } from './bulk-bar.js';
import { exportCsv } from './csv.js';
import { Filters } from './filters.js';
import { Pager, usePages } from './pager.js';
import { queryOf } from './query.js';
import { useRowKeys } from './row-keys.js';
import { GuestTable } from './table.js';

/** @import { Answer, Guest } from '../types.d.ts' */

export const PAGE = 50;
/** How long typing may pause before it is searched: milliseconds. */
const PAUSE = 200;
/** What the field takes, and the gateway: characters. */
const LONGEST_SEARCH = 200;

/** Leases and reservations in one table. */
export function LeasesView() {
  const { query } = useSignal(route);
  const { isOn } = useChangesOn();
  const search = {
    text: (query['q'] ?? '').slice(0, LONGEST_SEARCH),
    states: listOf(query['state']),
    nodes: listOf(query['node']),
    sort: query['sort'] ?? '',
  };
  const asked = queryOf(search);
  const pages = usePages(query);
  const [selected, setSelected] = useState(/** @type {ReadonlyMap<string, Guest>} */ (new Map()));
  const answer = useAnswer(`guests ${JSON.stringify(asked)} ${pages.cursor}`, (signal) =>
    ask('guests', { query: { ...asked, limit: PAGE, cursor: pages.cursor }, signal }),
  );
  const kept = useKept(answer.value);
  useRowKeys();
  // What is typed counts at once when something else is pressed.
  /** @param {Record<string, string>} change */
  const show = (change) =>
    go(
      { view: 'leases', query: { ...route.value.query, q: typed, after: '', from: '', ...change } },
      { inPlace: true },
    );
  const [type, typed] = useTyping(search.text, (q) => show({ q }));
  const isFiltered = search.text !== '' || search.states.length > 0 || search.nodes.length > 0;
  return html`<div class="stack">
    <div class="tools">
      <${SearchField} label="Search leases" placeholder="Search, or node:pve2 -state:idle" value=${typed} onInput=${type} />
      <span class="push"></span>
      <button type="button" class="btn only-wide" onClick=${() => exportCsv(asked)}>Export CSV</button>
      <button type="button" class="btn primary" disabled=${!isOn} onClick=${() => openReserve(undefined)}>New reservation…</button>
    </div>
    ${
      isRefused(answer)
        ? html`<section class="card"><${Refused} answer=${answer} onClear=${() => show({ q: '', state: '', node: '', sort: '' })} /></section>`
        : kept === undefined || answer.phase === 'failed'
          ? insteadOf(answer, 'This list')
          : html`<section class="card" aria-label="Leases and reservations">
            <${Filters} search=${search} total=${kept.total} onShow=${show} />
            ${
              kept.items.length > 0
                ? html`<${GuestTable} guests=${kept.items} sort=${search.sort} selected=${selected} onSelect=${setSelected} onSort=${(/** @type {string} */ sort) => show({ sort })} />
                    <${Pager} pages=${pages} list=${kept} />`
                : html`<${Nothing} isFiltered=${isFiltered} onClear=${() => show({ q: '', state: '', node: '' })} />`
            }
          </section>`
    }
    ${selected.size > 0 ? html`<${BulkBar} guests=${[...selected.values()]} onClear=${() => setSelected(new Map())} />` : null}
  </div>`;
}

/** @param {string | undefined} text Of the page's address. */
function listOf(text) {
  return text === undefined || text === '' ? [] : text.split(',');
}

/**
 * A field that is searched for when typing pauses.
 *
 * @param {string} value
 * @param {(text: string) => void} search
 * @returns {[type: (text: string) => void, typed: string]}
 */
function useTyping(value, search) {
  const [typed, setTyped] = useState(value);
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => {
    if (timer.current === undefined) setTyped(value);
  }, [value]);
  /** @param {string} text */
  const type = (text) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      search(text);
    }, PAUSE);
  };
  return [type, typed];
}

/**
 * Whether it is the search of the page's address that the gateway does not take.
 *
 * @param {Answer<unknown>} answer
 */
function isRefused({ phase, problem }) {
  return phase === 'failed' && problem instanceof Problem && problem.status === 400;
}

/** @param {{ answer: Answer<unknown>, onClear: () => void }} props */
function Refused({ answer: { problem }, onClear }) {
  return html`<${Blank} icon="search" title="This search is not understood" acts=${html`<${Clear} onClear=${onClear} />`}>
    The gateway says: ${faultOf(problem)}
  </${Blank}>`;
}

/** @param {{ onClear: () => void }} props */
function Clear({ onClear }) {
  return html`<button type="button" class="btn" onClick=${onClear}>Clear search and filters</button>`;
}

/** @param {{ isFiltered: boolean, onClear: () => void }} props */
function Nothing({ isFiltered, onClear }) {
  const { info } = useSignal(summary);
  const segment = info?.segments[0];
  if (isFiltered)
    return html`<${Blank} icon="search" title="Nothing matches" acts=${html`<${Clear} onClear=${onClear} />`}>
      No lease and no reservation has all of these.
    </${Blank}>`;
  return html`<${Blank} icon="list" title="No leases yet" acts=${html`<a class="btn" href="#live">Watch it live</a>`}>
    The gateway serves ${segment?.pool_start} – ${segment?.pool_end} on ${segment?.interface ?? 'its interface'} and waits. Boot a guest with
    DHCP on this bridge, and it shows here within a second.
  </${Blank}>`;
}
