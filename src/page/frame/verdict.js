import { ask } from '../api/client.js';
import { connection, followEvents, summary } from '../api/connection.js';
import { useAnswer } from '../api/use-answer.js';
import { html, useEffect, useState } from '../html.js';
import { numberOf } from '../live/decisions.js';
import { Icon, Level } from '../parts/icon.js';
import { Prose } from '../parts/text.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { gatewayCount } from '../text/gateway-count.js';
import { grouped } from '../text/number.js';
import { roughSpan } from '../text/time.js';
import { verdictOf } from '../text/verdict.js';
import { guestsWithWarnings } from './guest-warnings.js';

/** Reasons by which a guest has got an address that it did not have. */
const GRANTS = ['bound', 'moved', 'adopted'];

/** Whether a new guest gets an address, how much room is left, and what needs a look: on every view. */
export function Verdict() {
  const known = useSignal(summary);
  const state = useSignal(connection);
  const time = useSignal(now);
  const newest = useAnswer('newest', (signal) => ask('history', { query: { limit: 20 }, signal }));
  const guestWarnings = useSignal(guestsWithWarnings);
  /** @type {import('../types.d.ts').HistoryEvent[]} */
  const events = newest.value?.items ?? [];
  const stored = Date.parse(events.find(({ reason }) => GRANTS.includes(reason))?.at ?? '');
  const seen = useSeenGrant();
  // The history has whole seconds, and no time that an answer took.
  const isSeen = seen !== undefined && !(seen.at < stored);
  const { level, title, proof } = verdictOf(known, state, {
    now: time,
    lastGrantAt: isSeen ? seen.at : Number.isNaN(stored) ? undefined : stored,
    took: isSeen ? (seen.took ?? undefined) : undefined,
  });
  const warnings = known.warnings.length + guestWarnings.length;
  return html`<div class=${`verdict ${level}`}>
    ${level === 'idle' ? html`<${Icon} name="wait" tone="quiet" />` : html`<${Level} level=${level} />`}
    <p class="say" role="status"><b>${title}</b> <span><${Prose} of=${proof} /></span></p>
    <div class="facts">
      <${Fact} value=${freeOf(known)} text=${`of ${totalOf(known)} free`} href="#map" />
      <${Fact} value=${untilFull(known, time)} text="until full" href="#health" isWide=${true} />
      <${Fact} value=${gatewayCount(known.info)} text=${gatewayCount(known.info) === '1' ? 'gateway' : 'gateways'} href="#nodes" />
      ${known.notes.length === 0 ? null : html`<${Fact} value=${String(known.notes.length)} text=${known.notes.length === 1 ? 'note' : 'notes'} href="#health" isWide=${true} />`}
      <${Fact} value=${known.info === undefined ? '–' : String(warnings)} text=${warnings === 1 ? 'warning' : 'warnings'} href="#health" />
    </div>
  </div>`;
}

/**
 * The newest lease that was granted while the page was open.
 *
 * @returns {{ at: number, took: number | null } | undefined}
 */
function useSeenGrant() {
  const [grant, setGrant] = useState(
    /** @type {{ at: number, took: number | null } | undefined} */ (undefined),
  );
  useEffect(
    () =>
      followEvents(({ kind, data }) => {
        if (kind === 'lease' && GRANTS.includes(String(data['reason'])))
          setGrant({ at: Date.parse(String(data['at'])), took: numberOf(data['reply_seconds']) });
      }, false),
    [],
  );
  return grant;
}

/** @param {{ value: string | undefined, text: string, href: string, isWide?: boolean }} props */
function Fact({ value, text, href, isWide = false }) {
  if (value === undefined) return null;
  return html`<a class=${`fact${isWide ? ' hide-s' : ''}`} href=${href}><b>${value}</b>${text}</a>`;
}

/** @param {import('../api/connection.js').Summary} summary */
function freeOf({ info }) {
  const available = info?.segments[0]?.available;
  return typeof available === 'number' ? grouped(available) : '–';
}

/** @param {import('../api/connection.js').Summary} summary */
function totalOf({ info }) {
  const total = info?.segments[0]?.total;
  return typeof total === 'number' ? grouped(total) : '–';
}

/**
 * @param {import('../api/connection.js').Summary} summary
 * @param {number} time
 */
function untilFull({ info }, time) {
  const at = info?.segments[0]?.exhausted_at;
  return at === null || at === undefined ? undefined : roughSpan(Date.parse(at) - time);
}
