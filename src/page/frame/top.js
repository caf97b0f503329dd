import { hasSecret } from '../api/client.js';
import { connection, summary } from '../api/connection.js';
import { html } from '../html.js';
import { Icon } from '../parts/icon.js';
import { Name } from '../parts/text.js';
import { switchTheme, theme } from '../state/preferences.js';
import { route, routeFrom } from '../state/route.js';
import { chooseSegment } from '../state/segment.js';
import { useSignal } from '../state/use-signal.js';
import { visible } from '../text/visible.js';
import { guestsWithWarnings } from './guest-warnings.js';
import { openKeys } from './keys.js';
import { askForSecret, lock } from './secret.js';

/** @import { SegmentInfo } from '../types.d.ts' */
/** @import { View } from '../state/route.js' */
/** @import { IconName } from '../parts/icon.js' */

/** @type {Readonly<Record<View, { title: string, icon: IconName }>>} */
export const VIEW_WORDS = {
  map: { title: 'Map', icon: 'map' },
  leases: { title: 'Leases', icon: 'list' },
  nodes: { title: 'Nodes', icon: 'nodes' },
  live: { title: 'Live', icon: 'live' },
  health: { title: 'Health', icon: 'health' },
};
const LIT = [1, 3, 4, 8];

export function Top() {
  const { info, warnings } = useSignal(summary);
  const { view } = useSignal(route);
  const colours = useSignal(theme);
  const count = warnings.length + useSignal(guestsWithWarnings).length;
  const segment = info?.segments[0];
  // Where there are several, the choice beside it says which.
  const isOne = info?.segments.length === 1;
  const hasName = isOne && segment !== undefined && segment.name !== segment.subnet;
  const names = [info?.node, hasName ? segment.name : undefined, segment?.subnet];
  const whole = names.flatMap((name) => (name === undefined ? [] : [visible(name)])).join(' · ');
  const other = colours === 'dark' ? 'Use the light theme' : 'Use the dark theme';
  return html`<header class="top">
    <span class="mark" aria-hidden="true">
      ${Array.from({ length: 9 }, (_, index) => html`<i class=${LIT.includes(index) ? 'on' : ''}></i>`)}
    </span>
    <h1 class="where" title=${whole}>
      <b><${Name} of=${info?.node ?? 'vps-gateway'} /></b>${' '}
      <span class="quiet small">${hasName ? html`<span class="hide-m"><${Name} of=${segment.name} /> </span>` : ''}${segment?.subnet ?? ''}</span>
    </h1>
    ${(info?.segments.length ?? 0) > 1 ? html`<${SegmentChoice} segments=${info?.segments ?? []} />` : null}
    <nav class="tabs" aria-label="Views">
      ${Object.entries(VIEW_WORDS).map(
        ([id, { title, icon }]) => html`<a href=${`#${id}`} aria-current=${view === id ? 'page' : undefined}>
          <${Icon} name=${icon} />${title}
          ${
            id === 'health' && count > 0
              ? html`<span class="count">${count}<span class="sr"> ${count === 1 ? 'warning' : 'warnings'}</span></span>`
              : null
          }
        </a>`,
      )}
    </nav>
    <div class="end">
      <${Pulse} />
      <${Lock} mayWrite=${info?.may_write === true} />
      <button type="button" class="btn bare icon" aria-label="Keys" onClick=${openKeys}><${Icon} name="keys" /></button>
      <button type="button" class="btn bare icon" aria-label=${other} onClick=${switchTheme}>
        <${Icon} name=${colours === 'dark' ? 'sun' : 'moon'} />
      </button>
    </div>
  </header>`;
}

/** Which segment is looked at, where there are several. @param {{ segments: SegmentInfo[] }} props */
function SegmentChoice({ segments }) {
  const names = segments
    .map(({ name }) => name)
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  /** @param {{ currentTarget: HTMLSelectElement }} event */
  const choose = ({ currentTarget }) => {
    chooseSegment(currentTarget.value);
    route.set(routeFrom(location.hash));
  };
  return html`<select class="choice" aria-label="Segment" value=${segments[0]?.name} onChange=${choose}>
    ${names.map((name) => html`<option key=${name} value=${name}>${visible(name)}</option>`)}
  </select>`;
}

function Pulse() {
  const { phase } = useSignal(connection);
  if (phase === 'live') return html`<span class="pulse"><i></i><span>Live</span></span>`;
  if (phase === 'lost')
    return html`<span class="pulse"><${Icon} name="cut" tone="tone-warn" /><span>Not connected</span></span>`;
  const text = phase === 'denied' ? 'Secret wanted' : 'Connecting';
  return html`<span class="pulse"><${Icon} name=${phase === 'denied' ? 'lock' : 'wait'} /><span>${text}</span></span>`;
}

/** @param {{ mayWrite: boolean }} props */
function Lock({ mayWrite }) {
  const isOpen = mayWrite;
  const label = isOpen ? 'Changes on: lock' : 'Read only: enter the secret to change';
  return html`<button type="button" class="btn bare" aria-label=${label} disabled=${isOpen && !hasSecret()}
    onClick=${isOpen ? lock : askForSecret}>
    <${Icon} name=${isOpen ? 'open' : 'lock'} />
    <span class="hide-m">${isOpen ? 'Changes on' : 'Read only'}</span>
  </button>`;
}
