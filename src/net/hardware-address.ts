/**
 * A 48-bit Ethernet address as an integer (exact in a double): 52:54:00:00:00:01 is 0x525400000001.
 * 0 stands for a client whose link layer has no 48-bit address.
 */
export type HardwareAddress = number & { readonly __brand: 'HardwareAddress' };

export const NO_HARDWARE = 0 as HardwareAddress;

/** Reads six bytes at an offset; the caller has checked that they are there. */
export function hardwareAt(view: DataView, offset: number): HardwareAddress {
  return (view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2)) as HardwareAddress;
}

/** Writes six bytes at an offset. */
export function putHardware(view: DataView, offset: number, address: HardwareAddress): void {
  view.setUint16(offset, Math.floor(address / 0x1_0000_0000));
  view.setUint32(offset + 2, address % 0x1_0000_0000);
}

/** Reads six hexadecimal pairs parted by colons or dashes; undefined for anything else. */
export function hardwareFromText(text: string): HardwareAddress | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return Number.parseInt(text.replace(/[:-]/g, ''), 16) as HardwareAddress;
}

export function hardwareToText(address: HardwareAddress): string {
  return address
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}
