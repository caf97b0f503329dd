import type { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { addressOrMac } from '../lease-filter.ts';
import { jsonText } from '../output/json.ts';
import type { CommandSurroundings } from '../surroundings.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
  readonly force?: boolean;
}

interface Released {
  readonly answered_by: string | null;
  readonly rests_seconds: number | null;
}

interface Found {
  readonly items: readonly { readonly address: string; readonly state: string }[];
}

/** Adds `leases release`. */
export function addReleaseCommand(leases: Command, surroundings: CommandSurroundings): void {
  withReason(
    apiCommand(leases, 'release', 'ends a lease at once; not while its guest answers by ARP')
      .argument('<address|mac>')
      .option('--force', 'also if it does; then nobody gets the address for ten minutes'),
  ).action((of: string, options: Options) => release(of, options, surroundings));
}

async function release(
  of: string,
  options: Options,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const { reason, force } = options;
  const api = apiOf(options, environment);
  const address = await addressOf(of, api);
  const done = await api.order<Released>({
    method: 'POST',
    path: `/leases/${address}/release`,
    body: { reason, force },
    remedies: {
      'guest-is-alive': `shut the guest down, or \`vps-gateway leases release ${address} --force\``,
      'granted-by-peer': `run this command on that gateway's node`,
      'not-leased': `\`vps-gateway leases history ${address}\` tells what was`,
    },
  });
  if (options.json === true) output.write(jsonText(done));
  else output.write(`${address}: released${restText(done)}\n`);
}

function restText({ answered_by: mac, rests_seconds: seconds }: Released): string {
  if (mac === null) return '';
  const rest = seconds === null ? '' : `; nobody gets the address for ${Math.round(seconds / 60)} minutes`;
  return `, though ${mac} still answers by ARP${rest}`;
}

/** @throws GatewayError if a card has no lease, or several. */
async function addressOf(text: string, api: GatewayApi): Promise<string> {
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
