import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTER_ADDRESS, SERVER_DEVICE, SMALL_POOL } from '../machine/segment.ts';
import type { Peer } from './peer.ts';

/**
 * ISC dhcpd: it syncs each lease before its ACK. A pool of 524,288 costs it 24 ms a DISCOVER, so it gets an eighth. Its ping
 * before an offer, which waits for a second, is off, unless it is to be `asItComes`.
 */
export function iscDhcpd(asItComes = false): Peer {
  return {
    name: 'ISC dhcpd',
    configuration: `pool of 65,536, ping-check ${asItComes ? 'on (as it comes)' : 'off'}`,
    log: 'to syslog',
    synced: true,
    program: 'dhcpd',
    debianPackage: 'isc-dhcp-server',
    poolSize: 65_536,
    prepare: (folder) => {
      const configuration = join(folder, 'dhcpd.conf');
      const leases = join(folder, 'dhcpd.leases');
      writeFileSync(leases, '');
      writeFileSync(
        configuration,
        `authoritative; ddns-update-style none; ping-check ${asItComes};
default-lease-time 43200; max-lease-time 43200;
subnet 10.64.0.0 netmask 255.192.0.0 {
  range ${SMALL_POOL.first} ${SMALL_POOL.last};
  option routers ${ROUTER_ADDRESS};
  option domain-name-servers 1.1.1.1, 1.0.0.1;
  option domain-name "vps.local";
}
`,
      );
      const command = [
        'dhcpd',
        '-4',
        '-f',
        '-q',
        '--no-pid',
        '-cf',
        configuration,
        '-lf',
        leases,
        SERVER_DEVICE,
      ];
      return { command };
    },
  };
}
