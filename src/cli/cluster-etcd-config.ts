import { type Command, Option } from 'commander';
import { bytes, name } from '../config/etcd-kinds.ts';
import { fault, ok, type SettingKind } from '../config/setting-kinds.ts';
import { GatewayError } from '../errors.ts';
import { CONFIG_FORMATS, type ConfigFormat, type EtcdConfig } from '../sharing/etcd-config.ts';
import { flagValue, ON_NODE } from './cluster-certificates.ts';
import { jsonText } from './output/json.ts';
import { type CommandSurroundings, surroundingsOfProcess } from './surroundings.ts';

const DATA_DIRECTORY = '/var/lib/etcd/default';
/** Of the path in a file that shells, systemd and compose read, each with quotation marks of its own. */
const PLAIN_PATH = /^\/[\w./:+@-]*$/;

const FILE_OF: Readonly<Record<ConfigFormat, string>> = {
  default: '/etc/default/etcd',
  env: 'the file .env beside the compose files',
  settings: '/etc/vps-gateway/settings',
};

interface Options {
  readonly nodes: string;
  readonly node: string;
  readonly format: ConfigFormat;
  readonly existing?: boolean;
  readonly segment?: string;
  readonly certificates: string;
  readonly dataDir?: string;
  readonly quota: string;
  readonly out?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** Adds `cluster etcd-config`. It asks no gateway and no etcd. */
export function addEtcdConfigCommand(cluster: Command, surroundings = surroundingsOfProcess()): void {
  const formats =
    "default: etcd's /etc/default/etcd; env: .env of both compose files; settings: the gateway's";
  cluster
    .command('etcd-config')
    .description("print a node's settings of etcd, or of its gateway, from the list of the nodes")
    .requiredOption(
      '--nodes <nodes>',
      'the members of etcd, the same on each: node1=192.0.2.11,node2=192.0.2.12',
    )
    .requiredOption('--node <name>', 'the node whose settings they are')
    .addOption(new Option('--format <format>', formats).choices(CONFIG_FORMATS).default('default'))
    .option('--existing', 'for a member that is added to a cluster which runs (etcdctl member add, before)')
    .option('--segment <name>', 'for env and settings: the name of the segment (GATEWAY_SEGMENT)')
    .option('--certificates <directory>', 'where the node has ca.crt, node.crt and node.key', ON_NODE)
    .option('--data-dir <directory>', `for default: where etcd has its data (default: "${DATA_DIRECTORY}")`)
    .option('--quota <bytes>', "the most that etcd's database may take", '1GiB')
    .option('--out <file>', 'write this file, and print nothing')
    .option('--replace', 'with --out: though there is one that says something else')
    .option('--json', 'as JSON')
    .action((options: Options) => configure(options, surroundings));
}

async function configure(options: Options, surroundings: CommandSurroundings): Promise<void> {
  const { format, dataDir } = options;
  if (dataDir !== undefined && format !== 'default')
    throw new GatewayError('bad-settings', `--data-dir counts for --format default alone, not for ${format}`);
  if (options.existing === true && format === 'settings')
    throw new GatewayError(
      'bad-settings',
      '--existing counts for a member of etcd, not for --format settings',
    );
  const segment = options.segment ?? surroundings.environment['GATEWAY_SEGMENT'];
  const { nodesFromText } = await import('../sharing/node-list.ts');
  const { etcdConfig } = await import('../sharing/etcd-config.ts');
  const config = etcdConfig({
    format,
    members: nodesFromText(options.nodes),
    node: flagValue('--node', options.node, name),
    state: options.existing === true ? 'existing' : 'new',
    certificates: flagValue('--certificates', options.certificates, plainPath),
    dataDirectory: flagValue('--data-dir', dataDir ?? DATA_DIRECTORY, plainPath),
    quota: flagValue('--quota', options.quota, bytes),
    segment: segment === undefined || segment === '' ? undefined : flagValue('--segment', segment, name),
  });
  for (const warning of config.warnings) surroundings.remark(`warning: ${warning}`);
  await print(config, options, surroundings);
}

async function print(
  { variables, warnings }: EtcdConfig,
  { format, node, out, replace, json }: Options,
  { output, remark }: CommandSurroundings,
): Promise<void> {
  const lines = variables.map(([variable, value]) => `${variable}=${value}\n`);
  const text = `# For ${node}: ${FILE_OF[format]}, by vps-gateway cluster etcd-config.\n${lines.join('')}`;
  if (out !== undefined) {
    const { writeConfigFile } = await import('../sharing/write-config-file.ts');
    const what = writeConfigFile(out, text, replace === true);
    remark(what === 'same' ? `${out} says so already` : `${out} is written`);
  }
  if (json === true)
    output.write(jsonText({ node, format, variables: Object.fromEntries(variables), warnings }));
  else if (out === undefined) output.write(text);
}

const plainPath: SettingKind<string> = {
  placeholder: 'directory',
  read: (text) =>
    PLAIN_PATH.test(text)
      ? ok(text.replace(/(?<=.)\/+$/, ''))
      : fault('is not a whole path without blanks', `write it from the root: ${ON_NODE}`),
};
