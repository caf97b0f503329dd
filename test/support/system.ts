import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, vi } from 'vitest';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { namespacePrivilege } from '../../src/cli/lab/privileges.ts';
import { DEVICE, LabSegment } from '../../src/cli/lab/segment.ts';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { builtProgram, GatewayProcess } from './gateway-process.ts';
import { NETWORKD } from './networkd.ts';
import { RawClient } from './raw-client.ts';

const PACKAGES = {
  dhclient: 'isc-dhcp-client',
  udhcpc: 'udhcpc',
  dhcpcd: 'dhcpcd-base',
  strace: 'strace',
  sqlite3: 'sqlite3',
  ss: 'iproute2',
  dnsmasq: 'dnsmasq-base',
  'kea-dhcp4': 'kea-dhcp4-server',
  dhcpd: 'isc-dhcp-server',
  etcd: 'etcd-server',
  etcdctl: 'etcd-client',
  NetworkManager: 'network-manager',
  'dbus-daemon': 'dbus-daemon',
  'systemd-networkd': 'systemd',
  openssl: 'openssl',
  faketime: 'faketime',
  nft: 'nftables',
  iptables: 'iptables',
  curl: 'curl',
  jq: 'jq',
  chromium: 'chromium',
  nginx: 'nginx-light',
  script: 'bsdutils',
} as const;
export type Tool = keyof typeof PACKAGES;

/** Tests that need namespaces and these programs; where they cannot run, they are skipped and the title says why. */
export function describeSystem(title: string, tools: readonly Tool[], body: () => void): void {
  // Real programs start here, on machines with other work.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  const why = obstacle(tools);
  if (why === undefined) describe(title, body);
  else describe.skip(`${title} [not here: ${why}]`, body);
}

function obstacle(tools: readonly Tool[]): string | undefined {
  const privilege = namespacePrivilege();
  if (privilege === 'user-namespace') return 'not root; `node test/system/run.js` does it without';
  if (privilege !== 'directly') return privilege.missing;
  return missingOf(tools);
}

/** The package dhcp of npm has a program of this name too, which a test finds first. */
export const DHCPD = '/usr/sbin/dhcpd';

/** Which of these programs are not installed here, and what would install them; undefined: all are. */
export function missingOf(tools: readonly Tool[]): string | undefined {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return undefined;
  const packages = missing.map((tool) => PACKAGES[tool]).join(' ');
  return `${missing.join(', ')} missing: apt-get install ${packages}`;
}

function isInstalled(tool: Tool): boolean {
  if (tool === 'systemd-networkd') return existsSync(NETWORKD);
  return tool === 'dhcpd' ? existsSync(DHCPD) : findProgram(tool) !== undefined;
}

/** What else has to be said to make one. */
const MORE_WORDS = new Map([
  ['vrf', ['table', '10']],
  ['vxlan', ['id', '7', 'dstport', '4789']],
]);

/** Whether this kernel has a type of interface, as `ip link add type` names it. */
export function hasLinkType(type: string): boolean {
  const more = MORE_WORDS.get(type) ?? [];
  const words = ['--net', 'ip', 'link', 'add', 'tried0', 'type', type, ...more];
  return spawnSync('unshare', words).status === 0;
}

/** A segment with a node for the gateway (eth0: 10.15.3.10) and a machine full of raw clients. */
export class TestSegment {
  readonly segment: LabSegment;
  readonly node: NamespaceHost;
  readonly guest: NamespaceHost;
  readonly #folder = mkdtempSync(join(tmpdir(), 'vps-gateway-system-'));
  readonly #gateways: GatewayProcess[] = [];
  readonly #clients: RawClient[] = [];
  readonly #hosts: NamespaceHost[] = [];
  #folders = 0;

  private constructor(segment: LabSegment, node: NamespaceHost, guest: NamespaceHost) {
    this.segment = segment;
    this.node = node;
    this.guest = guest;
  }

  static async open(prefixLength = 24): Promise<TestSegment> {
    builtProgram();
    const segment = await LabSegment.open(`10.15.3.1/${prefixLength}`);
    const node = await segment.attach('node-1', { address: `10.15.3.10/${prefixLength}` });
    return new TestSegment(segment, node, await segment.attach('guests'));
  }

  /** An empty folder, which is gone when the tests are over. */
  folder(): string {
    this.#folders += 1;
    return mkdtempSync(join(this.#folder, `${this.#folders}-`));
  }

  /** A gateway that listens on the node; without ARP probes and with an empty store unless said. */
  async gateway(
    settings: Readonly<Record<string, string>> = {},
    directory = this.folder(),
    under: readonly string[] = [],
  ): Promise<GatewayProcess> {
    const options = { directory, settings: { GATEWAY_DHCP_ARP_PROBE: 'off', ...settings }, under };
    const gateway = new GatewayProcess(this.node, options);
    this.#gateways.push(gateway);
    await gateway.untilListening('10.15.3.10');
    return gateway;
  }

  /** Another node, with a gateway of its own on the same segment, by its place in the plan: 11 for 10.15.3.11. */
  async gatewayAt(place: number, settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    return await this.gatewayOn(await this.nodeAt(place), place, settings);
  }

  /** Another node, by its place in the plan. */
  nodeAt(place: number): Promise<NamespaceHost> {
    return this.segment.attach(`node-${place}`, { address: `10.15.3.${place}/24` });
  }

  async gatewayOn(
    host: NamespaceHost,
    place: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(host, { directory: this.folder(), settings });
    this.#gateways.push(gateway);
    await gateway.untilListening(`10.15.3.${place}`);
    return gateway;
  }

  /** Another machine, which has no interface yet. */
  async host(name: string): Promise<NamespaceHost> {
    const host = await NamespaceHost.open(name);
    this.#hosts.push(host);
    return host;
  }

  client(host = this.guest, device = DEVICE): RawClient {
    const client = new RawClient(host, device);
    this.#clients.push(client);
    return client;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#gateways.splice(0).map((gateway) => gateway.end('SIGKILL')));
    for (const client of this.#clients.splice(0)) client.close();
  }

  async close(): Promise<void> {
    await this.segment.close();
    await Promise.all(this.#hosts.map((host) => host.close()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * A segment for all tests of a group.
 *
 * @param ends when gateways and clients end: with each test, or with the last one
 */
export function useTestSegment(prefixLength = 24, ends: 'each' | 'all' = 'each'): () => TestSegment {
  let opened: TestSegment | undefined;
  const get = () => {
    if (opened === undefined) throw new Error('the segment is not open');
    return opened;
  };
  beforeAll(async () => {
    opened = await TestSegment.open(prefixLength);
  });
  if (ends === 'each') afterEach(() => opened?.endAll());
  afterAll(async () => {
    await opened?.endAll();
    await opened?.close();
  });
  return get;
}
