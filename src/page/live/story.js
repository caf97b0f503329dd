import { isLeft, LEFT } from '../parts/reasons.js';
import { clock, DAY, moment, roughSpan } from '../text/time.js';
import { answerWord, causeWords, OUTCOMES, outcomeOf, shortType } from './outcome.js';

/** @import { Guest, HistoryEvent } from '../types.d.ts' */
/** @import { ReasonWords } from '../parts/reasons.js' */
/** @import { Decision } from './decisions.js' */
/** @import { IconName } from '../parts/icon.js' */

/**
 * A line of a story: something that happened, or a time in which nothing did.
 *
 * @typedef {{ kind: 'step', key: string, icon: IconName, tone: string, title: string, when: string, reason: string, says: string, note: string | null }} Step
 * @typedef {{ kind: 'gap', key: string, text: string }} Gap
 */

/** In which nothing changes for a guest. */
const USUAL = ['renewed', 'rebooted', 'cached', 'as-committed'];
/** A time without anything that is worth a line: milliseconds. */
const LONG = 6 * 3_600_000;
/** A decision and its row in the history are this far apart at most: the history has whole seconds. */
const SAME = 2000;

/** @typedef {{ key: string, at: number, address: string | null, reason: string, node: string | null, type: string, kind: string | undefined, isOver: boolean, expires: string | null, author: string | null, note: string | null }} Moment */

/**
 * What happened to a guest, the oldest first, the usual folded into one line.
 *
 * @param {readonly HistoryEvent[]} history The newest first.
 * @param {readonly Decision[]} decisions The newest first.
 * @param {Readonly<Record<string, ReasonWords>>} words
 * @param {number} now
 * @returns {(Step | Gap)[]}
 */
export function storyOf(history, decisions, words, now) {
  /** @type {(Step | Gap)[]} */
  const lines = [];
  /** @type {Moment[]} */
  let usual = [];
  let before = Number.NaN;
  const moments = momentsOf(history, decisions, words);
  /** @param {Moment[]} some */
  const fold = (some) => {
    const first = some[0];
    if (first !== undefined)
      lines.push({ kind: 'gap', key: `fold ${first.key}`, text: foldedText(some, before) });
  };
  for (const [index, each] of moments.entries()) {
    const isLast = index === moments.length - 1;
    if (USUAL.includes(each.reason) && !isLast && !each.isOver) {
      usual.push(each);
      continue;
    }
    fold(usual);
    if (usual.length === 0 && each.at - before > LONG)
      lines.push({ kind: 'gap', key: `gap ${each.key}`, text: roughSpan(each.at - before) });
    usual = [];
    before = each.at;
    lines.push(stepOf(each, words, now));
  }
  fold(usual);
  return lines;
}

/**
 * What is stored, at the very time at which it was seen, if it was: the history has whole seconds. And what was seen alone.
 *
 * @param {readonly HistoryEvent[]} history The newest first.
 * @param {readonly Decision[]} decisions
 * @param {Readonly<Record<string, ReasonWords>>} words
 * @returns {Moment[]}
 */
function momentsOf(history, decisions, words) {
  const all = decisions.filter(({ key }) => !key.startsWith('history'));
  const rest = new Set(all);
  const stored = history
    .map(({ id, at, address, event, reason: text, node, expires, author, note }) => {
      const [time, reason = ''] = [Date.parse(at ?? ''), text.split(' ')[0]];
      const isOver = isLeft(event, reason, words[reason]);
      // An address is left by the decision that gives another one.
      const seen = (isOver ? all : [...rest]).find(
        (each) =>
          each.reason === reason && (isOver || each.address === address) && Math.abs(each.at - time) < SAME,
      );
      if (seen !== undefined && !isOver) rest.delete(seen);
      return {
        ...{ key: `history ${id}`, at: seen?.at ?? time, address, reason, node, type: seen?.type ?? '' },
        ...{ kind: undefined, isOver, expires, author, note },
      };
    })
    .reverse();
  const seen = [...rest].reverse().map(({ key, at, address, reason, node, type, outcome }) => ({
    ...{ key, at, address, reason, node, type, isOver: false, expires: null, author: null, note: null },
    kind: outcome === 'silent' ? 'silence' : undefined,
  }));
  // At one time: first what was seen, then what was stored by it; and the old address ends after the new one has begun.
  return [...seen, ...stored].sort(
    (one, other) => one.at - other.at || Number(one.isOver) - Number(other.isOver),
  );
}

