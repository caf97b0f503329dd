import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from './gateway-process.ts';
import { RawClient } from './raw-client.ts';
import { type Ran, run } from './run.ts';

/** How long etcd and the gateways may take for a change: milliseconds. */
const PATIENCE = 30_000;

export interface CertifiedNode {
  readonly name: string;
  readonly address: string;
  readonly host: NamespaceHost;
  member?: ChildProcess;
  gateway?: GatewayProcess;
}

/** Nodes of a segment whose etcd and gateways run by nothing but what `vps-gateway cluster` wrote. */
export class CertifiedCluster {
  readonly nodes: CertifiedNode[] = [];
  readonly client: RawClient;
  readonly #segment: LabSegment;
  readonly #folder = mkdtempSync(join(tmpdir(), 'vps-gateway-certified-'));
  readonly #programs: NodeJS.ProcessEnv;

  private constructor(segment: LabSegment, guests: NamespaceHost) {
    this.#segment = segment;
    this.client = new RawClient(guests);
    this.#programs = { ...process.env, PATH: `${this.#copyPrograms()}:${process.env['PATH']}` };
  }

  static async open(): Promise<CertifiedCluster> {
    builtProgram();
    const segment = await LabSegment.open();
    return new CertifiedCluster(segment, await segment.attach('guests'));
  }

  /** All nodes, as --nodes takes them. */
  get list(): string {
    return this.nodes.map(({ name, address }) => `${name}=${address}`).join(',');
  }

  async add(name: string, address: string): Promise<CertifiedNode> {
    const node = { name, address, host: await this.#segment.attach(name, { address: `${address}/24` }) };
    this.nodes.push(node);
    return node;
  }

  /** The authority and its certificates are made here. */
  get out(): string {
    return join(this.#folder, 'etcd-certificates');
  }

  /** Makes certificates, and copies them by the commands that are printed. Returns what became of each node. */
  async certify(nodes: string, ...flags: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const printed = await this.program(
      {},
      'certificates',
      '--nodes',
      nodes,
      '--out',
      this.out,
      '--json',
      ...flags,
    );
    const report: {
      readonly nodes: readonly {
        readonly name: string;
        readonly what: string;
        readonly copy: readonly string[];
      }[];
    } = JSON.parse(printed);
    const script = report.nodes.filter(({ what }) => what !== 'kept').flatMap(({ copy }) => copy);
    const ran = await run(undefined, ['sh', '-ec', script.join('\n')], this.#programs);
    if (ran.status !== 0) throw new Error(ran.errors);
    return Object.fromEntries(report.nodes.map(({ name, what }) => [name, what]));
  }

  /** Writes the node's /etc/default/etcd, and starts its member by it. */
  async startMember(node: CertifiedNode, ...flags: readonly string[]): Promise<void> {
    const file = this.#fileOf(node, 'default-etcd');
    const places = ['--certificates', this.certificatesOf(node), '--data-dir', this.#fileOf(node, 'data')];
    const words = [
      'etcd-config',
      '--nodes',
      this.list,
      '--node',
      node.name,
      '--out',
      file,
      ...places,
      ...flags,
    ];
    await this.program({}, ...words);
    this.reviveMember(node);
  }

  reviveMember(node: CertifiedNode): void {
    const start = 'set -a; . "$0"; exec etcd --logger zap --log-level error';
    node.member = node.host.spawn('sh', ['-c', start, this.#fileOf(node, 'default-etcd')], {
      stdio: 'ignore',
    });
  }

  async stopMember({ member }: CertifiedNode): Promise<void> {
    if (member === undefined || member.exitCode !== null || member.signalCode !== null) return;
    const gone = once(member, 'exit');
    member.kill('SIGTERM');
    await gone;
  }

  async startGateway(node: CertifiedNode): Promise<GatewayProcess> {
    const directory = this.#fileOf(node, 'leases');
    mkdirSync(directory, { recursive: true });
    node.gateway = new GatewayProcess(node.host, { directory, settings: await this.settingsOf(node) });
    await node.gateway.untilListening(node.address);
    return node.gateway;
  }

  /** What `cluster etcd-config --format settings` prints. */
  async settingsOf(node: CertifiedNode): Promise<Readonly<Record<string, string>>> {
    const flags = ['--format', 'settings', '--segment', 'test', '--certificates', this.certificatesOf(node)];
    const text = await this.program({}, 'etcd-config', '--nodes', this.list, '--node', node.name, ...flags);
    const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
    return Object.fromEntries(
      lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** What `vps-gateway cluster` prints with these words. @throws Error with what it complains of. */
  async program(settings: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<string> {
    const ran = await this.tryProgram(undefined, settings, ...words);
    if (ran.status !== 0) throw new Error(`${words.join(' ')} ended with ${ran.status}: ${ran.errors}`);
    return ran.output;
  }

  tryProgram(
    host: NamespaceHost | undefined,
    settings: Readonly<Record<string, string>>,
    ...words: readonly string[]
  ): Promise<Ran> {
    const command = [process.execPath, builtProgram(), 'cluster', ...words];
    return run(host, command, gatewayEnvironment(this.#fileOf({ name: 'shell' }, ''), settings));
  }

  /** etcdctl on the node, for its own member; by its certificate unless that is left out. */
  async control(
    node: CertifiedNode,
    words: readonly string[],
    shows: 'certificate' | 'nothing' = 'certificate',
  ) {
    const place = this.certificatesOf(node);
    const own =
      shows === 'nothing' ? [] : ['--cert', join(place, 'node.crt'), '--key', join(place, 'node.key')];
    const command = [
      'etcdctl',
      '--endpoints',
      `https://${node.address}:2379`,
      '--cacert',
      join(place, 'ca.crt'),
    ];
    const ran = await run(node.host, [...command, ...own, ...words], { ...process.env, ETCDCTL_API: '3' });
    if (ran.status !== 0) throw new Error(`etcdctl ${words.join(' ')}: ${ran.errors}`);
    return ran.output;
  }

  /** Where the node has ca.crt, node.crt and node.key. */
  certificatesOf({ address }: Pick<CertifiedNode, 'address'>): string {
    return join(this.#folder, address, 'etc/vps-gateway/etcd');
  }

  /** The file of a node, as it was copied there. */
  copied(node: CertifiedNode, name: string): string {
    return readFileSync(join(this.certificatesOf(node), name), 'utf8');
  }

  /** Waits until something succeeds. */
  async until<Value>(attempt: () => Promise<Value>): Promise<Value> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() > end) throw error;
        await delay(200);
      }
    }
  }

  async close(): Promise<void> {
    for (const { gateway } of this.nodes) await gateway?.end('SIGKILL');
    for (const node of this.nodes) await this.stopMember(node);
    this.client.close();
    await this.#segment.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #fileOf({ name }: { readonly name: string }, file: string): string {
    mkdirSync(join(this.#folder, name), { recursive: true });
    return join(this.#folder, name, file);
  }

  /** ssh and scp lead to a folder for each address. */
  #copyPrograms(): string {
    const folder = join(this.#folder, 'bin');
    mkdirSync(folder);
    const ssh = `#!/bin/sh\nhost=\${2#root@}; shift 4\nmkdir -p "${this.#folder}/$host$1"\n`;
    const scp = `#!/bin/sh\nfor last; do :; done\nhost=\${last%%:*}; to="${this.#folder}/\${host#root@}\${last#*:}"\nwhile [ $# -gt 1 ]; do cp "$1" "$to" || exit; shift; done\n`;
    for (const [name, text] of [
      ['ssh', ssh],
      ['scp', scp],
    ] as const) {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), 0o755);
    }
    return folder;
  }
}
