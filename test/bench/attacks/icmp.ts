import { hardwareAt, putHardware } from '../../../src/net/hardware-address.ts';
import { checksum } from './card.ts';

const ETHERNET_BYTES = 14;
const ICMP = 1;
const ECHO_REQUEST = 8;

/** RFC 792: the answer to a ping, by whoever has received it; undefined: the frame is none. */
export function echoReply(view: DataView, start: number, end: number): Uint8Array | undefined {
  const isPing =
    end - start >= 42 &&
    view.getUint16(start + 12) === 0x0800 &&
    view.getUint8(start + ETHERNET_BYTES) === 0x45 &&
    view.getUint8(start + 23) === ICMP &&
    view.getUint8(start + 34) === ECHO_REQUEST;
  if (!isPing) return undefined;
  const bytes = new Uint8Array(end - start);
  for (let at = start; at < end; at += 1) bytes[at - start] = view.getUint8(at);
  const reply = new DataView(bytes.buffer);
  putHardware(reply, 0, hardwareAt(view, start + 6));
  putHardware(reply, 6, hardwareAt(view, start));
  reply.setUint32(26, view.getUint32(start + 30));
  reply.setUint32(30, view.getUint32(start + 26));
  reply.setUint8(34, 0);
  reply.setUint16(36, 0);
  reply.setUint16(36, checksum(reply, 34, reply.getUint16(16) - 20));
  return bytes;
}
