import { counted, milliseconds } from './number.js';
import { clockWithSeconds, roughSpan, span } from './time.js';

/** @import { Connection, Summary } from '../api/connection.js' */

/**
 * The sentence that stands above everything: whether a new guest gets an address now.
 *
 * @typedef {{ level: 'good' | 'bad' | 'idle', title: string, proof: string }} Verdict
 * @param {Summary} summary
 * @param {Connection} connection
 * @param {{ now: number, lastGrantAt: number | undefined, took: number | undefined }} known
 * @returns {Verdict}
 */
export function verdictOf({ readiness, info, warnings }, { phase, answeredAt }, { now, lastGrantAt, took }) {
  if (phase === 'connecting') return { level: 'idle', title: 'Asking the gateway…', proof: '' };
  if (phase === 'lost')
    return {
      level: 'idle',
      title: 'Not known now.',
      proof:
        answeredAt === 0
          ? ''
          : `Last answer ${span(now - answeredAt)} ago: ${readiness?.ok ? 'new guests got an address' : 'new guests got no address'}.`,
    };
  if (readiness === undefined) return { level: 'idle', title: 'Asking the gateway…', proof: '' };
  if (!readiness.ok) {
    const { message = '', id = '' } = readiness.problems[0] ?? {};
    const since = warnings.find((each) => each.id === id)?.since;
    const when =
      since === null || since === undefined ? '' : ` Since ${clockWithSeconds(Date.parse(since))}.`;
    const title = readiness.verdict === 'no-answer' ? 'Not known now.' : 'New guests get no address.';
    return { level: 'bad', title, proof: `${sentence(message)}${when}` };
  }
  if (phase === 'denied') return { level: 'good', title: 'A new guest would get an address.', proof: '' };
  if (lastGrantAt !== undefined) {
    const fast = took === undefined ? '' : `, in ${milliseconds(took)} ms`;
    return {
      level: 'good',
      title: 'New guests get an address.',
      proof: `Last one ${ago(now - lastGrantAt)}${fast}.`,
    };
  }
  return { level: 'good', title: 'A new guest would get an address.', proof: withoutGrant(info, now) };
}

/**
 * Proof where the newest rows of the history have no new lease of this gateway: they may all be of other gateways.
 *
 * @param {Summary['info']} info
 * @param {number} now
 */
function withoutGrant(info, now) {
  if (info === undefined) return '';
  const leased = info.segments[0]?.leased;
  if (typeof leased === 'number' && leased > 0)
    return `${counted(leased, 'address is', 'addresses are')} leased here now.`;
  return `No guest has got one here since the start, ${roughSpan(now - Date.parse(info.started))} ago.`;
}

/** @param {number} length */
function ago(length) {
  return `${roughSpan(length)} ago`;
}

/**
 * With a capital letter and a full stop.
 *
 * @param {string} text
 */
export function sentence(text) {
  if (text === '') return '';
  const full = /[.!?]$/.test(text) ? text : `${text}.`;
  return `${full[0]?.toUpperCase()}${full.slice(1)}`;
}
