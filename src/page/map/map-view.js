import { ask } from '../api/client.js';
import { summary } from '../api/connection.js';
import { useAnswer } from '../api/use-answer.js';
import { guestsWithWarnings } from '../frame/guest-warnings.js';
import { onViewKey } from '../frame/keys.js';
import { html, useEffect, useMemo, useState } from '../html.js';
import { insteadOf } from '../parts/blank.js';
import { SearchField } from '../parts/search-field.js';
import { now } from '../state/clock.js';
import { go, route } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { isWithin } from '../text/address.js';
import { grouped } from '../text/number.js';
import { STATE_NAMES } from '../text/states.js';
import { AddressPanel } from './address-panel.js';
import { Blocks } from './blocks.js';
import { Grid } from './grid.js';
import { HoverCard } from './hover-card.js';
import { nodesOf, warningsByAddress } from './map-data.js';
import { SegmentPanel } from './segment-panel.js';

/** @import { MapAddress } from '../types.d.ts' */
/** @import { Shown } from './map-data.js' */

/** Every address of the segment; a larger one by blocks. */
export function MapView() {
  const { at, query } = useSignal(route);
  const { info } = useSignal(summary);
  const segment = info?.segments[0];
  const isLarge = (segment?.prefix_length ?? 24) < 22;
  const isAddress = at !== '' && !at.includes('/');
  const block =
    isLarge && isWithin(at, segment?.subnet ?? '') ? `${at.replace(/\.\d+(\/24)?$/, '')}.0/24` : '';
  const answer = useAnswer(`addresses ${block}`, (signal) => ask('addresses', { query: { block }, signal }));
  const blank = insteadOf(answer, 'The map');
  if (blank !== null || segment === undefined) return blank ?? insteadOf({ ...answer, phase: 'asking' }, '');
  if (answer.value.items.length === 0 && answer.value.blocks.length + answer.value.total > 1024)
    return html`<${Blocks} segment=${segment} blocks=${answer.value.blocks} />`;
  return html`<${Shown} addresses=${answer.value.items} segment=${segment} block=${block} at=${isAddress ? at : ''} query=${query} />`;
}

/**
 * @param {{ addresses: MapAddress[], segment: import('../types.d.ts').SegmentInfo, block: string, at: string, query: Readonly<Record<string, string>> }} props
 */
function Shown({ addresses, segment, block, at, query }) {
  const time = useSignal(now);
  const guests = useSignal(guestsWithWarnings);
  const [hovered, setHovered] = useState(
    /** @type {{ cell: MapAddress, beside: Element } | undefined} */ (undefined),
  );
  const nodes = useMemo(() => nodesOf(addresses), [addresses]);
  const shown = shownBy(query, nodes);
  const warnings = useMemo(() => warningsByAddress(guests), [guests]);
  const open = addresses.find(({ address }) => address === at);
  /** @param {Partial<Shown>} change */
  const show = (change) =>
    go({ view: 'map', at: at || block, query: { ...route.value.query, ...change } }, { inPlace: true });
  /** @param {MapAddress} [cell] @param {Element} [beside] */
  const hover = (cell, beside) =>
    setHovered((shown) => {
      if (cell === undefined || beside === undefined) return undefined;
      return shown?.cell === cell ? shown : { cell, beside };
    });
  /** @param {string} address */
  const pick = (address) => {
    setHovered(undefined);
    go({ view: 'map', at: address === at ? block : address, query }, { inPlace: true });
  };
  const close = () => {
    go({ view: 'map', at: block, query }, { inPlace: true });
    requestAnimationFrame(() => focusCell(at));
  };
  useEffect(
    () =>
      onViewKey((key) => {
        if (key !== 'Escape') return false;
        if (hovered !== undefined) setHovered(undefined);
        else if (at !== '') close();
        else return false;
        return true;
      }),
    [at, hovered, query],
  );
  const name = block || segment.subnet;
  return html`<div class="cols">
    <section class="card" aria-labelledby="map-title">
      <header>
        <h2 id="map-title">Addresses</h2>
        <span class="quiet">${grouped(addresses.length)} of ${name}</span>
        ${block && html`<a class="btn tight" href="#map">All blocks</a>`}
        <div class="end">
          <div class="seg" role="group" aria-label="Colour the cells by">
            <button type="button" aria-pressed=${String(shown.paint === 'state')} onClick=${() => show({ paint: 'state' })}>State</button>
            <button type="button" aria-pressed=${String(shown.paint === 'node')} onClick=${() => show({ paint: 'node' })}>Granted by</button>
          </div>
          <${SearchField} label="Find on the map" placeholder="Find name, MAC, VPS id" value=${shown.search}
            onInput=${(/** @type {string} */ search) => show({ search })} />
        </div>
      </header>
      <${Grid} addresses=${addresses} segment=${segment} shown=${shown} nodes=${nodes} warnings=${warnings} at=${at} now=${time} name=${name}
        onPick=${pick}
        onHover=${hover} />
    </section>
    ${
      open === undefined
        ? html`<${SegmentPanel} addresses=${addresses} nodes=${nodes} guests=${guests} shown=${shown} onShow=${show} />`
        : html`<${AddressPanel} key=${at} cell=${open} warnings=${guests.find(({ address }) => address === at)?.warnings ?? []} onClose=${close} />`
    }
    ${hovered && html`<${HoverCard} cell=${hovered.cell} beside=${hovered.beside} warnings=${warnings.get(hovered.cell.address) ?? []} now=${time} />`}
  </div>`;
}

/**
 * What of the page's address makes no sense is left out.
 *
 * @param {Readonly<Record<string, string>>} query
 * @param {readonly string[]} nodes
 * @returns {Shown}
 */
function shownBy({ paint, state, node, search = '' }, nodes) {
  return {
    paint: paint === 'node' ? 'node' : 'state',
    state: STATE_NAMES.find((name) => name === state) ?? '',
    node: nodes.find((name) => name === node) ?? '',
    search,
  };
}

/** @param {string} address */
function focusCell(address) {
  const cell = document.querySelector(`.map [data-a="${CSS.escape(address)}"]`);
  if (cell instanceof HTMLElement) cell.focus();
}
