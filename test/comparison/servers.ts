import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import type { EtcdProcesses } from '../support/etcd-process.ts';
import { builtProgram } from '../support/gateway-process.ts';

/** A DHCP server as a node of the segment runs it: on its own address, with the pool that all have. */
export interface ComparedServer {
  readonly name: string;
  readonly program: string;
  command(folder: string, address: string): readonly string[];
  environment?(folder: string): Readonly<Record<string, string>>;
  /** It shares its leases in an etcd with a member on each node. */
  readonly isShared?: true;
}

const DEVICE = 'eth0';

export const SERVERS: readonly ComparedServer[] = [
  {
    name: 'vps-gateway, nothing set',
    program: process.execPath,
    command: () => [process.execPath, builtProgram(), 'serve'],
    environment: (folder) => ({ GATEWAY_DHCP_LEASES_DIR: folder, LOG_LEVEL: 'warn' }),
  },
  {
    name: 'vps-gateway, leases in etcd',
    program: 'etcd',
    command: () => [process.execPath, builtProgram(), 'serve'],
    environment: (folder) => ({ GATEWAY_DHCP_LEASES_DIR: folder, LOG_LEVEL: 'warn' }),
    isShared: true,
  },
  {
    name: 'dnsmasq, each on its own address',
    program: 'dnsmasq',
    command: (folder, address) => [
      ...[
        'dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--port=0',
        '--user=root',
        '--pid-file=',
      ],
      ...[
        `--interface=${DEVICE}`,
        '--bind-interfaces',
        `--listen-address=${address}`,
        '--dhcp-authoritative',
      ],
      ...[`--dhcp-leasefile=${join(folder, 'leases')}`, '--dhcp-option=3,10.15.3.1', '--quiet-dhcp'],
      '--dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,12h',
    ],
  },
  {
    name: 'Kea, memfile',
    program: 'kea-dhcp4',
    command: (folder) => {
      const file = join(folder, 'kea.json');
      writeFileSync(file, JSON.stringify(keaConfiguration(folder)));
      return ['kea-dhcp4', '-c', file];
    },
    environment: (folder) => ({ KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder }),
  },
];

function keaConfiguration(folder: string): object {
  return {
    Dhcp4: {
      'interfaces-config': { interfaces: [DEVICE] },
      'lease-database': {
        type: 'memfile',
        persist: true,
        name: join(folder, 'leases.csv'),
        'lfc-interval': 0,
      },
      'valid-lifetime': 43_200,
      subnet4: [
        {
          subnet: '10.15.3.0/24',
          pools: [{ pool: '10.15.3.20 - 10.15.3.254' }],
          'option-data': [{ name: 'routers', data: '10.15.3.1' }],
        },
      ],
    },
  };
}

/** What a gateway needs to know to share its leases. */
export function settingsOf(etcd: EtcdProcesses | undefined, node: string): Readonly<Record<string, string>> {
  if (etcd === undefined) return {};
  const endpoints = etcd.endpoints.map((endpoint) => `http://${endpoint}`).join(',');
  return { GATEWAY_ETCD_ENDPOINTS: endpoints, GATEWAY_SEGMENT: 'compared', GATEWAY_NODE_NAME: node };
}

/** Starts a server on a machine, and waits until it has had time to open its sockets. */
export async function start(
  server: ComparedServer,
  host: NamespaceHost,
  address: string,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'compared-'));
  const [command = '', ...args] = server.command(folder, address);
  const child = host.spawn(command, args, {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...server.environment?.(folder), ...settings },
  });
  await delay(1500);
  if (child.exitCode !== null) throw new Error(`${server.name} ended with ${child.exitCode}`);
  return child;
}

/** True if a program is there. */
export function isInstalled(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    spawn('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).once('exit', (code) =>
      resolve(code === 0),
    );
  });
}
