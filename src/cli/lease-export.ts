import { type Command, Option } from 'commander';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { HOST_FORMATS, type HostFormat, hostsOf } from '../reporting/host-formats.ts';
import type { LeaseReader } from '../store/sqlite/lease-reader.ts';
import { type LeaseFolderOptions, SEGMENT_OPTION } from './chosen-segment.ts';
import { loadWithFile } from './load-with-file.ts';
import { readLeaseFile } from './read-lease-file.ts';
import type { CommandSurroundings } from './surroundings.ts';

interface Options extends LeaseFolderOptions {
  readonly format: HostFormat;
  readonly domain?: string;
  readonly json?: boolean;
}

/** Adds `leases export`, which reads the lease file. */
export function addExportCommand(leases: Command, surroundings: CommandSurroundings): void {
  const { output, environment, remark } = surroundings;
  const formats = Object.keys(HOST_FORMATS) as readonly HostFormat[];
  leases
    .command('export')
    .description('names and addresses of the leases that run, for a DNS or another DHCP server')
    .addOption(new Option('--format <format>', 'as what').choices(formats).default('hosts' as const))
    .option('--domain <domain>', `behind the names (${SETTINGS.domain.variable})`)
    .option('--json', 'as --format json')
    .option('--leases-dir <directory>', 'where leases.sqlite is')
    .option(...SEGMENT_OPTION)
    .action(({ format, domain, json, ...chosen }: Options) => {
      const suffix = domainOf(domain, environment);
      readLeaseFile(chosen, surroundings, (reader) => {
        const hosts = hostsOf([...reader.running()], reader.reservations());
        const written = json === true ? 'json' : format;
        output.write(HOST_FORMATS[written].write(hosts, suffix));
        const missing = missingText(reader);
        if (missing !== undefined) remark(missing);
      });
    });
}

/** What other gateways lease is in their own files, where nothing is shared; undefined: no lease of another one is known. */
function missingText(reader: LeaseReader): string | undefined {
  const nodes = new Set([...reader.leases({ state: 'peer' })].map(({ node }) => node ?? 'another gateway'));
  if (nodes.size === 0) return undefined;
  return `only the leases of this node's gateway: others share nothing with it, and have their own (${[...nodes].sort().join(', ')}): run this on their nodes too`;
}

/**
 * By the flag, or by the settings of this shell; null: names stand alone.
 *
 * @throws GatewayError for what is no domain.
 */
function domainOf(flag: string | undefined, environment: Environment): string | null {
  const { settings } = loadWithFile(flag === undefined ? {} : { domain: flag }, environment);
  const { domain } = settings;
  if (domain !== undefined) return domain === 'off' ? null : domain;
  throw new GatewayError(
    'bad-settings',
    `${flag ?? SETTINGS.domain.variable}: not a domain: write it as example.net, or off`,
  );
}
