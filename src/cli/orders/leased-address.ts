import { GatewayError } from '../../errors.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { addressOrMac } from '../lease-filter.ts';

interface Found {
  readonly items: readonly { readonly address: string; readonly state: string }[];
}

/**
 * The address that a command is about, which may name a card that has it.
 *
 * @throws GatewayError if a card has no lease, or several.
 */
export async function leasedAddress(text: string, api: GatewayApi): Promise<string> {
  const { address, mac } = addressOrMac(text);
  if (address !== undefined) return ipv4ToText(address);
  const card = mac === undefined ? text : hardwareToText(mac);
  const { items } = await api.get<Found>('/lookup', { mac: card });
  const [first, ...others] = items.filter(({ state }) => state === 'bound').map((lease) => lease.address);
  if (first === undefined)
    throw new GatewayError(
      'not-found',
      `${card} has no lease\nto mend it: \`vps-gateway leases history ${card}\` tells what it had`,
    );
  if (others.length === 0) return first;
  throw new GatewayError(
    'refused',
    `${card} has several leases: ${[first, ...others].join(', ')}\nto mend it: name the address`,
  );
}
