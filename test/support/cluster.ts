import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE, LabSegment } from '../../src/cli/lab/segment.ts';
import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import type { ListedLease } from '../../src/store/sqlite/lease-reader.ts';
import { EtcdProcesses } from './etcd-process.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from './gateway-process.ts';
import { RawClient } from './raw-client.ts';
import { type Ran, run } from './run.ts';

const ADDRESSES = ['10.15.3.10', '10.15.3.11', '10.15.3.12'];
/** How long a gateway may take to serve, and a mirror to follow: milliseconds. */
const PATIENCE = 40_000;
const ASK_EVERY = 200;

/** A node of the segment: a member of etcd and a gateway with a mirror of its own. */
export interface ClusterNode {
  readonly address: string;
  readonly host: NamespaceHost;
  /** Of its network card. */
  readonly hardware: string;
  /** Of leases.sqlite. */
  readonly directory: string;
  readonly logFile: string;
  gateway: GatewayProcess | undefined;
}

export interface ClusterOptions {
  /** For all gateways. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For all members of etcd. */
  readonly etcdFlags?: readonly string[];
  /** Of the nodes' network. */
  readonly prefixLength?: number;
  /** Where the data of all is; the system's folder for such things by default. */
  readonly folder?: string;
  /** Of the lease files of the first nodes; the others' are in the folder. */
  readonly directories?: readonly string[];
  /** A command that runs those of all members and gateways. */
  readonly under?: readonly string[];
  /** For the gateways' Node. */
  readonly nodeOptions?: readonly string[];
}

/** Three nodes of a segment that share its leases in etcd, and a machine full of raw clients. Places are 0 to 2. */
export class Cluster {
  readonly etcd: EtcdProcesses;
  readonly nodes: readonly ClusterNode[];
  readonly client: RawClient;
  /** The machine that the clients are in. */
  readonly guests: NamespaceHost;
  readonly segment: LabSegment;
  readonly #folder: string;
  readonly #options: ClusterOptions;

  private constructor(
    segment: LabSegment,
    nodes: readonly ClusterNode[],
    guests: NamespaceHost,
    etcd: EtcdProcesses,
    folder: string,
    options: ClusterOptions,
  ) {
    this.segment = segment;
    this.nodes = nodes;
    this.guests = guests;
    this.client = new RawClient(guests);
    this.etcd = etcd;
    this.#folder = folder;
    this.#options = options;
  }

