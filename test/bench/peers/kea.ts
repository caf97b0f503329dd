import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AddressPlan, SERVER_DEVICE, WIDE_PLAN } from '../machine/segment.ts';
import type { Peer } from './peer.ts';

/** Kea with its file of leases, one thread. It writes each lease before its ACK, and leaves the sync to the kernel. */
export function kea(log: 'INFO' | 'WARN', socket: 'raw' | 'udp', plan: AddressPlan = WIDE_PLAN): Peer {
  return {
    name: 'Kea',
    configuration: `memfile, ${socket} sockets${log === 'INFO' && socket === 'raw' ? " (Debian's default)" : ''}`,
    log: log === 'INFO' ? 'INFO, to a file' : 'WARN',
    synced: false,
    program: 'kea-dhcp4',
    debianPackage: 'kea-dhcp4-server',
    poolSize: 524_288,
    prepare: (folder) => {
      const file = join(folder, 'kea.json');
      writeFileSync(file, JSON.stringify(configuration(folder, log, socket, plan), undefined, 2));
      const environment = { KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder };
      return { command: ['kea-dhcp4', '-c', file], environment };
    },
  };
}

function configuration(
  folder: string,
  severity: string,
  socket: string,
  { subnet, prefixLength, pool, router }: AddressPlan,
): object {
  return {
    Dhcp4: {
      'interfaces-config': { interfaces: [SERVER_DEVICE], 'dhcp-socket-type': socket },
      // Without its clean-up process, which would run beside the measurement.
      'lease-database': {
        type: 'memfile',
        persist: true,
        name: join(folder, 'leases.csv'),
        'lfc-interval': 0,
      },
      'valid-lifetime': 43_200,
      subnet4: [
        {
          subnet: `${subnet}/${prefixLength}`,
          pools: [{ pool: `${pool.first} - ${pool.last}` }],
          'option-data': [
            { name: 'routers', data: router },
            { name: 'domain-name-servers', data: '1.1.1.1, 1.0.0.1' },
            { name: 'domain-name', data: 'vps.local' },
          ],
        },
      ],
      loggers: [
        { name: 'kea-dhcp4', severity, output_options: [{ output: join(folder, 'kea.log'), maxsize: 0 }] },
      ],
    },
  };
}
