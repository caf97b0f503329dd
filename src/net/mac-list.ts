import { type HardwareAddress, NO_HARDWARE } from './hardware-address.ts';

/** A MAC address, or the first octets of many. */
export interface MacPrefix {
  /** How many octets: 1 to 6. */
  readonly octets: number;
  /** Those octets as an integer. */
  readonly value: number;
}

const OCTETS = 6;
const TEXT = /^[0-9a-f]{2}([:-][0-9a-f]{2}){0,5}$/i;

/** Reads one to six hexadecimal pairs, separated by colons or dashes; undefined for anything else. */
export function macPrefixFromText(text: string): MacPrefix | undefined {
  if (!TEXT.test(text)) return undefined;
  const digits = text.replace(/[:-]/g, '');
  return { octets: digits.length / 2, value: Number.parseInt(digits, 16) };
}

/** MAC addresses and beginnings of such. To find one takes six look-ups at most, however many are listed. */
export class MacList {
  readonly size: number;
  /** Of each number of octets those that are listed. */
  readonly #byOctets = new Map<number, Set<number>>();

  constructor(prefixes: readonly MacPrefix[]) {
    this.size = prefixes.length;
    for (const { octets, value } of prefixes) {
      const values = this.#byOctets.get(octets);
      if (values === undefined) this.#byOctets.set(octets, new Set([value]));
      else values.add(value);
    }
  }

  has(hardware: HardwareAddress): boolean {
    if (hardware === NO_HARDWARE) return false;
    for (const [octets, values] of this.#byOctets)
      if (values.has(Math.floor(hardware / 256 ** (OCTETS - octets)))) return true;
    return false;
  }
}
