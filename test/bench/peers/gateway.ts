import { join } from 'node:path';
import { CLIENT_ADDRESS, POOL, PREFIX_LENGTH, ROUTER_ADDRESS, SERVER_ADDRESS } from '../machine/segment.ts';
import type { Peer, Start } from './peer.ts';

const PROGRAM = join(import.meta.dirname, '../../../../../bin/vps-gateway.js');

export interface GatewayOptions {
  readonly log: 'info' | 'warn';
  readonly pool?: { readonly first: string; readonly last: string };
  /** Percent; 0: none. */
  readonly leaseCache?: number;
  /** How long ARP is asked; off unless it is said, as the others' probes are off too. */
  readonly arpProbe?: string;
  /** Other settings, by variable. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For Node. */
  readonly nodeOptions?: readonly string[];
}

/** As docs/examples/vps-gateway.service and bin/container.sh start it, with the limit of glibc below. */
const NODE_OPTIONS = ['--max-semi-space-size=8'];

/** How this server is started on a lease folder. */
export function startOfGateway(
  folder: string,
  { log, pool = POOL, leaseCache = 0, arpProbe = 'off', settings = {}, nodeOptions = [] }: GatewayOptions,
): Start {
  return {
    command: [process.execPath, ...NODE_OPTIONS, ...nodeOptions, PROGRAM, 'serve'],
    environment: {
      GATEWAY_DHCP_LISTEN_IP: SERVER_ADDRESS,
      GATEWAY_DHCP_GATEWAY: ROUTER_ADDRESS,
      GATEWAY_DHCP_SUBNET_MASK: String(PREFIX_LENGTH),
      GATEWAY_DHCP_POOL_START: pool.first,
      GATEWAY_DHCP_POOL_END: pool.last,
      GATEWAY_DHCP_LEASES_DIR: folder,
      GATEWAY_DHCP_RELAYS: CLIENT_ADDRESS,
      GATEWAY_DHCP_LEASE_CACHE: leaseCache === 0 ? 'off' : String(leaseCache),
      GATEWAY_DHCP_ARP_PROBE: arpProbe,
      MALLOC_TRIM_THRESHOLD_: '131072',
      LOG_LEVEL: log,
      LOG_FORMAT: 'json',
      NODE_ENV: 'production',
      ...settings,
    },
  };
}

/** This server; at `info` it writes a line for each message, and where one reason has too many it counts them. */
export function gateway(log: 'info' | 'warn'): Peer {
  return {
    name: 'vps-gateway',
    configuration: log === 'info' ? 'as it comes' : 'LOG_LEVEL=warn',
    log: log === 'info' ? 'info, to a file' : 'warn',
    synced: true,
    program: PROGRAM,
    debianPackage: undefined,
    poolSize: 524_288,
    prepare: (folder) => startOfGateway(folder, { log }),
  };
}
