import { roughSpan } from './time.js';

/** @import { Info, OtherGateway } from '../types.d.ts' */

/**
 * Other gateways that share nothing with this one, as far as nothing shows that they are gone.
 *
 * @param {Pick<Info, 'other_gateways'>} info
 */
export function presentGateways({ other_gateways: others }) {
  return others.filter(
    ({ is_gateway: isGateway, state }) => isGateway && (state === 'there' || state === 'unknown'),
  );
}

/**
 * Those that were at work, and are not now.
 *
 * @param {Pick<Info, 'other_gateways'>} info
 */
export function goneGateways({ other_gateways: others }) {
  return others.filter(
    ({ is_gateway: isGateway, state }) => isGateway && (state === 'away' || state === 'stopped'),
  );
}

/**
 * How it is, in a word or two, and whether that wants a look.
 *
 * @param {OtherGateway} other
 * @returns {{ text: string, level: 'good' | 'warn' | undefined }} No level: nothing shows that it serves.
 */
export function stateOf(other) {
  if (!other.is_gateway) return { text: 'maybe another machine', level: undefined };
  if (other.state === 'away' || other.state === 'stopped') return { text: 'gone', level: 'warn' };
  return other.state === 'there' ? { text: 'seen', level: 'good' } : { text: 'not known', level: undefined };
}

/**
 * What shows that, as rows of a table: a title, and for each gateway a text and whether it is what is wrong.
 *
 * @param {readonly (OtherGateway | undefined)[]} others Undefined: one that is known in another way.
 * @returns {{ title: string, values: string[], odd: boolean[] }[]}
 */
export function evidenceOf(others) {
  const row = (
    /** @type {string} */ title,
    /** @type {(other: OtherGateway) => number | null} */ secondsOf,
    /** @type {OtherGateway['state']} */ wrong,
  ) => {
    const odd = others.map((other) => other?.state === wrong && other.is_gateway);
    const values = others.map((other, index) =>
      other === undefined ? '–' : sinceText(secondsOf(other), odd[index] === true),
    );
    return { title, values, odd };
  };
  const chosen = others.map((other) =>
    other === undefined ? '–' : sinceText(other.selected_seconds, false, 'not yet'),
  );
  return [
    { title: 'A guest chose it', values: chosen, odd: [] },
    row('Answered ARP', ({ arp_seconds: arp }) => arp, 'away'),
    row('Looked for this one', ({ arp_asked_seconds: asked }) => asked, 'stopped'),
  ];
}

/**
 * @param {number | null} seconds
 * @param {boolean} isTooLong
 * @param {string} [never]
 */
function sinceText(seconds, isTooLong, never = '–') {
  if (seconds === null) return isTooLong ? 'never' : never;
  const length = roughSpan(seconds * 1000);
  return isTooLong ? `not for ${length}` : `${length} ago`;
}
