import { digitOf } from './hex.ts';

const COLON = 58;

/**
 * A 48-bit Ethernet address as an integer (exact in a double): 52:54:00:00:00:01 is 0x525400000001.
 * 0 stands for a client whose link layer has no 48-bit address.
 */
export type HardwareAddress = number & { readonly __brand: 'HardwareAddress' };

export const NO_HARDWARE = 0 as HardwareAddress;
/** The Ethernet broadcast address. */
export const EVERYBODY = 0xffff_ffff_ffff as HardwareAddress;

const GROUP_BIT = 0x0100_0000_0000;

/** True for the address of one station: neither zero nor a group address (IEEE 802: the lowest bit of the first octet). */
export function isStation(address: HardwareAddress): boolean {
  return address !== NO_HARDWARE && Math.floor(address / GROUP_BIT) % 2 === 0;
}

/** Reads six bytes at an offset; the caller has checked that they are there. */
export function hardwareAt(view: DataView, offset: number): HardwareAddress {
  return (view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2)) as HardwareAddress;
}

/** Writes six bytes at an offset. */
export function putHardware(view: DataView, offset: number, address: HardwareAddress): void {
  view.setUint16(offset, Math.floor(address / 0x1_0000_0000));
  view.setUint32(offset + 2, address >>> 0);
}

/** Reads six hexadecimal pairs, separated by colons or dashes; undefined for anything else. */
export function hardwareFromText(text: string): HardwareAddress | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return Number.parseInt(text.replace(/[:-]/g, ''), 16) as HardwareAddress;
}

/** Lower-case pairs, separated by colons. */
export function hardwareToText(address: HardwareAddress): string {
  const high = Math.floor(address / 0x1_0000_0000);
  const low = address >>> 0;
  return String.fromCharCode(
    digitOf(high >>> 12),
    digitOf(high >>> 8),
    COLON,
    digitOf(high >>> 4),
    digitOf(high),
    COLON,
    digitOf(low >>> 28),
    digitOf(low >>> 24),
    COLON,
    digitOf(low >>> 20),
    digitOf(low >>> 16),
    COLON,
    digitOf(low >>> 12),
    digitOf(low >>> 8),
    COLON,
    digitOf(low >>> 4),
    digitOf(low),
  );
}

/** Twelve digits and nothing between them; as one text, since a text that was added from two is joined at each comparison. */
export function hardwareToDigits(address: HardwareAddress): string {
  const high = Math.floor(address / 0x1_0000_0000);
  const low = address >>> 0;
  return String.fromCharCode(
    digitOf(high >>> 12),
    digitOf(high >>> 8),
    digitOf(high >>> 4),
    digitOf(high),
    digitOf(low >>> 28),
    digitOf(low >>> 24),
    digitOf(low >>> 20),
    digitOf(low >>> 16),
    digitOf(low >>> 12),
    digitOf(low >>> 8),
    digitOf(low >>> 4),
    digitOf(low),
  );
}