  /** The segment and an etcd that has a leader; no gateway yet. */
  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    builtProgram();
    const { prefixLength = 24, folder: parent = tmpdir(), under = [], etcdFlags: flags = [] } = options;
    const folder = mkdtempSync(join(parent, 'vps-gateway-cluster-'));
    const segment = await LabSegment.open();
    const nodes: ClusterNode[] = [];
    for (const [place, address] of ADDRESSES.entries()) {
      const host = await segment.attach(`node-${place}`, { address: `${address}/${prefixLength}` });
      const hardware = host.run('cat', `/sys/class/net/${DEVICE}/address`).trim();
      const directory = options.directories?.[place] ?? join(folder, `pve${place + 1}`);
      mkdirSync(directory, { recursive: true });
      const logFile = join(folder, `pve${place + 1}.log`);
      nodes.push({ address, host, hardware, directory, logFile, gateway: undefined });
    }
    const guests = await segment.attach('guests');
    const etcd = await EtcdProcesses.start({ sites: nodes, folder, under, flags });
    const cluster = new Cluster(segment, nodes, guests, etcd, folder, options);
    try {
      await cluster.etcd.leader();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The segment is created in etcd. A member that is slow to answer, as on a busy disk, is asked again. */
  async begin(): Promise<void> {
    await this.until(() =>
      this.program(0, 'cluster', 'init').catch((error: Error) => {
        if (!error.message.includes('already')) throw error;
      }),
    );
  }

  /** The segment is created in etcd, and all gateways serve. */
  async serve(): Promise<void> {
    await this.begin();
    await Promise.all(this.nodes.map((_, place) => this.start(place)));
  }

  /** Starts the gateway of a node (again), with the mirror that it has, and waits until it says that it serves. */
  async start(
    place: number,
    settings: Readonly<Record<string, string>> = {},
    under = this.#options.under ?? [],
  ): Promise<GatewayProcess> {
    const node = this.#at(place);
    const { host, directory, logFile, address } = node;
    const { nodeOptions = [] } = this.#options;
    const gateway = new GatewayProcess(host, {
      under,
      nodeOptions,
      directory,
      logFile,
      settings: { ...this.settingsOf(place), ...settings },
    });
    node.gateway = gateway;
    await gateway.untilListening(address);
    await this.until(async () => {
      if (gateway.hasEnded) throw new Error(`the gateway of ${address} ended`);
      const { status, problems } = await askHealth(join(directory, HEALTH_SOCKET), 1000);
      // What the gateways have otherwise than each other does not keep one from serving.
      const hindrances = problems.filter(({ name }) => name !== 'cluster');
      if (status !== 'serving' && (status !== 'degraded' || hindrances.length > 0))
        throw new Error([`${address} is ${status}`, ...problems.map(runningProblemToText)].join('; '));
    });
    return gateway;
  }

  /** kill -9 of the gateway of a node. */
  async kill(place: number): Promise<void> {
    await this.#at(place).gateway?.end('SIGKILL');
  }

  /** The place of the node with an address. */
  placeOf(address: string): number {
    return this.nodes.findIndex((node) => node.address === address);
  }

  /** What `vps-gateway` with these words writes on a node, with the settings of its gateway; throws if it fails. */
  async program(place: number, ...words: readonly string[]): Promise<string> {
    const ran = await this.ran(place, ...words);
    if (ran.status !== 0)
      throw new Error(`vps-gateway ${words.join(' ')} ended with ${ran.status}: ${ran.errors}${ran.output}`);
    return ran.output;
  }

  /** The same with its status and what it says to people. */
  ran(place: number, ...words: readonly string[]): Promise<Ran> {
    const { host, directory } = this.#at(place);
    const environment = gatewayEnvironment(directory, this.settingsOf(place));
    return run(host, [process.execPath, builtProgram(), ...words], environment);
  }

  /** The rows of a node's mirror, by address. */
  async mirror(place: number): Promise<readonly ListedLease[]> {
    const rows: ListedLease[] = JSON.parse(await this.program(place, 'leases', 'list', '--json'));
    return rows;
  }

  /** Waits until something succeeds; throws what it threw last with the end of each log. */
  async until<Value>(attempt: () => Promise<Value>, milliseconds = PATIENCE): Promise<Value> {
    const end = Date.now() + milliseconds;
    for (;;) {
      try {
        return await attempt();
      } catch (cause) {
        if (Date.now() > end) throw new Error(`${cause}\n${this.story()}`, { cause });
        await delay(ASK_EVERY);
      }
    }
  }

  /** The end of what each gateway has written. */
  story(lines = 15): string {
    return this.nodes
      .filter(({ logFile }) => existsSync(logFile))
      .map(({ address, logFile }) => {
        const written = readFileSync(logFile, 'utf8').trimEnd().split('\n');
        return [`== ${address}`, ...written.slice(-lines)].join('\n');
      })
      .join('\n');
  }

  async close(): Promise<void> {
    try {
      await Promise.all(this.nodes.map((_, place) => this.kill(place)));
      await this.etcd.close();
    } finally {
      await this.segment.close();
      rmSync(this.#folder, { recursive: true, force: true });
      this.client.close();
    }
  }

  /** Of the gateway of a node. */
  settingsOf(place: number): Readonly<Record<string, string>> {
    return {
      GATEWAY_ETCD_ENDPOINTS: this.etcd.endpoints.map((endpoint) => `http://${endpoint}`).join(','),
      GATEWAY_SEGMENT: 'test',
      GATEWAY_NODE_NAME: `pve${place + 1}`,
      LOG_LEVEL: 'info',
      ...this.#options.settings,
    };
  }

  #at(place: number): ClusterNode {
    const node = this.nodes[place];
    if (node === undefined) throw new Error(`no node ${place}`);
    return node;
  }
}
