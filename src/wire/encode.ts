import { encodeWithinLimit } from './encode-within-limit.ts';
import * as at from './layout.ts';
import { END, RELAY_AGENT_INFORMATION } from './option-fields.ts';
import { optionSize, putOption } from './put-option.ts';
import type { Reply, ReplyType } from './reply.ts';

/** RFC 951 §3: a BOOTP message has 300 octets; relays and old clients drop shorter ones. */
const SHORTEST = 300;

/** RFC 2132 §9.6; 0: no option 53 (RFC 1534 §2). */
const TYPE_CODE: Readonly<Record<ReplyType, number>> = {
  BOOTREPLY: 0,
  DHCPOFFER: 2,
  DHCPACK: 5,
  DHCPNAK: 6,
};

/**
 * Writes the reply at the offset. Every octet of the returned length is written.
 *
 * @param maximum The most octets; the reply's own limit may be lower. Both count as 300 at least.
 * @param omitted Called with the code of each option that does not fit; `encodeWithinLimit` has their order.
 * @returns The length in octets, at least 300.
 * @throws RangeError if the bytes have no room for 300 octets.
 */
export function encode(
  reply: Reply,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  maximum: number,
  omitted?: (code: number) => void,
): number {
  const limit = Math.min(Math.max(Math.min(reply.maximumSize, maximum), SHORTEST), bytes.length - offset);
  if (limit < SHORTEST)
    throw new RangeError(`no room for ${SHORTEST} octets at ${offset} of ${bytes.length}`);
  putHeader(reply, bytes, view, offset);

  let end = offset + at.OPTIONS_OFFSET;
  const type = TYPE_CODE[reply.type];
  if (type !== 0) {
    bytes[end] = 53;
    bytes[end + 1] = 1;
    bytes[end + 2] = type;
    end += 3;
  }
  if (sizeOfOptions(reply) <= offset + limit - end) {
    for (const option of reply.options) end = putOption(bytes, end, option.code, option.value);
    // RFC 3046 §2.2: the relay agent information goes back unchanged, as the last option.
    if (reply.relayAgentInformation !== undefined)
      end = putOption(bytes, end, RELAY_AGENT_INFORMATION, reply.relayAgentInformation);
    bytes[end] = END;
    end += 1;
  } else {
    end = encodeWithinLimit(reply, bytes, offset, end, offset + limit, omitted);
  }

  if (end >= offset + SHORTEST) return end - offset;
  bytes.fill(0, end, offset + SHORTEST);
  return SHORTEST;
}

/** RFC 2131 §4.3.1, table 3. */
function putHeader(reply: Reply, bytes: Uint8Array, view: DataView, offset: number): void {
  const request = reply.request;
  view.setUint8(offset + at.OP, at.BOOTREPLY);
  view.setUint8(offset + at.HTYPE, request.htype);
  view.setUint8(offset + at.HLEN, request.hlen);
  view.setUint8(offset + at.HOPS, 0);
  view.setUint32(offset + at.XID, request.xid);
  view.setUint16(offset + at.SECS, 0);
  view.setUint16(
    offset + at.FLAGS,
    reply.setsBroadcastBit ? request.flags | at.BROADCAST_FLAG : request.flags,
  );
  view.setUint32(offset + at.CIADDR, reply.ciaddr);
  view.setUint32(offset + at.YIADDR, reply.yiaddr);
  view.setUint32(offset + at.SIADDR, reply.siaddr);
  view.setUint32(offset + at.GIADDR, request.giaddr);
  const from = request.offset + at.CHADDR;
  for (let word = 0; word < at.CHADDR_BYTES; word += 4) {
    view.setUint32(offset + at.CHADDR + word, request.view.getUint32(from + word));
  }
  bytes.fill(0, offset + at.SNAME, offset + at.COOKIE);
  if (reply.bootFile !== undefined)
    bytes.set(reply.bootFile.subarray(0, at.FILE_BYTES - 1), offset + at.FILE);
  view.setUint32(offset + at.COOKIE, at.MAGIC_COOKIE);
}

/** With END. */
function sizeOfOptions(reply: Reply): number {
  let size = 1;
  for (const option of reply.options) size += optionSize(option.value);
  if (reply.relayAgentInformation !== undefined) size += optionSize(reply.relayAgentInformation);
  return size;
}
