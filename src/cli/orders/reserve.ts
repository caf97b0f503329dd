import type { Command } from 'commander';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { jsonText } from '../output/json.ts';
import { writeSentences } from '../output/output.ts';
import { type Ordered, remediesOf, withoutIt } from '../reservations/reservation-order.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { leasedAddress } from './leased-address.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
  readonly id?: string;
  readonly hostname?: string;
}

/** Adds `leases reserve`. */
export function addReserveCommand(leases: Command, surroundings: CommandSurroundings): void {
  withReason(
    apiCommand(leases, 'reserve', 'keeps the address of a lease for its guest from now on')
      .argument('<address|mac>')
      .option('--id <id>', 'the id of the reservation; left out: the VPS id, or the MAC')
      .option('--hostname <name>', 'the name of the guest'),
  ).action((of: string, options: Options) => reserve(of, options, surroundings));
}

async function reserve(
  of: string,
  options: Options,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const { id, hostname, reason } = options;
  const api = apiOf(options, environment);
  const address = await leasedAddress(of, api);
  const done = await api.order<Ordered>({
    method: 'POST',
    path: `/leases/${address}/reserve`,
    query: { reason },
    body: { id, hostname },
    remedies: {
      ...remediesOf(id ?? ''),
      'not-found': `\`vps-gateway reservations set\` reserves an address that nobody has yet`,
    },
  });
  if (options.json === true) output.write(jsonText(done));
  else {
    const others = (await withoutIt(api)).map((text) => `  ${text}`);
    writeSentences(output, [`${done.id}: ${done.address} is kept for it from now on`, ...others]);
  }
}
