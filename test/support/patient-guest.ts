import type { HeardReply } from './heard-reply.ts';
import { messageType, type PacketFields } from './packet.ts';
import { type Envelope, type RawClient, selecting } from './raw-client.ts';

const [OFFER, ACK] = [2, 5];
/** Quicker than the four seconds of RFC 2131 §4.1: milliseconds. */
const RESEND_EVERY = 1000;
/** How often a DHCPREQUEST is sent before its offer is forgotten. */
const TIMES_TO_ASK = 4;

/** Sends a message again with growing secs, as clients do, until it is answered; throws if it never is. */
export async function askAgain(
  client: RawClient,
  fields: PacketFields,
  times = TIMES_TO_ASK,
  envelope: Envelope = {},
): Promise<HeardReply> {
  const xid = client.newXid();
  const begin = Date.now();
  for (let time = 0; time < times; time += 1) {
    const secs = Math.floor((Date.now() - begin) / 1000);
    const answer = client.reply(xid, RESEND_EVERY).catch(() => undefined);
    client.send({ ...fields, xid, secs }, envelope);
    const reply = await answer;
    if (reply !== undefined) return reply;
  }
  throw new Error(`no answer to xid ${xid.toString(16)}, which was sent ${times} times`);
}

/** A new guest that begins again until it has a lease; throws with what it has heard if that takes too long. */
export async function bootUntilLeased(
  client: RawClient,
  chaddr: string,
  milliseconds: number,
): Promise<HeardReply> {
  const end = Date.now() + milliseconds;
  const heard: (number | undefined)[] = [];
  while (Date.now() < end) {
    const times = Math.max(1, Math.ceil((end - Date.now()) / RESEND_EVERY));
    const discover = { chaddr, options: [messageType('DHCPDISCOVER')] };
    const offer = await askAgain(client, discover, times).catch(() => undefined);
    heard.push(offer?.type);
    if (offer?.type !== OFFER) continue;
    const answer = await askAgain(client, selecting(offer)).catch(() => undefined);
    heard.push(answer?.type);
    if (answer?.type !== ACK) continue;
    client.holds.set(answer.yiaddr, chaddr);
    return answer;
  }
  throw new Error(`${chaddr} has no lease after ${milliseconds} ms; it heard types ${heard.join(', ')}`);
}

/** RFC 2131 §4.3.2, REBINDING: by broadcast, from the address itself. */
export function rebind(
  client: RawClient,
  { chaddr, yiaddr }: HeardReply,
  times = TIMES_TO_ASK,
  envelope: Envelope = {},
): Promise<HeardReply> {
  const fields = { chaddr, ciaddr: yiaddr, options: [messageType('DHCPREQUEST')] };
  return askAgain(client, fields, times, { source: yiaddr, ...envelope });
}

/** Option 51, in seconds. */
export function leaseSeconds(reply: HeardReply): number {
  const value = reply.options.get(51);
  if (value === undefined) throw new Error('no lease time');
  return Buffer.from(value).readUInt32BE(0);
}
