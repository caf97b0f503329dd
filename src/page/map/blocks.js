import { html, useMemo, useState } from '../html.js';
import { Level } from '../parts/icon.js';
import { SearchField } from '../parts/search-field.js';
import { go } from '../state/route.js';
import { addressToNumber, addressToText, countIn } from '../text/address.js';
import { counted, grouped } from '../text/number.js';
import { UseBar } from './segment-panel.js';

/** @import { Block, SegmentInfo } from '../types.d.ts' */

const BLOCK = 256;
/** @type {Record<string, number>} */
const NOTHING = {};

/** A large subnet: one block for each 256 addresses, which opens as a map. @param {{ segment: SegmentInfo, blocks: Block[] }} props */
export function Blocks({ segment, blocks }) {
  const [search, setSearch] = useState('');
  const size = 2 ** (32 - segment.prefix_length);
  const counts = new Map(blocks.map(({ block, states }) => [block, states]));
  const all = useMemo(() => blocksShown(segment, blocks), [segment, blocks]);
  const shown = all.filter((block) => block.startsWith(search.trim()));
  const others = size / BLOCK - all.length;
  /** @param {SubmitEvent} event */
  const find = (event) => {
    event.preventDefault();
    const text = search.trim();
    if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) go({ view: 'map', at: text });
    else if (text !== '') go({ view: 'leases', query: { q: text } });
  };
  return html`<section class="card" aria-labelledby="map-title">
    <header>
      <h2 id="map-title">Addresses</h2>
      <span class="quiet">${grouped(size)} of ${segment.subnet}, in blocks of ${BLOCK}</span>
      <form class="end" onSubmit=${find}>
        <${SearchField} label="Find a block, or with Enter a guest" placeholder="Block, or guest" value=${search} onInput=${setSearch} />
      </form>
    </header>
    <div class="blocks">
      ${(shown.length > 0 ? shown : all).map((block) => html`<${One} key=${block} block=${block} states=${counts.get(block) ?? NOTHING} segment=${segment} />`)}
    </div>
    ${others === 0 ? null : html`<p class="say2 small">${counted(others, 'block')} more ${others === 1 ? 'is' : 'are'} outside the pool, with no lease.</p>`}
  </section>`;
}

/**
 * Those of the pool, and those where something is or was leased. A large subnet may have tens of thousands more.
 *
 * @param {SegmentInfo} segment
 * @param {readonly Block[]} blocks
 */
function blocksShown({ pool_start: from, pool_end: to }, blocks) {
  const shown = new Set(blocks.map(({ block }) => startOf(block)));
  const first = addressToNumber(from);
  for (let start = first - (first % BLOCK); start <= addressToNumber(to); start += BLOCK) shown.add(start);
  return [...shown].sort((one, other) => one - other).map((start) => `${addressToText(start)}/24`);
}

/** @param {string} block */
function startOf(block) {
  return addressToNumber(block.replace(/\/.*$/, ''));
}

/** @param {{ block: string, states: Record<string, number>, segment: SegmentInfo }} props */
function One({ block, states, segment }) {
  const leased = (states['bound'] ?? 0) + (states['peer'] ?? 0);
  const out = states['declined'] ?? 0;
  const start = startOf(block);
  const pool = poolWithin(start, segment);
  const free = Math.max(0, pool - leased - out);
  const text =
    pool === 0 && leased === 0
      ? 'outside the pool'
      : `${leased} leased, ${free} free${out > 0 ? `, ${out} out of use` : ''}`;
  return html`<a class="block" href=${`#map/${block}`}>
    <span class="left">
      <b>${block}</b>
      ${out > 0 ? html`<span class="left"><${Level} level="warn" /><span class="sr">has addresses out of use</span></span>` : null}
    </span>
    <${UseBar} leased=${leased} held=${0} out=${out} free=${free} />
    <span class="quiet small">${text}</span>
  </a>`;
}

/**
 * How many addresses of a block are in the pool.
 *
 * @param {number} start
 * @param {SegmentInfo} segment
 */
function poolWithin(start, { pools, exclusions }) {
  const end = start + BLOCK - 1;
  return countIn(pools, start, end) - countIn(exclusions, start, end);
}
