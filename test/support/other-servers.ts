import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { Daemon } from './daemon.ts';
import { eventually } from './eventually.ts';
import { DHCPD, type Tool } from './system.ts';

/** When guests renew: seconds. A gateway has taken over by then. */
const RENEWAL = 25;

/** Another DHCP server, as it runs on a node before the gateway does; it keeps 10.15.3.77 for the card RESERVED, called web. */
export interface OtherServer {
  readonly name: 'dnsmasq' | 'kea' | 'dhcpd';
  readonly program: Tool;
  readonly leaseFile: string;
  readonly hostFile: string;
  command(folder: string): readonly string[];
}

export const RESERVED = '52:54:00:4e:09:77';

export const OTHER_SERVERS: readonly OtherServer[] = [
  {
    name: 'dnsmasq',
    program: 'dnsmasq',
    leaseFile: 'dnsmasq.leases',
    hostFile: 'dnsmasq.conf',
    command: (folder) => {
      const settings = [
        'port=0',
        'user=root',
        'pid-file=',
        'no-ping',
        `interface=${DEVICE}`,
        'bind-interfaces',
        'dhcp-authoritative',
        `dhcp-leasefile=${join(folder, 'dnsmasq.leases')}`,
        'dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,10m',
        'dhcp-option=3,10.15.3.1',
        `dhcp-option=option:T1,${RENEWAL}`,
        `dhcp-host=${RESERVED},10.15.3.77,web`,
      ];
      writeFileSync(join(folder, 'dnsmasq.conf'), `${settings.join('\n')}\n`);
      return ['dnsmasq', '--keep-in-foreground', `--conf-file=${join(folder, 'dnsmasq.conf')}`];
    },
  },
  {
    name: 'kea',
    program: 'kea-dhcp4',
    leaseFile: 'kea-leases4.csv',
    hostFile: 'kea-dhcp4.conf',
    command: (folder) => {
      const subnet = {
        subnet: '10.15.3.0/24',
        pools: [{ pool: '10.15.3.20 - 10.15.3.254' }],
        'option-data': [{ name: 'routers', data: '10.15.3.1' }],
        reservations: [{ 'hw-address': RESERVED, 'ip-address': '10.15.3.77', hostname: 'web' }],
      };
      const settings = {
        Dhcp4: {
          'interfaces-config': { interfaces: [DEVICE] },
          'lease-database': { type: 'memfile', persist: true, name: join(folder, 'kea-leases4.csv') },
          'valid-lifetime': 600,
          'renew-timer': RENEWAL,
          subnet4: [subnet],
        },
      };
      const text = `// What this node served before\n${JSON.stringify(settings, null, 2)}\n`;
      writeFileSync(join(folder, 'kea-dhcp4.conf'), text);
      return ['kea-dhcp4', '-c', join(folder, 'kea-dhcp4.conf')];
    },
  },
  {
    name: 'dhcpd',
    program: 'dhcpd',
    leaseFile: 'dhcpd.leases',
    hostFile: 'dhcpd.conf',
    command: (folder) => {
      const settings = `authoritative; ping-check false; default-lease-time 600; max-lease-time 600;
option dhcp-renewal-time ${RENEWAL};
subnet 10.15.3.0 netmask 255.255.255.0 {
  range 10.15.3.20 10.15.3.254;
  option routers 10.15.3.1;
}
host web { hardware ethernet ${RESERVED}; fixed-address 10.15.3.77; }
`;
      writeFileSync(join(folder, 'dhcpd.conf'), settings);
      writeFileSync(join(folder, 'dhcpd.leases'), '');
      const files = ['-cf', join(folder, 'dhcpd.conf'), '-lf', join(folder, 'dhcpd.leases')];
      return [DHCPD, '-f', '-d', '-user', 'root', '-group', 'root', ...files, '--no-pid', DEVICE];
    },
  },
];

/** Starts it on a machine, and waits until it is bound to port 67. */
export async function startOther(server: OtherServer, host: NamespaceHost, folder: string): Promise<Daemon> {
  const daemon = new Daemon(host, join(folder, `${server.name}.log`));
  const words = [`KEA_PIDFILE_DIR=${folder}`, `KEA_LOCKFILE_DIR=${folder}`, ...server.command(folder)];
  daemon.start('env', ...words);
  await eventually(
    `${server.name} listens`,
    () => host.run('ss', '-Hulpnw').includes(server.program.slice(0, 9)) || undefined,
    15_000,
    () => daemon.story(),
  );
  return daemon;
}
