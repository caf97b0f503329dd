import { join } from 'node:path';
import { type AddressPlan, SERVER_DEVICE, WIDE_PLAN } from '../machine/segment.ts';
import type { Peer } from './peer.ts';

/**
 * dnsmasq: it writes and syncs its whole lease file for each ACK. Its ping before an offer, which waits three seconds, and its
 * log are off, unless it is to be `asItComes`.
 */
export function dnsmasq({ pool, router, netmask }: AddressPlan = WIDE_PLAN, asItComes = false): Peer {
  return {
    name: 'dnsmasq',
    configuration: `lease file, ${asItComes ? 'as it comes' : 'no-ping'}, dhcp-lease-max=1000000`,
    log: asItComes ? 'to a file' : 'quiet-dhcp',
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
        ...[`--interface=${SERVER_DEVICE}`, '--bind-interfaces', '--dhcp-authoritative'],
        ...(asItComes ? [] : ['--no-ping', '--quiet-dhcp']),
        ...['--dhcp-lease-max=1000000', `--log-facility=${join(folder, 'dnsmasq.log')}`],
        ...[`--dhcp-leasefile=${join(folder, 'leases')}`, `--dhcp-option=3,${router}`],
        ...['--dhcp-option=6,1.1.1.1,1.0.0.1', '--domain=vps.local'],
        `--dhcp-range=${pool.first},${pool.last},${netmask},12h`,
      ],
    }),
  };
}
