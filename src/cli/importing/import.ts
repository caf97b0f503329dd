import type { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { readDhcpdHosts } from '../../importing/dhcpd-hosts.ts';
import { readDhcpdLeases } from '../../importing/dhcpd-leases.ts';
import { readDnsmasqHosts } from '../../importing/dnsmasq-hosts.ts';
import { readDnsmasqLeases } from '../../importing/dnsmasq-leases.ts';
import type { FoundHost, FoundLease, Hosts, LeaseRows, SourceFile } from '../../importing/found.ts';
import { readKeaHosts } from '../../importing/kea-hosts.ts';
import { readKeaLeases } from '../../importing/kea-leases.ts';
import { settleHosts } from '../../importing/settle-hosts.ts';
import { settleLeases } from '../../importing/settle-leases.ts';
import { instant } from '../../lease/lease.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { type CommandSurroundings, surroundingsOfProcess } from '../surroundings.ts';
import { keaFiles } from './kea-files.ts';
import { faultOutcome, type ImportOutcome, tellOutcomes, writeOutcomes } from './outcome.ts';
import { addProxmoxCommand } from './proxmox.ts';
import { readSource } from './read-source.ts';
import { reserveHost } from './reserve-hosts.ts';
import { takeLeases } from './take-leases.ts';

interface Options extends ApiOptions {
  readonly leases?: readonly string[];
  readonly hosts?: readonly string[];
  readonly dryRun?: boolean;
  readonly reason?: string;
}

interface OtherServer {
  readonly title: string;
  readonly leases: string;
  readonly hosts: string;
  /** The files that belong to one lease file, in the order in which the server reads them. */
  readonly filesOf: (file: string) => readonly SourceFile[];
  readonly readLeases: (source: SourceFile) => LeaseRows;
  readonly readHosts: (source: SourceFile) => Hosts;
  /** How often an address stands in a lease file. */
  readonly repeats: 'often' | 'once';
}

const SERVERS: Readonly<Record<'dnsmasq' | 'kea' | 'dhcpd', OtherServer>> = {
  dnsmasq: {
    title: 'takes over what dnsmasq has leased and reserved',
    leases: 'its lease file: /var/lib/misc/dnsmasq.leases; -: standard input; several times',
    hosts: 'its settings with dhcp-host= lines, or a dhcp-hostsfile; several times',
    filesOf: (file) => [readSource(file)],
    readLeases: readDnsmasqLeases,
    readHosts: readDnsmasqHosts,
    repeats: 'once',
  },
  kea: {
    title: 'takes over what Kea has leased (memfile) and reserved',
    leases: 'its memfile: /var/lib/kea/kea-leases4.csv; -: standard input; several times',
    hosts: 'its settings with reservations: /etc/kea/kea-dhcp4.conf; several times',
    filesOf: keaFiles,
    readLeases: readKeaLeases,
    readHosts: readKeaHosts,
    repeats: 'often',
  },
  dhcpd: {
    title: 'takes over what ISC dhcpd has leased and reserved',
    leases: 'its lease file: /var/lib/dhcp/dhcpd.leases; -: standard input; several times',
    hosts: 'its settings with host { } declarations: /etc/dhcp/dhcpd.conf; several times',
    filesOf: (file) => [readSource(file)],
    readLeases: readDhcpdLeases,
    readHosts: readDhcpdHosts,
    repeats: 'often',
  },
};

/** Adds `import dnsmasq`, `import kea` and `import dhcpd`. They throw GatewayErrors. */
export function addImportCommand(program: Command, surroundings = surroundingsOfProcess()): Command {
  const parent = program
    .command('import')
    .description(
      'takes over leases and reservations of another DHCP server: its guests keep their addresses',
    );
  for (const [name, server] of Object.entries(SERVERS))
    withReason(apiCommand(parent, name, server.title))
      .option('--leases <file>', server.leases, collect)
      .option('--hosts <file>', server.hosts, collect)
      .option('--dry-run', 'only say what would be')
      .action((options: Options) => importFrom(server, options, surroundings));
  addProxmoxCommand(parent, surroundings);
  return parent;
}

function collect(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

async function importFrom(
  server: OtherServer,
  options: Options,
  surroundings: CommandSurroundings,
): Promise<void> {
  const { leases: leaseFiles = [], hosts: hostFiles = [] } = options;
  if (leaseFiles.length + hostFiles.length === 0)
    throw new GatewayError(
      'bad-settings',
      'nothing to import\nto mend it: name a file: --leases, --hosts, or both',
    );
  const rows = leaseFiles.flatMap(server.filesOf).map(server.readLeases);
  const { leases, faults, leftOut } = settleLeases(rows, instant(Date.now()), server.repeats);
  const found = settleHosts(hostFiles.map(readSource).map(server.readHosts), leases);
  const outcomes: ImportOutcome[] = [...faults, ...found.faults].map(faultOutcome);
  let hasBegun = false;
  try {
    await carryOut(leases, found.hosts, options, surroundings, (some) => {
      hasBegun = true;
      outcomes.push(...some);
    });
  } catch (error) {
    // Where no gateway could be asked, what is wrong with the files is known all the same.
    if (!hasBegun) writeOutcomes(outcomes, leftOut, options, surroundings);
    else {
      tellOutcomes(outcomes, leftOut, options, surroundings);
      surroundings.remark('the import stopped before its end; the same files may be imported again');
    }
    throw error;
  }
  tellOutcomes(outcomes, leftOut, options, surroundings);
}

/** Leases first: a guest keeps what it has, and a reservation of an address that another one has waits for that. */
async function carryOut(
  leases: readonly FoundLease[],
  hosts: readonly FoundHost[],
  options: Options,
  { environment }: CommandSurroundings,
  done: (outcomes: readonly ImportOutcome[]) => void,
): Promise<void> {
  const api = apiOf(options, environment);
  await takeLeases(api, leases, options, done);
  for (const host of hosts) done([await reserveHost(api, host, options)]);
}
