import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Plan } from '../../subnet/plan.ts';
import { decode } from '../../wire/decode.ts';
import { encode } from '../../wire/encode.ts';
import * as at from '../../wire/layout.ts';
import type { Message } from '../../wire/message.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import { chooseParameters } from './choose-parameters.ts';

/** RFC 2131 §2: what every client takes, 576 octets with the headers of IP and UDP. */
export const LEAST_MAXIMUM = 548;
/** Octets of a client identifier of RFC 4361, as systemd and dhclient make it. */
const IDENTIFIER_BYTES = 19;

/**
 * The options, by code, that are left out for a client which asks for all that is set and takes no more than it must: one
 * that sends no option 57, as udhcpc and dhclient do, gets no longer reply.
 */
export function omittedOptions({ subnet, serverIdentifier }: Plan): readonly number[] {
  const required: OptionBlock[] = [
    { code: 54, value: serverIdentifier },
    ...[51, 58, 59].map((code) => ({ code, value: subnet.leaseTimes.default })),
    { code: 61, value: new Uint8Array(IDENTIFIER_BYTES) },
  ];
  const omitted: number[] = [];
  const bytes = new Uint8Array(LEAST_MAXIMUM);
  const reply = {
    type: 'DHCPACK',
    request: emptyRequest(),
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    bootFile: undefined,
    setsBroadcastBit: false,
    options: chooseParameters(Uint8Array.from(subnet.parameters.keys()), required, subnet),
    relayAgentInformation: undefined,
    maximumSize: LEAST_MAXIMUM,
    mayOverload: true,
  } as const;
  encode(reply, bytes, new DataView(bytes.buffer), 0, LEAST_MAXIMUM, (code) => omitted.push(code));
  // Whoever asks for both kinds of routes has them by 121.
  return omitted.filter((code) => code !== 249 || omitted.includes(121));
}

/** A request for the encoder to answer; what is in it has no length of its own in a reply. */
function emptyRequest(): Message {
  const bytes = new Uint8Array(at.OPTIONS_OFFSET);
  const view = new DataView(bytes.buffer);
  view.setUint8(at.OP, at.BOOTREQUEST);
  const message = decode(bytes, view, 0, bytes.length);
  if (!message.ok) throw new Error(`a request that was made here is malformed: ${message.malformed}`);
  return message;
}
