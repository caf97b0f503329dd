import { canBeInPath, isOutsideId, type OutsideId } from '../../lease/outside-id.ts';
import {
  type HardwareAddress,
  hardwareFromText,
  hardwareToText,
  isStation,
} from '../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import { contains, prefixOf } from '../../net/prefix.ts';
import { CallError } from '../../platform/call-error.ts';
import type { SubnetTexts } from '../gateway/options.ts';

/** The label that says of which node's list a reservation is. */
export const NODE = 'node';
/** The label of an address that was ordered as a public one. */
export const PUBLIC = 'public';

/** @throws CallError */
export function idIn(name: string, text: string): OutsideId {
  if (isOutsideId(text) && canBeInPath(text)) return text;
  const rule = 'write 1 to 64 characters that can be read';
  throw invalid(`${name} ${text === '' ? 'is missing' : 'is no id'}: ${rule}`);
}

/** Undefined: it is empty. @throws CallError */
export function optionalId(name: string, text: string): OutsideId | undefined {
  return text === '' ? undefined : idIn(name, text);
}

/** Undefined: it is empty. @throws CallError */
export function optionalAddress(name: string, text: string): Ipv4 | undefined {
  if (text === '') return undefined;
  const address = ipv4FromText(text);
  if (address === undefined) throw invalid(`${name} is not an address: write one as 10.15.3.57`);
  return address;
}

/** As colon pairs in lower case; undefined: it is empty. @throws CallError */
export function optionalCard(name: string, text: string): string | undefined {
  if (text === '') return undefined;
  const card: HardwareAddress | undefined = hardwareFromText(text);
  if (card === undefined || !isStation(card))
    throw invalid(`${name} is not the MAC of a card: write one as 52:54:00:12:34:56`);
  return hardwareToText(card);
}

export function isInSubnet(
  { router, prefix_length }: Pick<SubnetTexts, 'router' | 'prefix_length'>,
  address: Ipv4,
): boolean {
  const inside = ipv4FromText(router);
  return inside !== undefined && contains(prefixOf(inside, prefix_length), address);
}

/** The id of a reservation that is beside the one of its VPS: one VPS may have several. @throws CallError */
export function idBeside(vps: OutsideId, address: Ipv4): OutsideId {
  return idIn('vps_id with its address', `${vps}@${ipv4ToText(address)}`);
}

export function invalid(message: string): CallError {
  return new CallError('invalid_argument', message);
}
