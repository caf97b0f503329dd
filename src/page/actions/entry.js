/** @import { Subject } from './subject.js' */

const MAC = /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}$/i;

/**
 * The MACs of a field, or why they are none.
 *
 * @param {string} text
 * @returns {{ macs: string[] } | { fault: string }}
 */
export function macsFrom(text) {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = words.find((word) => !MAC.test(word));
  if (wrong !== undefined) return { fault: `${wrong} is not a MAC address: 52:54:00:4e:00:01.` };
  return {
    macs: words.map((word) =>
      word
        .toLowerCase()
        .replace(/[^0-9a-f]/g, '')
        .replace(/(..)(?=.)/g, '$1:'),
    ),
  };
}

/**
 * What a new reservation is called if nobody says so: by the VPS, else by the name, else by the card.
 *
 * @param {Pick<Subject, 'vps' | 'hostname' | 'mac'>} subject
 */
export function proposedId({ vps, hostname, mac }) {
  if (vps !== null) return vps;
  if (hostname !== null && /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(hostname)) return hostname;
  return mac === null ? '' : `mac-${mac.replaceAll(':', '')}`;
}

/**
 * The address that the fields say: empty where the server is to pick one.
 *
 * @param {string} fixed What all addresses of the subnet begin with: `10.15.3.`
 * @param {string} rest
 */
export function addressFrom(fixed, rest) {
  const text = rest.trim();
  if (text === '') return '';
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) ? text : `${fixed}${text}`;
}
