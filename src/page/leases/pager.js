import { html, useRef } from '../html.js';
import { go } from '../state/route.js';
import { grouped } from '../text/number.js';

/** @import { Guest, List } from '../types.d.ts' */

/**
 * Which page of the list is shown. The API tells the next one; the ones before are remembered.
 *
 * @typedef {object} Pages
 * @property {string} cursor Empty: the first page.
 * @property {number} from Rows before it.
 * @property {(next: string, rows: number) => void} forward
 * @property {() => void} back
 */

/**
 * @param {Readonly<Record<string, string>>} query Of the route.
 * @returns {Pages}
 */
export function usePages(query) {
  const before = useRef(/** @type {{ after: string, from: number }[]} */ ([]));
  const cursor = query['after'] ?? '';
  const from = cursor === '' ? 0 : Number(query['from']) || 0;
  /**
   * @param {string} after
   * @param {number} rows
   */
  const turn = (after, rows) => {
    go(
      { view: 'leases', query: { ...query, after, from: rows === 0 ? '' : String(rows) } },
      { inPlace: true },
    );
    document.querySelector('.tall')?.scrollTo(0, 0);
  };
  if (cursor === '') before.current = [];
  return {
    cursor,
    from,
    forward: (next, rows) => {
      before.current.push({ after: cursor, from });
      turn(next, from + rows);
    },
    back: () => {
      // After a reload nothing is remembered: the first page.
      const { after, from: rows } = before.current.pop() ?? { after: '', from: 0 };
      turn(after, rows);
    },
  };
}

/** @param {{ pages: Pages, list: List<Guest> }} props */
export function Pager({ pages, list }) {
  const { cursor, from, forward, back } = pages;
  const { items, total, next } = list;
  return html`<div class="pager">
    <span role="status">${grouped(from + 1)}–${grouped(from + items.length)} of ${grouped(total)}</span>
    <div class="end">
      <button type="button" class="btn tight" disabled=${cursor === ''} onClick=${back}>Previous</button>
      <button type="button" class="btn tight" disabled=${next === null} onClick=${() => next !== null && forward(next, items.length)}>Next</button>
    </div>
  </div>`;
}
