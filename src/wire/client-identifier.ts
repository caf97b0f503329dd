import { hexText } from './option-codecs.ts';

/** RFC 8415 §11.1: the types of DUIDs. */
const DUID_TYPE: readonly (string | undefined)[] = [undefined, 'LLT', 'EN', 'LL', 'UUID'];
/** RFC 4361 §6.1: the type octet of an identifier made of IAID and DUID. */
const NODE_SPECIFIC = 255;
const IAID = 1;
const DUID = 5;

/** RFC 4361 §6.1: the parts of a client identifier that names a host, and the interface of it. */
export interface NodeIdentifier {
  /** The interface, four octets as a number. */
  readonly iaid: number;
  /** The host: a DUID with its type's two octets. */
  readonly duid: Uint8Array;
}

/** RFC 4361 §6.1: undefined for an identifier of another type, or one without a whole IAID and DUID type. */
export function nodeIdentifierOf(identifier: Uint8Array): NodeIdentifier | undefined {
  if (identifier[0] !== NODE_SPECIFIC || identifier.length < DUID + 2) return undefined;
  let iaid = 0;
  for (const octet of identifier.subarray(IAID, DUID)) iaid = iaid * 256 + octet;
  return { iaid, duid: identifier.subarray(DUID) };
}

/**
 * A client identifier (option 61) for people to read: `52:54:00:00:00:01`, `"name"`, `IAID 00000001 DUID-LLT 00:01:...`,
 * or its type and octets.
 */
export function describeClientIdentifier(identifier: Uint8Array): string {
  const node = nodeIdentifierOf(identifier);
  if (node !== undefined) {
    const type = DUID_TYPE[(node.duid[0] ?? 0) * 256 + (node.duid[1] ?? 0)];
    const name = type === undefined ? 'DUID' : `DUID-${type}`;
    return `IAID ${node.iaid.toString(16).padStart(8, '0')} ${name} ${hexText(node.duid)}`;
  }
  const [type, ...value] = identifier;
  // RFC 2132 §9.14: type 1 is Ethernet's; 0 is no hardware address, such as a name.
  if (type === 1 && value.length === 6) return hexText(identifier.subarray(1));
  if (type === 0 && value.length > 0 && value.every(isPrintable)) return `"${String.fromCharCode(...value)}"`;
  return hexText(identifier);
}

function isPrintable(octet: number): boolean {
  return octet >= 0x20 && octet <= 0x7e;
}
