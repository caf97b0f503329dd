import { actionsFor, granterText } from '../actions/actions.js';
import { ask, askItems } from '../api/client.js';
import { useAnswer } from '../api/use-answer.js';
import { html } from '../html.js';
import { History } from '../parts/history.js';
import { Icon } from '../parts/icon.js';
import { AddressStateTag, Facts, Name, Prose } from '../parts/text.js';
import { copy } from '../parts/toast.js';
import { useChangesOn } from '../state/changes-on.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { STATES } from '../text/states.js';
import { moment, span } from '../text/time.js';
import { sentence } from '../text/verdict.js';
import { vpsOf } from '../text/vps.js';
import { LeaseLife } from './lease-life.js';

/** @import { GuestWarning, Lease, MapAddress } from '../types.d.ts' */

/** Addresses that no guest ever had. */
const FIXED = ['router', 'gateway', 'gateway-unused', 'kept'];

/** All that is known of an address, and what can be done. @param {{ cell: MapAddress, warnings: readonly GuestWarning[], onClose: () => void }} props */
export function AddressPanel({ cell, warnings, onClose }) {
  const { address, state } = cell;
  const words = STATES[state];
  const isFixed = FIXED.includes(state);
  const answer = useAnswer(`lease ${address}`, (signal) =>
    isFixed ? Promise.resolve(undefined) : leaseAt(cell, signal),
  );
  const lease = answer.value;
  const hasGuest = cell.mac !== null || cell.hostname !== null || lease?.reservation != null;
  return html`<aside class="card panel picked" aria-label=${`Address ${address}`}>
    <header>
      <div>
        <p class="addr">
          ${address}
          <button type="button" class="btn bare tight icon" aria-label=${`Copy ${address}`} onClick=${() => copy(address)}><${Icon} name="copy" /></button>
        </p>
        <div class="under"><${AddressStateTag} state=${state} /></div>
      </div>
      <button type="button" class="btn bare tight icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
    </header>
    ${warnings.length > 0 || words.counts === 'out' ? html`<${Call} cell=${cell} warnings=${warnings} />` : null}
    ${hasGuest ? html`<${GuestFacts} cell=${cell} lease=${lease} />` : words.counts === 'out' ? null : html`<section><p class="quiet">${words.say}</p></section>`}
    <${KeptFor} cell=${cell} />
    ${words.counts === 'leased' && lease ? html`<${LeaseLife} starts=${lease.starts} expires=${lease.expires} seconds=${lease.lease_seconds} />` : null}
    <${Actions} cell=${cell} lease=${lease} />
    ${
      lease && lease.history.length > 0
        ? html`<section>
            <h3>History</h3>
            <${History} events=${lease.history} />
            ${cell.mac === null ? null : html`<a href=${`${location.search || './'}#live/${cell.mac}`}>This guest’s whole story</a>`}
          </section>`
        : null
    }
    ${answer.phase === 'failed' ? html`<section><p class="quiet">Its history could not be read: ${answer.problem?.message}.</p></section>` : null}
  </aside>`;
}

/** Addresses of which it is not known whether they were ever leased. @type {readonly string[]} */
const MAYBE_NEVER = ['free', 'free-quiet', 'offered', 'reserved-idle', 'retired', 'outside-pool'];
/** Of an address that was never leased. */
const NEVER_LEASED = {
  ...{ mac: null, hostname: null, state: 'free', starts: null, expires: null, updated: null, vps_id: null },
  ...{
    node: null,
    client: null,
    lease_seconds: null,
    reservation_id: null,
    organization_id: null,
    port: null,
  },
};
/** Rows of the history of such an address. */
const NEWEST = 20;

/**
 * What is known of an address. Where it may never have been leased, lists are asked: browsers report a lease that is not found as a
 * fault.
 *
 * @param {MapAddress} cell
 * @param {AbortSignal} signal
 * @returns {Promise<Lease>}
 */
async function leaseAt({ address, state }, signal) {
  if (!MAYBE_NEVER.includes(state)) return await ask(`leases/${address}`, { signal });
  const [[lease = NEVER_LEASED], history, [reservation = null]] = await Promise.all([
    askItems('leases', { query: { address, limit: 1 }, signal }),
    askItems('history', { query: { address, limit: NEWEST }, signal }),
    askItems('reservations', { query: { address }, signal }),
  ]);
  return { ...lease, address, reservation, history };
}

/** @param {{ cell: MapAddress, warnings: readonly GuestWarning[] }} props */
function Call({ cell, warnings }) {
  const time = useSignal(now);
  const { state, expires, mac } = cell;
  const isConflict = state === 'conflict';
  const until = expires === null || expires === 'never' ? undefined : Date.parse(expires);
  if (STATES[state].counts === 'out')
    return html`<section>
      <div class=${`call ${isConflict ? 'bad' : 'warn'}`}>
        <${Icon} name=${isConflict ? 'bad' : 'warn'} />
        <div>
          <p><b>${until === undefined ? 'Out of use' : `In quarantine until ${moment(until, time)} (${span(until - time)})`}</b></p>
          <p>
            ${isConflict ? html`A machine without a lease answers ARP here${mac === null ? '' : html`: <span class="mono">${mac}</span>`}. No guest gets the address while it is in quarantine.` : 'No guest gets it until then. After that it goes back into the pool by itself.'}
          </p>
          ${isConflict ? html`<p>Find that machine, and give it an address outside the pool, or let it use DHCP.</p>` : null}
        </div>
      </div>
    </section>`;
  return html`<section>
    ${warnings.map(
      ({ id, title, remedy }) => html`<div class="call warn" key=${id}>
        <${Icon} name="warn" /><div><p><b>${title}</b></p><p><${Prose} of=${sentence(remedy)} /></p></div>
      </div>`,
    )}
  </section>`;
}

/** Of an address whose reservation was removed. @param {{ cell: MapAddress }} props */
function KeptFor({ cell: { reservation_id: id, retired_until: retired } }) {
  const time = useSignal(now);
  if (id === null || retired === null) return null;
  const until = Date.parse(retired);
  return html`<section>
    <p>Its reservation was removed: it is kept for <b><${Name} of=${id} /></b> until ${moment(until, time)} (${span(until - time)}), and can be reserved for that id alone.</p>
  </section>`;
}

/** @param {{ cell: MapAddress, lease: Lease | undefined | null }} props */
function GuestFacts({ cell, lease }) {
  const reservation = lease?.reservation ?? undefined;
  const hostname = cell.hostname ?? reservation?.hostname ?? null;
  const vps =
    vpsOf({ vps_id: cell.vps_id, reservation_id: reservation?.id ?? null, port: lease?.port ?? null }) ??
    reservation?.vps_id ??
    null;
  const mac = cell.mac ?? reservation?.mac?.join(', ') ?? null;
  const organization = lease?.organization_id ?? reservation?.organization_id ?? null;
  return html`<section>
    <${Facts} rows=${[
      [
        'Guest',
        hostname === null
          ? html`<span class="quiet">no name sent</span>`
          : html`<b><${Name} of=${hostname} /></b>`,
      ],
      [
        'VPS',
        vps === null
          ? html`<span class="quiet">not known</span>`
          : html`<a href=${`#leases?q=${encodeURIComponent(vps)}`}><${Name} of=${vps} /></a>`,
      ],
      ['Organization', organization === null ? null : html`<${Name} of=${organization} />`],
      ['MAC', mac === null ? null : html`<span class="mono">${mac}</span>`],
      ['Port', lease?.port ?? null],
      ['Granted by', STATES[cell.state].counts === 'leased' ? cell.node : null],
      ['Reserved as', reservation === undefined ? null : html`<${Name} of=${reservation.id} />`],
      ['Note', reservation?.note === undefined ? null : html`<${Name} of=${reservation.note} />`],
    ]} />
  </section>`;
}

/** @param {{ cell: MapAddress, lease: Lease | undefined | null }} props */
function Actions({ cell, lease }) {
  const { isOn, why } = useChangesOn();
  if (cell.state === 'gateway')
    return html`<section><div class="acts"><a class="btn" href="#nodes">See nodes</a></div></section>`;
  const actions = actionsFor(cell, lease?.reservation ?? undefined);
  if (actions.length === 0) return null;
  return html`<section>
    <div class="acts">
      ${actions.map(({ title, run }) => html`<button type="button" class="btn" key=${title} disabled=${!isOn} onClick=${run}>${title}</button>`)}
    </div>
    ${isOn ? null : html`<p class="quiet small">${why}</p>`}
    ${
      cell.state === 'peer'
        ? html`<p class="quiet small">Its lease is released, and the address put into quarantine, at ${granterText(cell)}: the gateways share no leases.</p>`
        : null
    }
  </section>`;
}
