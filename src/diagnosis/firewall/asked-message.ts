import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';
import { contains, prefixOf } from '../../net/prefix.ts';
import { type Answer, isSo } from './answer.ts';

/** The message that the rules are tried with: a new guest's DHCPDISCOVER, as it arrives by this interface. */
export interface AskedMessage {
  readonly interfaceName: string;
  /** True: its frames pass the rules for bridges first. */
  readonly isBridge: boolean;
  /** True: a rule may keep it out of connection tracking (notrack), so its connection state is unknown. */
  readonly mayBeUntracked?: boolean;
  /** True: the bridge forwards it from one port to another, and bridge-nf hands it to the rules for forwarded packets of IP. */
  readonly isForwarded?: boolean;
}

/** The addresses and ports of a new guest's DHCPDISCOVER. */
export const DISCOVER = {
  source: UNSPECIFIED,
  target: LIMITED_BROADCAST,
  sourcePort: 68,
  targetPort: 67,
} as const;

/** @param length Bits; unknown where network or length could not be read. */
export function isInNetwork(address: Ipv4, network: Ipv4 | undefined, length: number | undefined): Answer {
  if (network === undefined || length === undefined) return 'unknown';
  return isSo(contains(prefixOf(network, length), address));
}

/** Both ends included; unknown where one of the numbers could not be read. */
export function mayBeInRange(
  value: number | undefined,
  first: number | undefined,
  last: number | undefined,
): Answer {
  if (value === undefined || first === undefined || last === undefined) return 'unknown';
  return Number.isNaN(first + last) ? 'unknown' : isSo(value >= first && value <= last);
}

/** A pattern that ends with the wildcard stands for every name that begins so: `eth+` of iptables, `eth*` of nft. */
export function matchesName(name: string, pattern: string, wildcard: '+' | '*'): Answer {
  return isSo(pattern.endsWith(wildcard) ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
}
