import { html } from '../html.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { clock, moment, span } from '../text/time.js';

/** RFC 2131 §4.4.5: when a guest renews with its gateway, and when it asks any. */
const RENEWS = 0.5;
const REBINDS = 0.875;

/** How far a lease has come. @param {{ starts: string | null, expires: string | null, seconds: number | null }} props */
export function LeaseLife({ starts, expires, seconds }) {
  const time = useSignal(now);
  if (expires === null) return null;
  if (expires === 'never') return html`<section><h3>Lease without an end</h3></section>`;
  const end = Date.parse(expires);
  const start = seconds !== null ? end - seconds * 1000 : Date.parse(starts ?? expires);
  const done = Math.max(0, Math.min(1, (time - start) / Math.max(1, end - start)));
  return html`<section>
    <h3>Lease ends in ${span(end - time)}, at ${moment(end, time)}</h3>
    <div class="life" aria-hidden="true">
      <i style=${{ '--w': `${done * 100}%` }}></i><u style=${{ '--x': `${RENEWS * 100}%` }}></u><u style=${{ '--x': `${REBINDS * 100}%` }}></u>
    </div>
    <div class="lifelab" aria-hidden="true">
      <span style=${{ '--x': '0%' }}>${clock(start)}</span><span style=${{ '--x': '50%' }}>renews</span><span style=${{ '--x': '79%' }}>rebinds</span><span style=${{ '--x': '100%' }}>${clock(end)}</span>
    </div>
  </section>`;
}