/**
 * 11 days: 21 renewals, 2 boots, always this address
 *
 * @param {readonly Moment[]} some
 * @param {number} since
 */
function foldedText(some, since) {
  const boots = some.filter(({ reason }) => reason === 'rebooted').length;
  const renewals = some.length - boots;
  const last = some.at(-1)?.at ?? since;
  const parts = [
    renewals > 0 ? `${renewals} ${renewals === 1 ? 'renewal' : 'renewals'}` : '',
    boots > 0 ? `${boots} ${boots === 1 ? 'boot' : 'boots'}` : '',
    new Set(some.map(({ address }) => address)).size === 1 ? 'always this address' : '',
  ].filter((part) => part !== '');
  const length = last - (Number.isNaN(since) ? (some[0]?.at ?? last) : since);
  return `${length < 1000 ? '' : `${roughSpan(length)}: `}${parts.join(', ')}`;
}

/**
 * @param {Moment} moment
 * @param {Readonly<Record<string, ReasonWords>>} words
 * @param {number} now
 * @returns {Step}
 */
function stepOf({ key, at, address, reason, node, type, kind, isOver, expires, author, note }, words, now) {
  const outcome = isOver ? 'changed' : outcomeOf(reason, words[reason], kind);
  const { icon, tone } = OUTCOMES[outcome];
  const who = author ?? node ?? 'gateway';
  const what = isOver
    ? 'ended'
    : author !== null
      ? 'order'
      : `${answerWord(outcome, type)}${['', 'order'].includes(type) ? '' : ` to ${shortType(type)}`}`;
  const until = expires === null || expires === 'never' ? '' : ` Until ${moment(Date.parse(expires), now)}.`;
  return {
    ...{ kind: 'step', key, icon, tone, reason },
    title:
      reason === 'peer-granted' && !isOver
        ? `${who}: ${address}, ${causeWords(type, reason)}`
        : `${who}: ${what}${address === null ? '' : ` ${address}`}`,
    when: now - at < DAY ? clock(at) : moment(at, now),
    says: isOver ? LEFT : `${words[reason]?.means ?? ''}${until}`,
    note,
  };
}

/**
 * What a story begins with: the guest has this address, or why it has none.
 *
 * @param {readonly Pick<Guest, 'address' | 'state'>[]} guests Of its card.
 * @param {readonly HistoryEvent[]} history The newest first.
 * @param {readonly Decision[]} decisions The newest first.
 * @param {Readonly<Record<string, ReasonWords>>} words
 * @param {number} now
 * @returns {{ title: string, more: string }}
 */
export function storyVerdict(guests, history, decisions, words, now) {
  const has = guests
    .filter(({ state }) => state === 'bound' || state === 'peer')
    .map(({ address }) => address);
  const [address] = has;
  if (address !== undefined) {
    const first = sameSince(history, address, words);
    const since =
      first === undefined || now - first < 60_000 ? '' : `Same address for ${roughSpan(now - first)}.`;
    return { title: `Has ${has.join(', ')}.`, more: since };
  }
  const [newest] = decisions;
  if (newest === undefined && history.length === 0)
    return {
      title: 'Nothing is known of this guest.',
      more: 'No message of it has changed a lease here. If it asks now, it shows here at once.',
    };
  if (newest?.outcome === 'offered')
    return {
      title: 'Has no address yet.',
      more: 'It was offered an address, and has not requested it. If it never does, its firewall drops port 68, or it took the offer of another server.',
    };
  const word = newest?.reason ?? history[0]?.reason.split(' ')[0] ?? '';
  const { means = '', remedy = '' } = words[word] ?? {};
  return { title: 'Has no address now.', more: `${means} ${remedy}`.trim() };
}

/**
 * Since when it has had the same address.
 *
 * @param {readonly HistoryEvent[]} history
 * @param {string} address
 * @param {Readonly<Record<string, ReasonWords>>} words
 */
function sameSince(history, address, words) {
  /** @type {number | undefined} */
  let since;
  for (const event of history) {
    const [reason = ''] = event.reason.split(' ');
    if (isLeft(event.event, reason, words[reason])) continue;
    if (event.address !== address) break;
    since = Date.parse(event.at ?? '');
    if (event.reason.startsWith('bound') || event.reason.startsWith('moved')) break;
  }
  return since;
}
