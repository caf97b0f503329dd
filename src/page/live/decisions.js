import { followEvents } from '../api/connection.js';
import { isLeft, LEFT, reasons } from '../parts/reasons.js';
import { chosenSegment } from '../state/segment.js';
import { Signal } from '../state/signal.js';
import { outcomeOf } from './outcome.js';

/** @import { HistoryEvent, StreamEvent } from '../types.d.ts' */
/** @import { Outcome } from './outcome.js' */

/**
 * A row of the stream.
 *
 * @typedef {object} Decision
 * @property {string} key
 * @property {number} at
 * @property {string | null} address
 * @property {string | null} mac
 * @property {string} type
 * @property {string} reason
 * @property {string | null} node
 * @property {Outcome} outcome
 * @property {number | null} took Seconds until the reply; null: there was none, or it is not known.
 * @property {string} [title] In place of what the reason means.
 */

/** So many are kept. */
const MOST = 1000;
/** How often the table is drawn at most: milliseconds. A flood is thousands a second. */
const INTERVAL = 250;

/** The newest first. @type {Signal<readonly Decision[]>} */
export const decisions = new Signal(/** @type {readonly Decision[]} */ ([]));
/** A second, over the last few. */
export const rate = new Signal(0);

/** @type {Decision[]} */
let fresh = [];
let count = 0;

chosenSegment.follow(() => {
  fresh = [];
  decisions.set([]);
});

/**
 * Follows decisions for as long as they are looked at.
 *
 * @returns {() => void}
 */
export function followDecisions() {
  const end = followEvents(add, true);
  const timer = setInterval(flush, INTERVAL);
  const measuring = setInterval(() => {
    rate.set(Math.round(count / 5));
    count = 0;
  }, 5000);
  return () => {
    end();
    clearInterval(timer);
    clearInterval(measuring);
  };
}

/** @param {StreamEvent} event */
function add({ id, kind, data }) {
  if (kind === 'decision') count += 1;
  const read =
    kind === 'decision' ? decisionFrom(id, data) : kind === 'rogue' ? rogueFrom(id, data) : undefined;
  if (read === undefined) return;
  fresh.push(read);
  if (fresh.length > MOST) fresh = fresh.slice(-MOST);
}

function flush() {
  if (fresh.length === 0) return;
  const next = [...fresh.reverse(), ...decisions.value].slice(0, MOST);
  fresh = [];
  decisions.set(next);
}

/**
 * @param {string} id
 * @param {Record<string, unknown>} data
 * @returns {Decision}
 */
function decisionFrom(id, data) {
  const reason = textIn(data['reason']) ?? '';
  const outcome = outcomeOf(reason, reasons.value[reason], textIn(data['kind']) ?? undefined);
  return {
    key: id,
    at: Date.parse(textIn(data['at']) ?? ''),
    address: textIn(data['address']),
    mac: textIn(data['mac']),
    type: textIn(data['type']) ?? '',
    reason,
    node: textIn(data['node']),
    outcome,
    took: numberOf(data['reply_seconds']),
  };
}

/**
 * @param {string} id
 * @param {Record<string, unknown>} data
 * @returns {Decision | undefined}
 */
function rogueFrom(id, data) {
  const title = textIn(data['title']);
  if (title === null || data['state'] !== 'began') return undefined;
  const at = Date.parse(textIn(data['at']) ?? '');
  const none = { address: null, mac: null, node: null, took: null };
  return { key: id, at, ...none, type: '', reason: 'rogue-server', outcome: 'rogue', title };
}

/** @param {unknown} value @returns {string | null} */
function textIn(value) {
  return typeof value === 'string' ? value : null;
}

/** @param {unknown} value @returns {number | null} */
export function numberOf(value) {
  return typeof value === 'number' ? value : null;
}

/**
 * What has changed leases before the stream began.
 *
 * @param {readonly HistoryEvent[]} events
 */
export function addHistory(events) {
  const known = decisions.value;
  const oldest = known.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const before = events.flatMap(({ id, at, address, mac, event, reason, node }) => {
    const [word = ''] = reason.split(' ');
    const words = reasons.value[word];
    const isOver = isLeft(event, word, words);
    const time = Date.parse(at ?? '');
    // The history has whole seconds.
    if (!(time < oldest - 1000)) return [];
    /** @type {Outcome} */
    const outcome = isOver ? 'changed' : outcomeOf(word, words, undefined);
    const row = { key: `history ${id}`, at: time, address, mac, type: '', reason: word };
    return [{ ...row, node, outcome, took: null, ...(isOver && { title: LEFT }) }];
  });
  if (before.length > 0) decisions.set([...known, ...before].slice(0, MOST));
}
