import { html, useState } from '../html.js';
import { Icon, Level } from '../parts/icon.js';
import { Name, StateTag } from '../parts/text.js';
import { now } from '../state/clock.js';
import { go } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { stateOfGuest } from '../text/states.js';
import { moment, span } from '../text/time.js';
import { vpsOf } from '../text/vps.js';
import { sortedBy } from './query.js';
import { RowMenu } from './row-menu.js';

/** @import { Guest } from '../types.d.ts' */

/** What the API sorts by, the title, and the class by which narrow windows leave a column out. @type {readonly (readonly [sort: string, title: string, place: string])[]} */
const COLUMNS = [
  ['address', 'Address', 'a'],
  ['hostname', 'Guest', 'g'],
  ['vps_id', 'VPS id', 'v'],
  ['mac', 'MAC', 'm'],
  ['state', 'State', 'st'],
  ['node', 'Granted by', 'n'],
  ['expires', 'Ends in', 'e'],
];

/**
 * @param {{ guests: Guest[], sort: string, selected: ReadonlyMap<string, Guest>, onSelect: (selected: ReadonlyMap<string, Guest>) => void, onSort: (sort: string) => void }} props
 */
export function GuestTable({ guests, sort, selected, onSelect, onSort }) {
  const [menu, setMenu] = useState(
    /** @type {{ guest: Guest, beside: HTMLElement } | undefined} */ (undefined),
  );
  const time = useSignal(now);
  const areAll = guests.every(({ address }) => selected.has(address));
  /** @param {readonly Guest[]} some @param {boolean} isOn */
  const select = (some, isOn) => {
    const next = new Map(selected);
    for (const guest of some) {
      if (isOn) next.set(guest.address, guest);
      else next.delete(guest.address);
    }
    onSelect(next);
  };
  return html`<div class=${`scroll tall${selected.size > 0 ? ' room' : ''}`} tabindex="0" role="region" aria-label="Table of leases and reservations">
    <table class="grid" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">
            <input type="checkbox" aria-label="Select all that are shown" checked=${areAll}
              onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => select(guests, event.currentTarget.checked)} />
          </th>
          ${COLUMNS.map(([column, title, place]) => html`<${Head} key=${column} column=${column} title=${title} place=${place} sort=${sort} onSort=${onSort} />`)}
          <th role="columnheader"><span class="sr">Actions</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${guests.map(
          (
            guest,
          ) => html`<${Row} key=${guest.address} guest=${guest} time=${time} isSelected=${selected.has(guest.address)}
            onSelect=${(/** @type {boolean} */ isOn) => select([guest], isOn)}
            onMenu=${(/** @type {HTMLElement} */ beside) => setMenu({ guest, beside })} />`,
        )}
      </tbody>
    </table>
    ${menu && html`<${RowMenu} guest=${menu.guest} beside=${menu.beside} onClose=${() => setMenu(undefined)} />`}
  </div>`;
}

/** @param {{ column: string, title: string, place: string, sort: string, onSort: (sort: string) => void }} props */
function Head({ column, title, place, sort, onSort }) {
  const by = sort === '' ? 'address' : sort;
  const isUp = by === column;
  const isDown = by === `-${column}`;
  const order = isUp ? 'ascending' : isDown ? 'descending' : undefined;
  return html`<th role="columnheader" scope="col" class=${place} aria-sort=${order}>
    <button type="button" onClick=${() => onSort(sortedBy(sort, column))}>
      ${title}${order === undefined ? null : html`<${Icon} name=${isUp ? 'up' : 'down'} />`}
    </button>
  </th>`;
}

/** @param {{ guest: Guest, time: number, isSelected: boolean, onSelect: (isOn: boolean) => void, onMenu: (beside: HTMLElement) => void }} props */
function Row({ guest, time, isSelected, onSelect, onMenu }) {
  const { address, hostname, mac, node, warnings } = guest;
  const vps = vpsOf(guest);
  const { cell, name } = stateOfGuest(guest);
  return html`<tr role="row" class=${isSelected ? 'sel' : ''} data-address=${address}
    onClick=${(/** @type {MouseEvent} */ event) => isOfRow(event) && go({ view: 'map', at: address })}>
    <td role="cell">
      <input type="checkbox" aria-label=${`Select ${address}`} checked=${isSelected}
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onSelect(event.currentTarget.checked)} />
    </td>
    <td role="cell" class="a"><a href=${`#map/${address}`}>${address}</a></td>
    <td role="cell" class="g">
      <span class="clip">
        ${warnings.length > 0 ? html`<span class="left"><${Level} level="warn" /><span class="sr">warning: ${warnings.map(({ title }) => title).join(', ')}</span></span> ` : null}
        ${hostname === null ? html`<span class="quiet">–</span>` : html`<${Name} of=${hostname} />`}
      </span>
    </td>
    <td role="cell" class="v"><span class="clip">${vps === null ? html`<span class="quiet">–</span>` : html`<${Name} of=${vps} />`}</span></td>
    <td role="cell" class="m">${mac === null ? html`<span class="quiet">–</span>` : html`<span class="mono">${mac}</span>`}</td>
    <td role="cell" class="st"><${StateTag} cell=${cell} name=${name} /></td>
    <td role="cell" class="n">${node === null ? html`<span class="quiet">–</span>` : html`<span class="clip"><${Name} of=${node} /></span>`}</td>
    <td role="cell" class="e"><${Ends} guest=${guest} time=${time} /></td>
    <td role="cell">
      <button type="button" class="btn bare tight icon" aria-haspopup="menu" aria-label=${`Actions for ${address}`}
        onClick=${(/** @type {{ currentTarget: HTMLElement }} */ event) => onMenu(event.currentTarget)}>
        <${Icon} name="more" />
      </button>
    </td>
  </tr>`;
}

/**
 * Whether a press means the row: not what can be pressed within it, nor its first and last cell, nor the end of marking text. If the
 * row has moved while the button was down, no cell is meant.
 *
 * @param {MouseEvent} event
 */
function isOfRow({ target }) {
  const isMarking = getSelection()?.isCollapsed === false;
  if (!(target instanceof Element) || isMarking || target.closest('a, button, input') !== null) return false;
  return target.closest('td:not(:first-child, :last-child)') !== null;
}

/** @param {{ guest: Guest, time: number }} props */
function Ends({ guest: { state, expires, lease_seconds: seconds }, time }) {
  if (expires === null || state === 'reserved-idle') return html`<span class="quiet">–</span>`;
  if (expires === 'never') return 'never';
  const end = Date.parse(expires);
  if (state === 'expired') return html`<span class="quiet">${moment(end, time)}</span>`;
  const part = seconds === null ? 0 : Math.max(0, Math.min(1, (end - time) / (seconds * 1000)));
  return html`<span class="left" title=${expires}>
    <span class="meter" aria-hidden="true"><i style=${{ '--w': `${part * 100}%` }}></i></span>${span(end - time)}
  </span>`;
}
