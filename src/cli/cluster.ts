import { type Command, Option } from 'commander';
import type { LoadedSettings } from '../config/loading/load-settings.ts';
import { SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { readClusterReport } from '../sharing/cluster-report.ts';
import { connectEtcd } from '../sharing/etcd-connection.ts';
import { initSegment } from '../sharing/init-segment.ts';
import { joinCluster, leaveCluster } from '../sharing/join-and-leave.ts';
import { seedSegment } from '../sharing/seed-segment.ts';
import { type SharedSettings, sharedSettings } from '../sharing/shared-settings.ts';
import { type Etcd, EtcdError } from '../store/etcd/client/etcd.ts';
import { ofOneSegment } from './chosen-segment.ts';
import { addCertificatesCommand } from './cluster-certificates.ts';
import { addEtcdConfigCommand } from './cluster-etcd-config.ts';
import { writeClusterReport } from './cluster-report.ts';
import { jsonText } from './output/json.ts';
import { standardOutput } from './output/output.ts';
import { etcdOfRunningIn } from './running-etcd.ts';
import { addSettingOptions, settingsOrThrow } from './setting-options.ts';

/** Adds `cluster certificates`, `etcd-config`, `init`, `seed`, `join`, `leave` and `status`: leases that several gateways share. */
export function addClusterCommand(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('leases that several gateways share in etcd: prepare, begin, join, leave, mend, look');
  const print = (line: string) => standardOutput().write(`${line}\n`);

  const json = new Option('--json', 'as JSON');
  const newSegment = new Option(
    '--new-segment',
    'though etcd has one that this may be meant to be: of its gateways, its network or nearly its name',
  );

  addCertificatesCommand(cluster);
  addEtcdConfigCommand(cluster);
  subcommand(
    cluster,
    'status',
    'the members of etcd, the gateways, and what this node has of their leases',
    json,
  ).action(async (_options: unknown, command: Command) => {
    const { shared } = await sharedOrThrow(command);
    const report = await readClusterReport(shared);
    if (command.getOptionValue('json') === true) standardOutput().write(jsonText(report));
    else writeClusterReport(standardOutput(), report);
    process.exitCode = report.problems.length === 0 ? 0 : 1;
  });
  subcommand(
    cluster,
    'init',
    'begin a segment that etcd knows nothing of; once, on one node',
    newSegment,
  ).action((_options: unknown, command: Command) =>
    withEtcd(command, (etcd, shared) =>
      initSegment(etcd, shared, print, command.getOptionValue('newSegment') === true),
    ),
  );
  subcommand(
    cluster,
    'seed',
    'after etcd has lost its data or was put back: merge what the running gateways have kept',
  ).action((_options: unknown, command: Command) =>
    withEtcd(command, (etcd, shared) => seedSegment(etcd, shared, print)),
  );
  subcommand(
    cluster,
    'join',
    "bring this node's own leases up, with its gateway stopped; its first start does the same",
  ).action(async (_options: unknown, command: Command) => {
    const { shared } = await sharedOrThrow(command);
    await joinCluster(shared, print);
  });
  subcommand(
    cluster,
    'leave',
    "make this node's mirror a lease file of its own, with its gateway stopped",
  ).action((_options: unknown, command: Command) =>
    leaveCluster(ofOneSegment(settingsOrThrow(command)), print),
  );
}

/** Its help lists its own options first, then the settings of the lease store; for the others it names `serve --help`. */
function subcommand(cluster: Command, name: string, description: string, ...own: readonly Option[]): Command {
  const command = cluster.command(name).description(description);
  for (const option of own) command.addOption(option);
  return addSettingOptions(command, (key) => SETTINGS[key].group === 'Shared leases' || key === 'leasesDir');
}

async function sharedOrThrow(
  command: Command,
): Promise<{ readonly loaded: LoadedSettings; readonly shared: SharedSettings }> {
  const loaded = ofOneSegment(settingsOrThrow(command));
  const shared = sharedSettings(loaded);
  if (shared !== undefined) return { loaded, shared };
  const running = await etcdOfRunningIn(loaded.settings.leasesDir);
  if (running !== undefined)
    throw new GatewayError(
      'bad-settings',
      `no etcd is set in this shell, while the running gateway shares its leases in one\nto mend it: ${running} vps-gateway cluster ${command.name()}`,
    );
  const remedy =
    'set GATEWAY_ETCD_ENDPOINTS (--etcd-endpoints) and GATEWAY_SEGMENT (--segment), or give this shell the settings of the service: set -a && . /etc/vps-gateway/settings && set +a';
  throw new GatewayError('bad-settings', `no etcd is set, so no leases are shared: ${remedy}`);
}

async function withEtcd(
  command: Command,
  run: (etcd: Etcd, shared: SharedSettings) => Promise<void>,
): Promise<void> {
  const { shared } = await sharedOrThrow(command);
  const etcd = await connectEtcd(shared);
  try {
    await run(etcd, shared);
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    const remedy = 'see to etcd (etcdctl endpoint health), and run it again: nothing is done twice';
    throw new GatewayError('etcd-unavailable', `${error.message}: ${remedy}`, error);
  } finally {
    etcd.close();
  }
}
