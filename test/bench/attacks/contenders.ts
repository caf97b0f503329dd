import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { Program } from '../machine/program.ts';
import { SERVER_DEVICE } from '../machine/segment.ts';
import { dnsmasq } from '../peers/dnsmasq.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { kea } from '../peers/kea.ts';
import { findProgram, type Peer, type Start, startIn } from '../peers/peer.ts';
import type { AttackedNetwork } from './network.ts';
import { PLAN } from './network.ts';

export type ContenderName = 'vps-gateway' | 'with etcd' | 'dnsmasq' | 'Kea';
export const CONTENDERS: readonly ContenderName[] = ['vps-gateway', 'with etcd', 'dnsmasq', 'Kea'];

const ENDPOINT = 'http://127.0.0.1:2379';
const ETCD_QUOTA = 32 * 1024 * 1024;
/** How long etcd may take to have a leader: milliseconds. */
const PATIENCE = 15_000;
const ETCD_SETTINGS = {
  GATEWAY_ETCD_ENDPOINTS: ENDPOINT,
  GATEWAY_SEGMENT: 'bench',
  GATEWAY_NODE_NAME: 'pve1',
};

/** A server as it comes, on the bridge of an attacked segment. */
export class Contender {
  readonly name: ContenderName;
  readonly #network: AttackedNetwork;
  readonly #folder: string;
  readonly #files: string;
  #server: Program | undefined;
  #etcd: Program | undefined;

  constructor(name: ContenderName, network: AttackedNetwork, folder: string) {
    this.name = name;
    this.#network = network;
    this.#folder = folder;
    this.#files = join(folder, 'server');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(this.#files, { recursive: true });
  }

  /** Where it keeps its leases and writes its log. */
  get files(): string {
    return this.#files;
  }

  get server(): Program {
    if (this.#server === undefined) throw new Error(`${this.name} does not run`);
    return this.#server;
  }

  async start(): Promise<void> {
    if (this.name === 'with etcd' && this.#etcd === undefined) await this.#startEtcd();
    await this.#serve();
  }

  /** With the leases that it has. */
  async restart(): Promise<void> {
    await this.server.end();
    await this.#serve();
  }

  /** True: etcd takes no more writes, as its space is used up. */
  isEtcdFull(): boolean {
    return this.#etcd !== undefined && this.#etcdctl('alarm', 'list').includes('NOSPACE');
  }

  async end(): Promise<void> {
    await this.#server?.end();
    await this.#etcd?.end();
  }

  async #serve(): Promise<void> {
    this.#server = await startIn(this.#startOf(), this.#network, join(this.#files, 'output.log'));
  }

  #startOf(): Start {
    if (this.name === 'dnsmasq') return dnsmasq(PLAN, true).prepare(this.#files);
    if (this.name === 'Kea') return kea('INFO', 'raw', PLAN).prepare(this.#files);
    return startOfGateway(this.#files, {
      log: 'info',
      settings: {
        GATEWAY_DHCP_LISTEN_IP: PLAN.server,
        GATEWAY_DHCP_INTERFACE: SERVER_DEVICE,
        GATEWAY_DHCP_GATEWAY: PLAN.router,
        GATEWAY_DHCP_SUBNET_MASK: String(PLAN.prefixLength),
        GATEWAY_DHCP_POOL_START: PLAN.pool.first,
        GATEWAY_DHCP_POOL_END: PLAN.pool.last,
        GATEWAY_DHCP_ARP_PROBE: '300ms',
        GATEWAY_DHCP_RELAYS: 'off',
        ...(this.name === 'with etcd' ? ETCD_SETTINGS : {}),
      },
    });
  }

  async #startEtcd(): Promise<void> {
    const peer = 'http://127.0.0.1:2380';
    const command = [
      ...['etcd', '--name', 'm1', '--data-dir', join(this.#folder, 'etcd'), '--logger', 'zap'],
      ...['--log-level', 'error', '--quota-backend-bytes', String(ETCD_QUOTA)],
      ...['--listen-client-urls', ENDPOINT, '--advertise-client-urls', ENDPOINT],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `m1=${peer}`],
    ];
    this.#etcd = new Program(command, {
      namespace: this.#network.server,
      log: join(this.#folder, 'etcd.log'),
    });
    for (const end = Date.now() + PATIENCE; Date.now() < end; await pass(200)) {
      try {
        this.#etcdctl('endpoint', 'health');
        break;
      } catch {
        // Not yet.
      }
    }
    const { command: serve, environment = {} } = this.#startOf();
    const [node = '', ...words] = [...serve.slice(0, -1), 'cluster', 'init'];
    execFileSync('ip', ['netns', 'exec', this.#network.server, node, ...words], {
      env: { ...process.env, ...environment },
      stdio: 'pipe',
    });
  }

  #etcdctl(...words: readonly string[]): string {
    const command = ['netns', 'exec', this.#network.server, 'etcdctl', '--endpoints', ENDPOINT, ...words];
    return execFileSync('ip', command, {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, ETCDCTL_API: '3' },
    });
  }
}

/** Undefined: it is here; else the Debian package that has it. */
export function missing(name: ContenderName): string | undefined {
  if (name === 'with etcd') return findProgram('etcd') === undefined ? 'etcd-server' : undefined;
  const peers: Partial<Record<ContenderName, Peer>> = {
    dnsmasq: dnsmasq(PLAN),
    Kea: kea('INFO', 'raw', PLAN),
  };
  const peer = peers[name];
  return peer === undefined || findProgram(peer.program) !== undefined ? undefined : peer.debianPackage;
}
