import * as at from './layout.ts';
import { Message } from './message.ts';
import { OptionFields } from './option-fields.ts';

/** Why a datagram is not a message: the label of a counter. */
export type MalformedReason =
  | 'too-short' // less than the fixed header and the cookie
  | 'too-long' // more than UDP can carry
  | 'bad-op' // neither BOOTREQUEST nor BOOTREPLY
  | 'bad-hlen' // a hardware address longer than chaddr
  | 'bad-cookie' // another vendor's format
  | 'bad-message-type'; // option 53 is there, and is not one byte

export interface Malformed {
  readonly ok: false;
  readonly malformed: MalformedReason;
}

const TOO_SHORT = malformed('too-short');
const TOO_LONG = malformed('too-long');
const BAD_OP = malformed('bad-op');
const BAD_HLEN = malformed('bad-hlen');
const BAD_COOKIE = malformed('bad-cookie');
const BAD_MESSAGE_TYPE = malformed('bad-message-type');

/**
 * Checks the message at [offset, offset + length) of the bytes; `view` is over the same memory. Nothing is copied and
 * nothing thrown; bytes outside that range are never read.
 */
export function decode(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  length: number,
): Message | Malformed {
  // RFC 951 §3: even a BOOTP message has 300 octets; nothing that is cut inside the cookie is a client's request.
  if (length < at.OPTIONS_OFFSET || offset < 0 || offset + length > bytes.length) return TOO_SHORT;
  if (length > 0xffff) return TOO_LONG;
  const op = view.getUint8(offset + at.OP);
  if (op !== at.BOOTREQUEST && op !== at.BOOTREPLY) return BAD_OP;
  if (view.getUint8(offset + at.HLEN) > at.CHADDR_BYTES) return BAD_HLEN;

  const cookie = view.getUint32(offset + at.COOKIE);
  if (cookie !== at.MAGIC_COOKIE) {
    // RFC 1542 §3.5 only recommends a cookie: a BOOTP client that leaves the vendor field zero has no options.
    return cookie === 0 ? new Message(bytes, view, offset, length, undefined, undefined) : BAD_COOKIE;
  }
  const options = new OptionFields(bytes, offset, length);
  const type = options.unsigned(53, 1);
  if (type === undefined && options.has(53)) return BAD_MESSAGE_TYPE;
  return new Message(bytes, view, offset, length, options, type);
}

function malformed(reason: MalformedReason): Malformed {
  return { ok: false, malformed: reason };
}
