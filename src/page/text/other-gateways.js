import { roughSpan } from './time.js';

/** @import { Info, OtherGateway } from '../types.d.ts' */

/**
 * Whether it did what only a gateway does: whatever else answers ARP at such an address may be another machine.
 *
 * @param {Pick<OtherGateway, 'selected_seconds' | 'arp_asked_seconds'>} other
 */
export function isSeenAsGateway({ selected_seconds: selected, arp_asked_seconds: asked }) {
  return selected !== null || asked !== null;
}

/**
 * Other gateways that share nothing with this one, as far as nothing shows that they are gone.
 *
 * @param {Pick<Info, 'other_gateways'>} info
 */
export function presentGateways({ other_gateways: others }) {
  return others.filter(
    (other) => isSeenAsGateway(other) && (other.state === 'there' || other.state === 'unknown'),
  );
}

/**
 * What is known of it now, and whether that wants a look.
 *
 * @param {OtherGateway} other
 * @returns {{ text: string, level: 'good' | 'warn' | undefined }} No level: nothing shows that it serves.
 */
export function stateOf(other) {
  const { state, selected_seconds: selected, arp_seconds: arp, arp_asked_seconds: asked } = other;
  if (state === 'away') {
    const since = arp === null ? '' : ` for ${spanOf(arp)}`;
    return { text: `does not answer ARP${since}`, level: isSeenAsGateway(other) ? 'warn' : undefined };
  }
  if (state === 'stopped') {
    const seen = [selected, asked].filter((each) => each !== null);
    return {
      text: `only its machine answers ARP; its gateway was seen last ${ago(Math.min(...seen))}`,
      level: 'warn',
    };
  }
  const chosen = selected === null ? undefined : `a guest chose it ${ago(selected)}`;
  const answered = arp === null ? undefined : `answered ARP ${ago(arp)}`;
  const text = [chosen, answered].filter((each) => each !== undefined).join(' · ');
  if (!isSeenAsGateway(other)) return { text: `${text}; nothing shows a gateway there`, level: undefined };
  return { text, level: state === 'there' ? 'good' : undefined };
}

/** @param {number} seconds */
function ago(seconds) {
  return `${spanOf(seconds)} ago`;
}

/** @param {number} seconds */
function spanOf(seconds) {
  return roughSpan(seconds * 1000);
}
