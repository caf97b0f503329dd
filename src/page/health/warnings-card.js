import { summary } from '../api/connection.js';
import { guestsWithWarnings } from '../frame/guest-warnings.js';
import { html } from '../html.js';
import { shortOf } from '../map/segment-panel.js';
import { Icon, Level } from '../parts/icon.js';
import { Name, Prose } from '../parts/text.js';
import { copy, say } from '../parts/toast.js';
import { now, serverNow } from '../state/clock.js';
import { asides, putAside } from '../state/preferences.js';
import { useSignal } from '../state/use-signal.js';
import { DAY, moment, span } from '../text/time.js';
import { sentence } from '../text/verdict.js';

/** @import { Guest, Warning } from '../types.d.ts' */

/**
 * A warning as it is shown, whether it is about the gateway or about a guest.
 *
 * @typedef {object} Shown
 * @property {string} key It changes if the warning gets worse.
 * @property {'bad' | 'warn' | 'note'} level
 * @property {string} title
 * @property {unknown} [about]
 * @property {string | null} since
 * @property {string} means
 * @property {string} remedy
 * @property {string | null} command
 * @property {string | null} address
 */

/** What is wrong now, the worst first, each with what to do; last what is said although nothing is wrong. */
export function WarningsCard() {
  const { warnings, notes } = useSignal(summary);
  const guests = useSignal(guestsWithWarnings);
  const time = useSignal(now);
  const quiet = useSignal(asides);
  const wrong = [...warnings.map(ofGateway), ...guests.flatMap(ofGuest)];
  const all = [...wrong, ...notes.map(ofGateway)];
  const loud = all.filter(({ key }) => (quiet[key] ?? 0) < Date.now());
  const isLoudWrong = wrong.some((each) => loud.includes(each));
  return html`<section class="card" aria-labelledby="warnings-title">
    <header><h2 id="warnings-title">Warnings</h2><span class="quiet">${wrong.length === 0 ? '' : 'worst first; each goes away by itself when its cause is gone'}</span></header>
    ${isLoudWrong ? null : html`<p class="say2">${wrong.length === 0 ? 'Nothing is wrong.' : 'Nothing else is wrong.'}</p>`}
    <ul class="warns">${loud.map((each, index) => html`<${One} key=${each.key} warning=${each} isOpen=${index === 0 && each.level !== 'note'} time=${time} />`)}</ul>
    ${
      loud.length < all.length
        ? html`<p class="say2 small">
            ${all.length - loud.length} hidden in this browser.${' '}
            <button type="button" class="link" onClick=${() => all.map(({ key }) => putAside(key, 0))}>Show them</button>
          </p>`
        : null
    }
  </section>`;
}

/** @type {Record<Warning['level'], Shown['level']>} */
const LEVELS = { 'guests-suffer': 'bad', 'no-guest-suffers': 'warn', note: 'note' };
const SAID = { bad: 'Guests suffer', warn: 'No guest suffers yet', note: 'Good to know' };

/** @param {Warning} warning @returns {Shown} */
function ofGateway({ id, level, title, since, means, remedy, command }) {
  return {
    key: `${id} ${level} ${title}`,
    level: LEVELS[level],
    title: sentence(title),
    since,
    means,
    remedy,
    command,
    address: null,
  };
}

/** @param {Guest} guest @returns {Shown[]} */
function ofGuest({ address, hostname, updated, warnings }) {
  return warnings.map(({ id, title, remedy }) => ({
    key: `${id} ${address} ${title}`,
    level: 'warn',
    title: `${address}: ${shortOf(id)}`,
    about: hostname === null ? undefined : html`<${Name} of=${hostname} />`,
    since: updated,
    means: sentence(title),
    remedy,
    command: id === 'in-use-elsewhere' ? `vps-gateway addresses ask ${address}` : null,
    address,
  }));
}

/** @param {{ warning: Shown, isOpen: boolean, time: number }} props */
function One({
  warning: { key, level, title, about, since, means, remedy, command, address },
  isOpen,
  time,
}) {
  const aside = () => {
    putAside(key, Date.now() + DAY);
    say(
      `Hidden in this browser until tomorrow, ${moment(serverNow() + DAY, serverNow()).replace(/^.*, /, '')}, unless it gets worse.`,
    );
  };
  return html`<li>
    <details open=${isOpen}>
      <summary>
        <${Level} level=${level} />
        <span>
          <b>${title} ${about === undefined ? null : html`(${about})`}</b>
          <span class="quiet">${SAID[level]}${since === null ? '' : ` · for ${span(time - Date.parse(since))}`}</span>
        </span>
        <${Icon} name="right" tone="chev" />
      </summary>
      <div class="do">
        <p><${Prose} of=${means} /></p>
        ${remedy === '' ? null : html`<p><b><${Prose} of=${sentence(remedy)} /></b></p>`}
        ${
          command === null
            ? null
            : html`<div class="cmd">
                <code tabindex="0" role="group" aria-label="Command">${command}</code>
                <button type="button" class="btn bare tight icon" aria-label="Copy the command" onClick=${() => copy(command, 'the command')}><${Icon} name="copy" /></button>
              </div>`
        }
        <div class="acts">
          ${address === null ? null : html`<a class="btn tight" href=${`#map/${address}`}>Show on the map</a>`}
          <button type="button" class="btn tight" onClick=${aside}>Hide for 24 h</button>
        </div>
      </div>
    </details>
  </li>`;
}
