import { html, useEffect } from '../html.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { clock, clockOrDay, moment } from '../text/time.js';
import { isLeft, loadReasons, reasons } from './reasons.js';
import { Name } from './text.js';

/** @import { HistoryEvent } from '../types.d.ts' */

/** What happened, the newest first. @param {{ events: readonly HistoryEvent[] }} props */
export function History({ events }) {
  const time = useSignal(now);
  const words = useSignal(reasons);
  useEffect(() => void loadReasons(), []);
  return html`<ol class="hist">
    ${events.map(({ id, at, reason: text, ...event }) => {
      const [reason = ''] = text.split(' ');
      const isOver = isLeft(event.event, reason, words[reason]);
      const when = at === null ? Number.NaN : Date.parse(at);
      return html`<li key=${id}>
        <time datetime=${at ?? ''} title=${at ?? ''}>${clockOrDay(when, time)}</time>
        <p><span class="word">${reason}</span> ${about(event, isOver, when, time)}</p>
      </li>`;
    })}
  </ol>`;
}

/**
 * @param {Omit<HistoryEvent, 'id' | 'at' | 'reason'>} event
 * @param {boolean} isOver Its guest has left the address.
 * @param {number} when
 * @param {number} time
 */
function about({ hostname, mac, node, author, note, expires, event }, isOver, when, time) {
  const who =
    hostname !== null
      ? html`<${Name} of=${hostname} />`
      : mac === null
        ? null
        : html`<span class="mono">${mac}</span>`;
  const end =
    expires === null || expires === 'never' || event !== 'bound'
      ? ''
      : `until ${moment(Date.parse(expires), time)}`;
  const rest = [author === null ? node && `by ${node}` : `by ${author}`, end]
    .filter((part) => part)
    .join(', ');
  const what = isOver
    ? who === null
      ? 'its guest has another address now'
      : ' has another address now'
    : '';
  return html`<span title=${Number.isNaN(when) ? '' : clock(when)}>${who}${what}${isOver && rest ? ', ' : ' '}${rest}${note === null ? null : html` “<${Name} of=${note} />”`}</span>`;
}
