import { type Ipv4, ipv4 } from '../net/ipv4.ts';

/** RFC 3046 §3.1, §3.2; RFC 3527 §3; RFC 5107 §4: codes of the sub-options that we know. */
const CIRCUIT_ID = 1;
const REMOTE_ID = 2;
const LINK_SELECTION = 5;
const SERVER_IDENTIFIER_OVERRIDE = 11;

/** The sub-options of option 82 that this server reads. The option itself is returned unchanged. */
export interface RelayAgent {
  /** RFC 3046 §3.1: where the client is attached, in the relay agent's own terms. */
  readonly circuitId: Uint8Array | undefined;
  /** RFC 3046 §3.2: who the client is, in the relay agent's own terms. */
  readonly remoteId: Uint8Array | undefined;
  /** RFC 3527 §3: an address in the client's subnet, instead of giaddr. */
  readonly linkSelection: Ipv4 | undefined;
  /** RFC 5107 §4: the address that the client must see as the server identifier. */
  readonly serverIdentifierOverride: Ipv4 | undefined;
}

/**
 * RFC 3046 §2.0: the sub-options of option 82's value. One that is truncated ends the reading, one of a wrong length
 * is as good as absent, and of a repeated one the first counts.
 */
export function relayAgentOf(value: Uint8Array): RelayAgent {
  return {
    circuitId: subOption(value, CIRCUIT_ID),
    remoteId: subOption(value, REMOTE_ID),
    linkSelection: addressIn(subOption(value, LINK_SELECTION)),
    serverIdentifierOverride: addressIn(subOption(value, SERVER_IDENTIFIER_OVERRIDE)),
  };
}

/** RFC 3046 §2.0: sub-options have no pad and no end. */
export function subOption(value: Uint8Array, code: number): Uint8Array | undefined {
  let at = 0;
  while (at + 2 <= value.length) {
    const end = at + 2 + (value[at + 1] ?? 0);
    if (end > value.length) return undefined;
    if (value[at] === code) return value.subarray(at + 2, end);
    at = end;
  }
  return undefined;
}

function addressIn(value: Uint8Array | undefined): Ipv4 | undefined {
  if (value?.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = value;
  return ipv4((a << 24) | (b << 16) | (c << 8) | d);
}
