import { summary } from '../api/connection.js';
import { html } from '../html.js';
import { Icon, Level } from '../parts/icon.js';
import { Name, Swatch } from '../parts/text.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { addressToNumber, countIn } from '../text/address.js';
import { grouped } from '../text/number.js';
import { STATE_NAMES, STATES } from '../text/states.js';
import { span } from '../text/time.js';
import { sentence } from '../text/verdict.js';
import { isLeased } from './map-data.js';

/** @import { AddressState, Guest, MapAddress } from '../types.d.ts' */
/** @import { Shown } from './map-data.js' */

/** Lines of what needs a look. */
const MOST = 3;
/** States that the legend has only where an address has them. */
const RARE = ['peer', 'retired', 'kept'];

/**
 * The pool, what needs a look, and the legend, which is the filter.
 *
 * @param {{ addresses: readonly MapAddress[], nodes: readonly string[], guests: readonly Guest[], shown: Shown, onShow: (change: Partial<Shown>) => void }} props
 */
export function SegmentPanel({ addresses, nodes, guests, shown, onShow }) {
  const { info } = useSignal(summary);
  const ranges = info?.segments[0]?.pools ?? [];
  const pool = addresses.filter(({ address }) => countIn(ranges, addressToNumber(address)) > 0);
  const counts = countsOf(pool);
  return html`<aside class="card panel" aria-label="The segment">
    <header><h2>Pool</h2><span class="quiet">${grouped(pool.length - counts.none)} addresses</span></header>
    <section>
      <${UseBar} leased=${counts.leased} held=${counts.held} out=${counts.out} free=${counts.free} />
      <p>
        <b>${grouped(counts.leased)} leased</b>
        <span class="quiet">${counts.peers > 0 ? `, ${grouped(counts.peers)} of them by other gateways` : ''} · ${counts.held} held · ${counts.out} out of use · </span>
        <b>${grouped(counts.free)} free</b>
      </p>
    </section>
    <${NeedsALook} guests=${guests} />
    <section>
      <h3>${shown.paint === 'node' ? 'Granted by' : 'States: press one to see where'}</h3>
      ${
        shown.paint === 'node'
          ? html`<${NodeLegend} addresses=${addresses} nodes=${nodes} shown=${shown} onShow=${onShow} />`
          : html`<${StateLegend} addresses=${addresses} shown=${shown} onShow=${onShow} />`
      }
    </section>
  </aside>`;
}

/** @param {{ leased: number, held: number, out: number, free: number }} props */
export function UseBar({ leased, held, out, free }) {
  const parts = { leased, pinned: held, out, free };
  return html`<span class="usebar" aria-hidden="true">
    ${Object.entries(parts).map(([name, count]) =>
      count > 0 ? html`<i class=${`u-${name}`} style=${{ '--w': String(count) }}></i>` : null,
    )}
  </span>`;
}

/** @param {readonly MapAddress[]} addresses */
function countsOf(addresses) {
  const counts = { leased: 0, held: 0, out: 0, free: 0, none: 0, peers: 0 };
  for (const { state } of addresses) {
    counts[STATES[state].counts] += 1;
    if (state === 'peer') counts.peers += 1;
  }
  return counts;
}

/** @param {{ guests: readonly Guest[] }} props */
function NeedsALook({ guests }) {
  const { warnings } = useSignal(summary);
  const time = useSignal(now);
  const own = warnings.map(
    ({ id, level, title, since }) => html`<li key=${id}>
      <a href="#health">
        <${Level} level=${level === 'guests-suffer' ? 'bad' : 'warn'} />
        <span>${sentence(title).replace(/\.$/, '')}${since === null ? null : html`<span class="quiet"> · ${span(time - Date.parse(since))}</span>`}</span>
      </a>
    </li>`,
  );
  const ofGuests = guests.map(
    ({ address, hostname, warnings: [first] }) => html`<li key=${address}>
      <a href=${`#map/${address}`}>
        <${Level} level="warn" />
        <span>${address}${hostname === null ? null : html` (<${Name} of=${hostname} />)`}<span class="quiet"> · ${shortOf(first?.id ?? '')}</span></span>
      </a>
    </li>`,
  );
  const all = [...own, ...ofGuests];
  if (all.length === 0) return html`<section><h3>Needs a look</h3><p class="quiet">Nothing.</p></section>`;
  return html`<section>
    <h3>Needs a look</h3>
    <ul class="notes">
      ${all.slice(0, MOST)}
      ${
        all.length > MOST
          ? html`<li><a href="#health"><${Icon} name="right" tone="quiet" /><span class="quiet">${all.length - MOST} more in Health</span></a></li>`
          : null
      }
    </ul>
  </section>`;
}

/** A guest's warning in few words. @param {string} id */
export function shortOf(id) {
  if (id === 'in-use-elsewhere') return 'out of use';
  return id === 'reserved-for-another' ? 'reserved for another guest' : 'not at its reserved address';
}

/** @param {{ addresses: readonly MapAddress[], shown: Shown, onShow: (change: Partial<Shown>) => void }} props */
function StateLegend({ addresses, shown, onShow }) {
  /** @type {Partial<Record<AddressState, number>>} */
  const counts = {};
  for (const { state } of addresses) counts[state] = (counts[state] ?? 0) + 1;
  const names = STATE_NAMES.filter((name) => !RARE.includes(name) || (name !== 'kept' && counts[name]));
  return html`<div class="legend">
    ${names.map(
      (name) => html`<button type="button" key=${name} aria-pressed=${String(shown.state === name)}
        onClick=${() => onShow({ state: shown.state === name ? '' : name })}>
        <${Swatch} cell=${STATES[name].cell} />${STATES[name].name}
        <span class=${counts[name] ? 'n' : 'n zero'}>${counts[name] ?? 0}</span>
      </button>`,
    )}
  </div>`;
}

/** @param {{ addresses: readonly MapAddress[], nodes: readonly string[], shown: Shown, onShow: (change: Partial<Shown>) => void }} props */
function NodeLegend({ addresses, nodes, shown, onShow }) {
  if (nodes.length === 0) return html`<p class="quiet">No lease yet.</p>`;
  return html`<div class="legend">
    ${nodes.map(
      (node, index) => html`<button type="button" key=${node} aria-pressed=${String(shown.node === node)}
        onClick=${() => onShow({ node: shown.node === node ? '' : node })}>
        <span class=${`ncell n${index + 1}`} aria-hidden="true"></span>n${index + 1}
        <span class="quiet">${node}</span>
        <span class="n">${addresses.filter((each) => each.node === node && isLeased(each)).length}</span>
      </button>`,
    )}
  </div>`;
}
