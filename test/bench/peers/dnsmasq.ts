import { join } from 'node:path';
import { POOL, ROUTER_ADDRESS, SERVER_DEVICE } from '../machine/segment.ts';
import type { Peer } from './peer.ts';

/** dnsmasq: it writes and syncs its whole lease file for each ACK. Its ping before an offer is off, as it waits three seconds. */
export function dnsmasq(): Peer {
  return {
    name: 'dnsmasq',
    configuration: 'lease file, no-ping, dhcp-lease-max=1000000',
    log: 'quiet-dhcp',
    synced: true,
    program: 'dnsmasq',
    debianPackage: 'dnsmasq-base',
    poolSize: 524_288,
    prepare: (folder) => ({
      command: [
        ...[
          'dnsmasq',
          '--keep-in-foreground',
          '--conf-file=/dev/null',
          '--port=0',
          '--user=root',
          '--pid-file=',
        ],
        ...[`--interface=${SERVER_DEVICE}`, '--bind-interfaces', '--no-ping', '--dhcp-authoritative'],
        ...['--dhcp-lease-max=1000000', '--quiet-dhcp', `--log-facility=${join(folder, 'dnsmasq.log')}`],
        ...[`--dhcp-leasefile=${join(folder, 'leases')}`, `--dhcp-option=3,${ROUTER_ADDRESS}`],
        ...['--dhcp-option=6,1.1.1.1,1.0.0.1', '--domain=vps.local'],
        `--dhcp-range=${POOL.first},${POOL.last},255.192.0.0,12h`,
      ],
    }),
  };
}
