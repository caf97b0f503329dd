import { html, useLayoutEffect, useRef } from '../html.js';
import { AddressStateTag, Facts, Name } from '../parts/text.js';
import { STATES } from '../text/states.js';
import { timeLeft } from './map-data.js';

/** @import { MapAddress } from '../types.d.ts' */

/** From the cell and from the edge of the window: pixels. */
const GAP = 10;
const EDGE = 8;

/** An address in five lines. What a press shows is more. @param {{ cell: MapAddress, beside: Element, warnings: readonly string[], now: number }} props */
export function HoverCard({ cell, beside, warnings, now }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const card = element.current;
    if (card === null) return;
    const [at, own] = [beside.getBoundingClientRect(), card.getBoundingClientRect()];
    const left = Math.min(
      Math.max(EDGE, at.left + at.width / 2 - own.width / 2),
      innerWidth - own.width - EDGE,
    );
    const isBelow = at.bottom + GAP + own.height <= innerHeight;
    card.style.left = `${left}px`;
    card.style.top = `${isBelow ? at.bottom + GAP : Math.max(EDGE, at.top - own.height - GAP)}px`;
  });
  const { address, state, hostname, mac, vps_id: vpsId, reservation_id: id, node, expires } = cell;
  const isResting = STATES[state].counts === 'out';
  /** @type {[string, unknown][]} */
  const rows = [
    [
      'Guest',
      hostname !== null
        ? html`<span class="clip"><${Name} of=${hostname} /></span>`
        : mac !== null
          ? 'no name sent'
          : null,
    ],
    // The panel knows the port, and with it the VPS of a reservation that names none.
    ['VPS', vpsId === null || vpsId === id ? null : html`<span class="clip"><${Name} of=${vpsId} /></span>`],
    [
      cell.retired_until === null ? 'Reserved as' : 'Kept for',
      id === null ? null : html`<span class="clip"><${Name} of=${id} /></span>`,
    ],
    ['MAC', mac === null ? null : html`<span class="mono">${mac}</span>`],
    ['Granted by', isResting ? null : node],
    [isResting ? 'Quarantine' : 'Ends in', expires === 'never' ? 'never' : timeLeft(expires, now)],
  ];
  const isKnown = rows.some(([, value]) => value !== null && value !== undefined);
  return html`<div class="hover" aria-hidden="true" ref=${element}>
    <div class="h"><b>${address}</b><${AddressStateTag} state=${state} /></div>
    ${isKnown ? html`<${Facts} rows=${rows} />` : html`<p class="quiet">${STATES[state].say}</p>`}
    ${warnings.map((title) => html`<p class="small tone-warn">${title}</p>`)}
  </div>`;
}
