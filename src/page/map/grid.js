import { html, useRef, useState } from '../html.js';
import { hasMoved } from '../state/pointer.js';
import { STATES } from '../text/states.js';
import { bandsOf, COLUMNS, HALF, placeAfter } from './layout.js';
import { describe, isFaded, isLeased } from './map-data.js';

/** @import { MapAddress, SegmentInfo } from '../types.d.ts' */
/** @import { Shown } from './map-data.js' */

/**
 * @typedef {object} GridProps
 * @property {readonly MapAddress[]} addresses
 * @property {SegmentInfo} segment
 * @property {Shown} shown
 * @property {readonly string[]} nodes
 * @property {ReadonlyMap<string, readonly string[]>} warnings
 * @property {string} at The address that is open; empty: none.
 * @property {number} now
 * @property {string} name What it shows: 10.15.3.0/24.
 * @property {(address: string) => void} onPick
 * @property {(address: MapAddress | undefined, element?: Element) => void} onHover
 */

/** Every address as a cell, in rows of twenty. One stop of the tab key; arrows move within. @param {GridProps} props */
export function Grid(props) {
  const { addresses, segment, name, at, onPick, onHover } = props;
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const [moved, setMoved] = useState('');
  const stop =
    [moved, at].find((each) => addresses.some(({ address }) => address === each)) ??
    firstOf(addresses, segment);
  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const cell = event.target;
    if (!(cell instanceof HTMLElement) || cell.dataset['a'] === undefined) return;
    const from = addresses.findIndex(({ address }) => address === cell.dataset['a']);
    const to = placeAfter(event.key, from, addresses);
    if (to === undefined) return;
    event.preventDefault();
    const next = element.current?.querySelector(`[data-a="${addresses[to]?.address}"]`);
    if (!(next instanceof HTMLElement)) return;
    setMoved(next.dataset['a'] ?? '');
    next.focus();
  };
  return html`<div class="map" role="grid" aria-label=${`Addresses of ${name}`} aria-colcount=${COLUMNS} ref=${element} onKeyDown=${move}>
    <div class="row head" aria-hidden="true">
      <span class="lab"></span>
      ${Array.from({ length: COLUMNS }, (_, index) => html`<span>+${index}</span>`)}
    </div>
    ${bandsOf(addresses, segment).map(
      ({ title, about, rows }) => html`
        <p class="band" role="presentation"><b>${title}</b><span>${about}</span></p>
        ${rows.map(
          ({
            label,
            middle,
            skipped,
            addresses: cells,
          }) => html`<div class="row" role="row" key=${cells[0]?.address}>
            <span class="lab" aria-hidden="true">${label}</span>
            ${Array.from({ length: skipped }, (_, index) => html`<span class="gap" aria-hidden="true" key=${`gap ${index}`}></span>`)}
            ${cells.map((cell, index) => [
              index + skipped === HALF
                ? html`<span class="lab lab2" aria-hidden="true" key="middle">${middle}</span>`
                : null,
              html`<${Cell} key=${cell.address} cell=${cell} isStop=${cell.address === stop} ...${props} onPick=${(
                /** @type {string} */ address,
              ) => {
                setMoved(address);
                onPick(address);
              }} onHover=${onHover} />`,
            ])}
          </div>`,
        )}
      `,
    )}
  </div>`;
}

/**
 * @param {readonly MapAddress[]} addresses
 * @param {SegmentInfo} segment
 */
function firstOf(addresses, { pool_start: start }) {
  const found = addresses.find(({ address }) => address === start) ?? addresses[0];
  return found?.address ?? '';
}

/** @param {GridProps & { cell: MapAddress, isStop: boolean }} props */
function Cell({ cell, isStop, at, shown, nodes, warnings, now, onPick, onHover }) {
  const { address, state, node } = cell;
  const words = STATES[state];
  const octet = address.split('.')[3];
  const flagged = warnings.get(address) ?? [];
  const place = shown.paint === 'node' && node !== null && isLeased(cell) ? nodes.indexOf(node) + 1 : 0;
  const label = describe(cell, flagged, now, place);
  if (words.cell === 'edge')
    return html`<span class="cell" role="gridcell" tabindex=${isStop ? 0 : -1} data-s="edge" data-a=${address} aria-label=${label}>${octet}</span>`;
  const marks = [
    'cell',
    flagged.length > 0 && words.counts !== 'out' ? 'flag' : '',
    isFaded(cell, shown) ? 'dim' : '',
  ].filter((each) => each !== '');
  return html`<button type="button" class=${marks.join(' ')} role="gridcell" data-s=${words.cell} data-a=${address} data-l=${words.letter}
    data-n=${place > 0 && place <= 3 ? place : undefined} tabindex=${isStop ? 0 : -1} aria-label=${label} aria-selected=${String(at === address)}
    onClick=${() => onPick(address)}
    onMouseMove=${(/** @type {MouseEvent & { currentTarget: Element }} */ event) => hasMoved(event) && onHover(cell, event.currentTarget)}
    onMouseLeave=${() => onHover(undefined)}
    onFocus=${(/** @type {{ currentTarget: Element }} */ event) => {
      if (event.currentTarget.matches(':focus-visible')) onHover(cell, event.currentTarget);
    }}
    onBlur=${() => onHover(undefined)}>${place > 0 ? `n${place}` : octet}</button>`;
}
