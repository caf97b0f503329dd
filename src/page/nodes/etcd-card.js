import { html } from '../html.js';
import { Icon, Level } from '../parts/icon.js';
import { WideTable } from '../parts/wide-table.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { milliseconds, octets } from '../text/number.js';
import { clockWithSeconds, DAY, roughSpan, span } from '../text/time.js';
import { membersInWords } from './gateways.js';

/** @import { Cluster, EtcdMember, Info } from '../types.d.ts' */

/** A certificate that ends sooner is marked: milliseconds. */
const SOON = 30 * DAY;
/** A member that is fuller is marked. */
const FULL = 0.8;
/** A member that answers later than this is marked: seconds. Each lease waits for a majority. */
const SLOW = 0.25;

/** @type {Readonly<Record<EtcdMember['role'], string>>} */
const ROLES = {
  leader: 'leader',
  follower: 'follower',
  candidate: 'no leader',
  away: 'away',
};

/** The members of etcd, and the certificates. @param {{ info: Info, cluster: Cluster }} props */
export function EtcdCard({ info, cluster }) {
  const { members, members_as_of: at, mirror_age_seconds: age } = cluster;
  const isWell = info.can_promise && members.every(({ role }) => role === 'leader' || role === 'follower');
  return html`<section class="card" aria-labelledby="etcd-title">
    <header>
      <h2 id="etcd-title">etcd</h2>
      <span class="left">
        <${Level} level=${isWell ? 'good' : info.can_promise ? 'warn' : 'bad'} />
        ${info.can_promise ? membersInWords(members) : 'no majority: no new lease is granted'}
      </span>
    </header>
    <${WideTable} label="Members of etcd">
      <table class="memb">
        <thead>
          <tr>
            <th scope="col">Member</th><th scope="col">Role</th><th scope="col">Version</th>
            <th scope="col" class="num">Round trip</th><th scope="col" class="num">Space</th>
          </tr>
        </thead>
        <tbody>${members.map((member) => html`<${Member} key=${member.endpoint} member=${member} />`)}</tbody>
      </table>
    <//>
    <p class="say2 small">
      ${at === null ? 'The members were not asked yet. ' : `Asked at ${clockWithSeconds(Date.parse(at))}, once a minute. `}
      ${spaceLeft(members)}
      ${age === null ? '' : `The copy of all leases on this node is ${span(age * 1000)} old.`}
    </p>
    <${Certificates} certificates=${cluster.certificates} />
  </section>`;
}

/** @param {{ member: EtcdMember }} props */
function Member({ member }) {
  const {
    endpoint,
    role,
    version,
    round_trip_seconds: trip,
    database_bytes: used,
    quota_bytes: quota,
  } = member;
  const isFull = used !== null && quota !== null && quota > 0 && used / quota > FULL;
  const isOdd = role === 'away' || role === 'candidate';
  return html`<tr>
    <td><b>${endpoint}</b></td>
    <td>${marked(isOdd, ROLES[role])}</td>
    <td>${version ?? '–'}</td>
    <td class="num">${trip === null ? '–' : marked(trip > SLOW, `${milliseconds(trip)} ms`)}</td>
    <td class="num">${used === null ? '–' : marked(isFull, octets(used))}</td>
  </tr>`;
}

/**
 * When a member takes nothing more.
 *
 * @param {readonly EtcdMember[]} members
 */
function spaceLeft(members) {
  const quotas = members.flatMap(({ quota_bytes: quota }) => (quota === null || quota === 0 ? [] : [quota]));
  return quotas.length === 0 ? '' : `A member takes ${octets(Math.min(...quotas))} at most. `;
}

/**
 * @param {boolean} isOdd
 * @param {string} text
 */
function marked(isOdd, text) {
  return isOdd ? html`<span class="left"><${Icon} name="warn" tone="tone-warn" />${text}</span>` : text;
}

/** @param {{ certificates: Cluster['certificates'] }} props */
function Certificates({ certificates }) {
  const time = useSignal(now);
  if (certificates.length === 0) return null;
  return html`<ul class="certs say2 small">
    ${certificates.map(({ file, ends_at: ends }) => {
      const left = Date.parse(ends) - time;
      return html`<li key=${file} class="left">
        ${left < SOON ? html`<${Icon} name="warn" tone="tone-warn" />` : null}<span class="mono">${file}</span> ${left < 0 ? 'has ended' : `ends in ${roughSpan(left)}`}
      </li>`;
    })}
  </ul>`;
}
