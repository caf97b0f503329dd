/** @import { IconName } from '../parts/icon.js' */
/** @import { ReasonWords } from '../parts/reasons.js' */

/**
 * What a decision was for its guest.
 *
 * @typedef {'granted' | 'offered' | 'refused' | 'silent' | 'waiting' | 'changed' | 'rogue'} Outcome
 */

/** @type {Readonly<Record<Outcome, { icon: IconName, tone: string, title: string }>>} */
export const OUTCOMES = {
  granted: { icon: 'ok', tone: 'tone-good', title: 'Granted' },
  offered: { icon: 'half', tone: 'quiet', title: 'Offered' },
  refused: { icon: 'no', tone: 'tone-bad', title: 'Refused' },
  silent: { icon: 'mute', tone: 'quiet', title: 'Silent' },
  waiting: { icon: 'wait', tone: 'tone-warn', title: 'Waiting' },
  changed: { icon: 'right', tone: 'quiet', title: 'Changed' },
  rogue: { icon: 'bad', tone: 'tone-bad', title: 'Rogue' },
};

/**
 * @param {string} reason
 * @param {ReasonWords | undefined} words
 * @param {string | undefined} kind What the event says was done: `reply`, `silence`, `wait`; undefined: it is of the history.
 * @returns {Outcome}
 */
export function outcomeOf(reason, words, kind) {
  if (kind === 'wait' || words?.kind === 'wait') return 'waiting';
  if (words?.kind === 'refusal') return kind === 'silence' ? 'silent' : 'refused';
  if (words?.kind === 'change') return 'changed';
  if (words?.kind === 'silence' || kind === 'silence') return 'silent';
  return reason.startsWith('offered') ? 'offered' : 'granted';
}

/**
 * The word of the answer: OFFER, ACK, NAK, or what there was in its place.
 *
 * @param {Outcome} outcome
 * @param {string} type Of the guest's message.
 */
export function answerWord(outcome, type) {
  if (outcome === 'granted') return type === 'BOOTP' ? 'Reply' : 'ACK';
  if (outcome === 'offered') return 'OFFER';
  if (outcome === 'refused') return 'NAK';
  return OUTCOMES[outcome].title;
}

/**
 * DISCOVER; an order of an operator is no message.
 *
 * @param {string} type
 */
export function shortType(type) {
  return type.replace(/^DHCP/, '');
}

/**
 * What the gateway answered, or why something changed without a message of the guest to it.
 *
 * @param {string} type
 * @param {string} reason
 * @param {ReasonWords} [words]
 */
export function causeWords(type, reason, words) {
  if (reason === 'peer-granted') return 'heard on the segment';
  if (words?.isOrdered === true) return 'by an order';
  if (type === '') return '';
  return type === 'order' ? 'without a message' : `to ${shortType(type)}`;
}
