import { type Ipv4, ipv4, ipv4ToText } from '../net/ipv4.ts';
import { broadcastOf, contains, type Prefix, prefixToText } from '../net/prefix.ts';

/** The tenth to the nineteenth address of a segment are its gateways', one for each node. */
const FIRST_GATEWAY = 10;
const LAST_GATEWAY = 19;

/** The addresses that belong to gateways, of whichever node, in ascending order. */
export function gatewayAddresses(prefix: Prefix): readonly Ipv4[] {
  const count = LAST_GATEWAY - FIRST_GATEWAY + 1;
  return Array.from({ length: count }, (_, index) => ipv4(prefix.network + FIRST_GATEWAY + index)).filter(
    (address) => contains(prefix, address) && address < broadcastOf(prefix),
  );
}

/** An address of the segment by its number in the plan, as an example: 1 the router, 10 a gateway, 20 the first guest. */
export function exampleAddress(prefix: Prefix, hostNumber: number): string {
  const address = ipv4(prefix.network + hostNumber);
  return address < broadcastOf(prefix) ? ipv4ToText(address) : `an address of ${prefixToText(prefix)}`;
}
