import { html } from '../html.js';
import { Icon, Level } from '../parts/icon.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { octets } from '../text/number.js';
import { DAY, roughSpan, span } from '../text/time.js';
import { mayFail } from './gateways.js';

/** @import { Cluster, Info } from '../types.d.ts' */

/** A certificate that ends sooner is marked: milliseconds. */
const SOON = 30 * DAY;
/** A member that is fuller is marked. */
const FULL = 0.8;

/** The members of etcd, with their space, and the certificates. @param {{ info: Info, cluster: Cluster }} props */
export function EtcdCard({ info, cluster }) {
  const time = useSignal(now);
  const { members, certificates, mirror_age_seconds: age } = cluster;
  return html`<section class="card" aria-labelledby="etcd-title">
    <header>
      <h2 id="etcd-title">etcd</h2>
      <span class="left">
        <${Level} level=${info.can_promise ? 'good' : 'bad'} />
        ${info.can_promise ? `${members.length} members; ${mayFail(members.length)}` : 'no majority: nothing new is promised'}
      </span>
    </header>
    <div class="scroll" tabindex="0" role="region" aria-label="Members of etcd">
      <table class="memb">
        <thead><tr><th scope="col">Member</th><th scope="col" class="num">Space</th><th scope="col" class="num">of</th></tr></thead>
        <tbody>
          ${members.map(({ endpoint, database_bytes: used, quota_bytes: quota }) => {
            const isFull = quota > 0 && used / quota > FULL;
            return html`<tr key=${endpoint}>
              <td><b>${endpoint}</b></td>
              <td class="num">${isFull ? html`<span class="left"><${Icon} name="warn" tone="tone-warn" />${octets(used)}</span>` : octets(used)}</td>
              <td class="num">${octets(quota)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <p class="say2 small">${age === null ? '' : `The copy of all leases on this node is ${span(age * 1000)} old. `}</p>
    ${
      certificates.length === 0
        ? null
        : html`<ul class="certs say2 small">
            ${certificates.map(({ file, ends_at: ends }) => {
              const left = Date.parse(ends) - time;
              return html`<li key=${file} class="left">
                ${left < SOON ? html`<${Icon} name="warn" tone="tone-warn" />` : null}<span class="mono">${file}</span> ${left < 0 ? 'has ended' : `ends in ${roughSpan(left)}`}
              </li>`;
            })}
          </ul>`
    }
  </section>`;
}
