import { hardwareToText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { clientFqdnOf } from '../../src/wire/client-fqdn.ts';
import { describeClientIdentifier } from '../../src/wire/client-identifier.ts';
import { decode, type Malformed } from '../../src/wire/decode.ts';
import type { Message } from '../../src/wire/message.ts';
import { optionToText } from '../../src/wire/option-text.ts';

/** Decodes an array of its own, or a part of one. */
export function decoded(bytes: Uint8Array, offset = 0, length = bytes.length - offset): Message | Malformed {
  return decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset, length);
}

/** Decodes what must be a message. */
export function decodedMessage(bytes: Uint8Array): Message {
  const result = decoded(bytes);
  if (!result.ok) throw new Error(`no message: ${result.malformed}`);
  return result;
}

/** Everything that a message says, in plain values that no longer depend on its bytes. Calls every member. */
export function readingOf(message: Message) {
  const options: Record<number, string> = {};
  for (const code of message.codes()) options[code] = octets(message.raw(code));
  const identifier = message.raw(61);
  const fqdn = message.raw(81);
  return {
    op: message.op,
    htype: message.htype,
    hlen: message.hlen,
    hops: message.hops,
    xid: message.xid,
    secs: message.secs,
    flags: message.flags,
    ciaddr: ipv4ToText(message.ciaddr),
    yiaddr: ipv4ToText(message.yiaddr),
    siaddr: ipv4ToText(message.siaddr),
    giaddr: ipv4ToText(message.giaddr),
    hardware: hardwareToText(message.hardware),
    type: message.type,
    requestedAddress: message.requestedAddress,
    serverIdentifier: message.serverIdentifier,
    leaseTime: message.leaseTime,
    maximumSize: message.maximumSize,
    hostName: message.hostName,
    parameterRequestList: octets(message.parameterRequestList),
    subnetSelection: message.subnetSelection,
    relayAgent: message.relayAgent && {
      ...message.relayAgent,
      circuitId: octets(message.relayAgent.circuitId),
      remoteId: octets(message.relayAgent.remoteId),
    },
    isTruncated: message.isTruncated,
    rapidCommit: message.has(80),
    clientIdentifier: identifier && describeClientIdentifier(identifier),
    fqdn: fqdn && clientFqdnOf(fqdn),
    codes: message.codes(),
    options,
    texts: message.codes().map((code) => optionToText(code, message.raw(code) ?? new Uint8Array(0))),
  };
}

function octets(value: Uint8Array | undefined): string {
  return value === undefined ? 'none' : [...value].join(' ');
}
