import { connection, summary } from '../api/connection.js';
import { HealthView } from '../health/health-view.js';
import { html, useEffect } from '../html.js';
import { LeasesView } from '../leases/leases-view.js';
import { LiveView } from '../live/live-view.js';
import { MapView } from '../map/map-view.js';
import { NodesView } from '../nodes/nodes-view.js';
import { Blank } from '../parts/blank.js';
import { Dialog } from '../parts/dialog.js';
import { Guarded } from '../parts/guarded.js';
import { Toasts } from '../parts/toast.js';
import { now } from '../state/clock.js';
import { route } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { clockWithSeconds } from '../text/time.js';
import { useGuestWarnings } from './guest-warnings.js';
import { Lost } from './lost.js';
import { askForSecret } from './secret.js';
import { Top, VIEW_WORDS } from './top.js';
import { Verdict } from './verdict.js';

const VIEW_OF = { map: MapView, leases: LeasesView, nodes: NodesView, live: LiveView, health: HealthView };

/** The whole page. */
export function Frame() {
  const { view } = useSignal(route);
  const { phase, refused } = useSignal(connection);
  const { info } = useSignal(summary);
  const segment = info?.segments[0]?.name ?? '';
  const node = info?.node ?? '';
  useEffect(() => {
    document.title = [...new Set([VIEW_WORDS[view].title, node, segment, 'vps-gateway'])]
      .filter((part) => part !== '')
      .join(' · ');
  }, [view, node, segment]);
  useEffect(() => scrollTo(0, 0), [view]);
  useGuestWarnings();
  const View = VIEW_OF[view];
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to content</a>
    <${Top} />
    <section class="now" aria-label="Now"><${Guarded}><${Verdict} /></${Guarded}><${Lost} /></section>
    <main id="main" tabindex="-1" class=${phase === 'lost' ? 'stale' : ''}>
      ${phase === 'denied' ? html`<${Denied} why=${refused?.word ?? ''} />` : html`<${Guarded} key=${`${view} ${name}`}><${View} /></${Guarded}>`}
    </main>
    <${Foot} />
    <${Dialog} />
    <${Toasts} />
  `;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** @param {{ why: string }} props */
function Denied({ why }) {
  if (why === 'no-secret-is-set')
    return html`<section class="card"><${Blank} icon="lock" title="This gateway shows nothing over the network">
      Nothing can be read here until GATEWAY_API_SECRET is set. On the node, vps-gateway health says the same as this page.
    </${Blank}></section>`;
  if (why === 'foreign-host' || why === 'foreign-origin')
    return html`<section class="card"><${Blank} icon="lock" title="This gateway does not know its name here">
      The name in the browser’s address is not one of this node. Add it to GATEWAY_API_HOSTS, or open the page by its IP address.
    </${Blank}></section>`;
  return html`<section class="card"><${Blank} icon="lock" title="This gateway wants its secret"
    acts=${html`<button type="button" class="btn primary" onClick=${askForSecret}>Enter the secret…</button>`}>
    The secret is GATEWAY_API_SECRET of the gateway. Nothing is shown without it.
  </${Blank}></section>`;
}

function Foot() {
  const { info } = useSignal(summary);
  const time = useSignal(now);
  if (info === undefined) return html`<footer class="foot"><span>vps-gateway</span></footer>`;
  return html`<footer class="foot">
    <span>vps-gateway ${info.version} · ${info.node} · ${clockWithSeconds(time)} UTC, as all times here</span>
  </footer>`;
}
