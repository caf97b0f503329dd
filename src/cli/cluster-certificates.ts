import { isAbsolute, join } from 'node:path';
import type { Command } from 'commander';
import { count, directory, type SettingKind } from '../config/setting-kinds.ts';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import type { CertificatesReport, MadeNode } from '../sharing/certificates/make-certificates.ts';
import { jsonText } from './output/json.ts';
import { type Output, writeSentences, writeTable } from './output/output.ts';
import { type CommandSurroundings, surroundingsOfProcess } from './surroundings.ts';

/** Where the files are on a node: what docs/etcd.md and the compose files name. */
export const ON_NODE = '/etc/vps-gateway/etcd';
const DEFAULT_OUT = 'etcd-certificates';
const DEFAULT_DAYS = '3650';

interface Options {
  readonly nodes: string;
  readonly out: string;
  readonly days: string;
  readonly renew?: boolean;
  readonly renewAuthority?: boolean;
  readonly json?: boolean;
}

/** Adds `cluster certificates`. It asks no gateway and no etcd. */
export function addCertificatesCommand(cluster: Command, surroundings = surroundingsOfProcess()): void {
  cluster
    .command('certificates')
    .summary('make an authority and a certificate for each node; what is there is kept')
    .description(
      'make an authority and a certificate for each node, for etcd and its gateways;\nwhat is there is kept, so that it may be run again for one node more',
    )
    .requiredOption('--nodes <nodes>', 'all that need one, or those alone: node1=192.0.2.11,node2=192.0.2.12')
    .option('--out <directory>', 'where the files are written, and found again', DEFAULT_OUT)
    .option(
      '--days <number>',
      "how long the nodes' certificates count; the authority's 20 years, or twice as long",
      DEFAULT_DAYS,
    )
    .option('--renew', 'new certificates and keys for these nodes, of the same authority')
    .option('--renew-authority', 'more time for the authority, with the same name and key; name all nodes')
    .option('--json', 'as JSON')
    .action((options: Options) => makeThem(options, surroundings));
}

async function makeThem(options: Options, surroundings: CommandSurroundings): Promise<void> {
  const out = flagValue('--out', options.out, directory);
  const days = flagValue('--days', options.days, count(1, 36_500));
  const { nodesFromText } = await import('../sharing/node-list.ts');
  const { makeCertificates } = await import('../sharing/certificates/make-certificates.ts');
  const report = makeCertificates({
    directory: out,
    nodes: nodesFromText(options.nodes),
    days,
    renew: options.renew === true,
    renewAuthority: options.renewAuthority === true,
    now: systemClock.now(),
  });
  if (options.json === true) surroundings.output.write(jsonText(asJson(report)));
  else writeReport(surroundings.output, report);
  for (const warning of report.warnings) surroundings.remark(`warning: ${warning}`);
  const { authority } = report;
  if (authority.outcome === 'made')
    surroundings.remark(
      `Keep ${join(authority.directory, 'ca.key')} safe, and on no node: who has it can make certificates that etcd takes.\nIt is needed for another node and for a renewal.`,
    );
  if (authority.outcome === 'renewed')
    surroundings.remark(
      "Each member of etcd reads ca.crt when it starts: copy it to all nodes, then restart etcd, one node after the other.\nThe nodes' certificates stay good meanwhile.",
    );
}

/** @throws GatewayError bad-settings */
export function flagValue<Value>(flag: string, text: string, kind: SettingKind<Value>): Value {
  const read = kind.read(text.trim());
  if (read.ok) return read.value;
  throw new GatewayError('bad-settings', `${flag}: '${text}' ${read.fault}; ${read.remedy}`);
}

interface Row {
  readonly outcome: string;
  readonly of: string;
  readonly address: string | undefined;
  readonly endsAt: number;
  readonly directory: string;
}

function writeReport(output: Output, { authority, nodes }: CertificatesReport): void {
  const rows: readonly Row[] = [
    { ...authority, of: '(authority)', address: undefined },
    ...nodes.map((node) => ({ ...node, of: node.name })),
  ];
  writeTable(
    output,
    [
      { heading: 'WHAT', cell: ({ outcome }) => outcome.replace('-', ' ') },
      { heading: 'FOR', cell: ({ of }) => of },
      { heading: 'ADDRESS', cell: ({ address }) => address },
      { heading: 'ENDS', cell: ({ endsAt }) => new Date(endsAt).toISOString().slice(0, 10) },
      { heading: 'FILES', cell: (row) => row.directory, wraps: true, least: 20 },
    ],
    rows,
  );
  const changed = nodes.filter(({ outcome }) => outcome !== 'kept');
  const copied = changed.length === 0 ? nodes : changed;
  const why =
    changed.length === 0 ? 'Nothing was changed. If a node has not got its files yet:' : 'To copy them:';
  writeSentences(output, ['', why]);
  for (const command of copied.flatMap(copyCommands)) output.write(`  ${command}\n`);
}

function asJson({ authority, nodes, warnings }: CertificatesReport): unknown {
  const expiryOf = (endsAt: number) => ({ expiresAt: new Date(endsAt).toISOString() });
  return {
    authority: {
      what: authority.outcome,
      certificate: join(authority.directory, 'ca.crt'),
      key: join(authority.directory, 'ca.key'),
      ...expiryOf(authority.endsAt),
    },
    nodes: nodes.map((node) => ({
      what: node.outcome,
      name: node.name,
      address: node.address,
      directory: node.directory,
      ...expiryOf(node.endsAt),
      copy: copyCommands(node),
    })),
    warnings,
  };
}

/**
 * What brings the files of a node there. A file that is there keeps its owner and mode. -n: else ssh would take what was
 * pasted after it.
 */
function copyCommands({ address, directory: from }: MadeNode): readonly string[] {
  const host = address.includes(':') ? `[${address}]` : address;
  return [`ssh -n root@${address} mkdir -p ${ON_NODE}`, `scp ${shellWord(from)}/* root@${host}:${ON_NODE}/`];
}

/** A path for a shell and for scp, which takes what stands before a colon for a host, unless there is a slash before. */
function shellWord(path: string): string {
  const plain = isAbsolute(path) || /^[\w.][^:]*$/.test(path) ? path : `./${path}`;
  return /^[\w./:+@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}
