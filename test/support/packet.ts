/**
 * Builds DHCP messages byte by byte from RFC 2131 §2, figure 1. It shares no code with src/wire, so that a mistake
 * there is not repeated here.
 */

/** An option: its code, then its value's bytes. Its length byte is written unless it is PAD_OPTION or END_OPTION. */
export type PacketOption = readonly [code: number, ...value: number[]];

export const PAD_OPTION: PacketOption = [0];
export const END_OPTION: PacketOption = [255];

export interface PacketFields {
  op?: number;
  htype?: number;
  hlen?: number;
  hops?: number;
  xid?: number;
  secs?: number;
  flags?: number;
  /** Addresses are dotted text. */
  ciaddr?: string;
  yiaddr?: string;
  siaddr?: string;
  giaddr?: string;
  /** Up to 16 bytes, hexadecimal pairs parted by colons. */
  chaddr?: string;
  /** Raw bytes, filled up with zeros. */
  sname?: readonly number[];
  file?: readonly number[];
  cookie?: readonly number[];
  options?: readonly PacketOption[];
  /** Whether END follows the options; true unless said. */
  end?: boolean;
  /** Zeros are put behind until the message has so many octets; 300 unless said. */
  padTo?: number;
}

/** A BOOTREQUEST from 52:54:00:00:00:01 with xid 0x12345678, apart from what is said. */
export function packet(fields: PacketFields = {}): Uint8Array {
  const options = optionBytes(fields.options ?? []);
  if (fields.end !== false) options.push(255);
  const cookie = fields.cookie ?? [99, 130, 83, 99];
  const chaddr = mac(fields.chaddr ?? '52:54:00:00:00:01');
  const { sname = [], file = [] } = fields;
  const parts: readonly (readonly [size: number, bytes: readonly number[]])[] = [
    [4, [fields.op ?? 1, fields.htype ?? 1, fields.hlen ?? 6, fields.hops ?? 0]],
    [4, u32(fields.xid ?? 0x12345678)],
    [2, u16(fields.secs ?? 0)],
    [2, u16(fields.flags ?? 0)],
    [4, ip(fields.ciaddr ?? '0.0.0.0')],
    [4, ip(fields.yiaddr ?? '0.0.0.0')],
    [4, ip(fields.siaddr ?? '0.0.0.0')],
    [4, ip(fields.giaddr ?? '0.0.0.0')],
    [Math.max(16, chaddr.length), chaddr],
    [Math.max(64, sname.length), sname],
    [Math.max(128, file.length), file],
    [cookie.length, cookie],
    [options.length, options],
  ];
  const length = parts.reduce((sum, [size]) => sum + size, 0);
  const bytes = new Uint8Array(Math.max(length, fields.padTo ?? 300));
  let offset = 0;
  for (const [size, part] of parts) {
    bytes.set(part, offset);
    offset += size;
  }
  return bytes;
}

/** The options as they are written into a field, without an END of their own. */
export function optionBytes(options: readonly PacketOption[]): number[] {
  return options.flatMap(([code, ...value]) =>
    (code === 0 || code === 255) && value.length === 0 ? [code] : [code, value.length, ...value],
  );
}

/** Option 53 by the names of RFC 2132 §9.6. */
export function messageType(name: keyof typeof MESSAGE_TYPES): PacketOption {
  return [53, MESSAGE_TYPES[name]];
}

export const MESSAGE_TYPES = {
  DHCPDISCOVER: 1,
  DHCPOFFER: 2,
  DHCPREQUEST: 3,
  DHCPDECLINE: 4,
  DHCPACK: 5,
  DHCPNAK: 6,
  DHCPRELEASE: 7,
  DHCPINFORM: 8,
} as const;

export function u16(value: number): number[] {
  return [Math.floor(value / 256) % 256, value % 256];
}

export function u32(value: number): number[] {
  return [...u16(Math.floor(value / 65536)), ...u16(value % 65536)];
}

export function ip(dotted: string): number[] {
  return dotted.split('.').map(Number);
}

export function mac(text: string): number[] {
  return text === '' ? [] : text.split(':').map((pair) => Number.parseInt(pair, 16));
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

/** The bytes of hexadecimal text; blanks and line ends are left out, and lines that start with #. */
export function hex(value: string): Uint8Array {
  const digits = value.replace(/^#.*$/gm, '').replace(/\s+/g, '');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
