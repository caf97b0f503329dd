import { existsSync } from 'node:fs';
import { findProgram } from '../../diagnosis/find-program.ts';
import { GatewayError } from '../../errors.ts';
import { CLIENT_NAMES, type ClientName } from './guests/guest-client.ts';

export interface InstalledClients {
  /** With their paths. */
  readonly found: readonly (readonly [ClientName, string])[];
  readonly missing: readonly ClientName[];
}

/** @param find the path of a program, if it is installed */
export function installedClients(find = findProgram): InstalledClients {
  const found: [ClientName, string][] = [];
  const missing: ClientName[] = [];
  for (const name of CLIENT_NAMES) {
    const program = find(name);
    if (program === undefined) missing.push(name);
    else found.push([name, program]);
  }
  return { found, missing };
}

/** @throws GatewayError lab-unavailable: etcd, or its command, is not installed. */
export function refuseWithoutEtcd(find = findProgram): void {
  const missing = (['etcd', 'etcdctl'] as const).filter((program) => find(program) === undefined);
  if (missing.length === 0) return;
  const what = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not installed here`;
  throw new GatewayError('lab-unavailable', `--etcd: ${what}: ${installCommand(missing)}`);
}

/** What installs these programs on this machine. */
export function installCommand(programs: readonly (keyof Packages)[]): string {
  const row = MANAGERS.find(({ manager }) => existsSync(manager)) ?? MANAGERS[0];
  return `${row.command} ${programs.map((program) => row.packages[program]).join(' ')}`;
}

type Packages = Readonly<Record<ClientName | 'etcd' | 'etcdctl', string>>;

interface ManagerRow {
  readonly manager: string;
  readonly command: string;
  readonly packages: Packages;
}

const MANAGERS: readonly [ManagerRow, ...ManagerRow[]] = [
  {
    manager: '/usr/bin/apt-get',
    command: 'apt-get install',
    packages: {
      dhclient: 'isc-dhcp-client',
      udhcpc: 'udhcpc',
      dhcpcd: 'dhcpcd-base',
      etcd: 'etcd-server',
      etcdctl: 'etcd-client',
    },
  },
  {
    manager: '/usr/bin/dnf',
    command: 'dnf install',
    packages: { dhclient: 'dhcp-client', udhcpc: 'udhcp', dhcpcd: 'dhcpcd', etcd: 'etcd', etcdctl: 'etcd' },
  },
  {
    manager: '/usr/bin/pacman',
    command: 'pacman -S',
    packages: { dhclient: 'dhclient', udhcpc: 'busybox', dhcpcd: 'dhcpcd', etcd: 'etcd', etcdctl: 'etcd' },
  },
  {
    manager: '/sbin/apk',
    command: 'apk add',
    packages: { dhclient: 'dhclient', udhcpc: 'busybox', dhcpcd: 'dhcpcd', etcd: 'etcd', etcdctl: 'etcd' },
  },
];
