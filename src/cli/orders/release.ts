import type { Command } from 'commander';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { jsonText } from '../output/json.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { leasedAddress } from './leased-address.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
  readonly force?: boolean;
}

interface Released {
  readonly answered_by: string | null;
  readonly rests_seconds: number | null;
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
  const address = await leasedAddress(of, api);
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
