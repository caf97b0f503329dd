import { type HardwareAddress, putHardware } from '../../../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../../net/ipv4.ts';
import * as at from '../../../wire/layout.ts';
import { END } from '../../../wire/option-fields.ts';
import { putOption } from '../../../wire/put-option.ts';

/** RFC 951 §3: shorter messages are dropped by relays. */
const SHORTEST = 300;
const ROOM = 576;

/** RFC 2132 §9.6. */
export const TYPE_CODES = {
  DHCPDISCOVER: 1,
  DHCPOFFER: 2,
  DHCPREQUEST: 3,
  DHCPACK: 5,
  DHCPNAK: 6,
  DHCPRELEASE: 7,
} as const;

export type OptionPair = readonly [code: number, value: Uint8Array | number];

/** A message of a client or a server. Fields that are absent are zero. */
export interface BootMessage {
  readonly op: typeof at.BOOTREQUEST | typeof at.BOOTREPLY;
  readonly type: keyof typeof TYPE_CODES;
  readonly xid: number;
  readonly secs?: number;
  readonly ciaddr?: Ipv4;
  readonly yiaddr?: Ipv4;
  readonly hardware: HardwareAddress;
  readonly options: readonly OptionPair[];
}

/** RFC 2131 §2, figure 1, for Ethernet. The gateway's own encoder writes replies alone. */
export function bootMessage(message: BootMessage): Uint8Array {
  const bytes = new Uint8Array(ROOM);
  const view = new DataView(bytes.buffer);
  view.setUint8(at.OP, message.op);
  view.setUint8(at.HTYPE, 1);
  view.setUint8(at.HLEN, 6);
  view.setUint32(at.XID, message.xid);
  view.setUint16(at.SECS, message.secs ?? 0);
  view.setUint32(at.CIADDR, message.ciaddr ?? UNSPECIFIED);
  view.setUint32(at.YIADDR, message.yiaddr ?? UNSPECIFIED);
  putHardware(view, at.CHADDR, message.hardware);
  view.setUint32(at.COOKIE, at.MAGIC_COOKIE);
  let end = putOption(bytes, at.OPTIONS_OFFSET, 53, Uint8Array.of(TYPE_CODES[message.type]));
  for (const [code, value] of message.options) end = putOption(bytes, end, code, value);
  bytes[end] = END;
  return bytes.subarray(0, Math.max(SHORTEST, end + 1));
}
