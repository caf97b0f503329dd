import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The addresses of a segment: of the server, of the router that it names, and those that it gives out. */
export interface AddressPlan {
  readonly server: string;
  readonly router: string;
  readonly subnet: string;
  readonly netmask: string;
  readonly prefixLength: number;
  readonly pool: { readonly first: string; readonly last: string };
}

/** The server's end, the clients' end, and the addresses that servers give out. */
export const SERVER_ADDRESS = '10.64.0.1';
export const CLIENT_ADDRESS = '10.64.0.2';
export const ROUTER_ADDRESS = '10.64.0.254';
export const PREFIX_LENGTH = 10;
export const POOL = { first: '10.65.0.0', last: '10.72.255.255' } as const;
/** All of that together. */
export const WIDE_PLAN: AddressPlan = {
  server: SERVER_ADDRESS,
  router: ROUTER_ADDRESS,
  subnet: '10.64.0.0',
  netmask: '255.192.0.0',
  prefixLength: PREFIX_LENGTH,
  pool: POOL,
};
/** For ISC dhcpd, whose cost grows with the pool. */
export const SMALL_POOL = { first: '10.65.0.0', last: '10.65.255.255' } as const;
/** For a million leases and room beside them. */
export const WIDE_POOL = { first: '10.65.0.0', last: '10.95.255.255' } as const;

export const SERVER_DEVICE = 's0';
export const CLIENT_DEVICE = 'c0';

/** Two network namespaces and the one link between them. */
export class Segment {
  readonly server = `vpsbench-${process.pid}-s`;
  readonly clients = `vpsbench-${process.pid}-c`;

  /** Needs root. */
  open(): void {
    ip('netns', 'add', this.server);
    ip('netns', 'add', this.clients);
    ip(
      ...['link', 'add', SERVER_DEVICE, 'netns', this.server, 'type', 'veth'],
      ...['peer', 'name', CLIENT_DEVICE, 'netns', this.clients],
    );
    this.#bringUp(this.server, SERVER_DEVICE, SERVER_ADDRESS);
    this.#bringUp(this.clients, CLIENT_DEVICE, CLIENT_ADDRESS);
    // One neighbour for all clients that have an address: the kernel's table of neighbours holds only 1,024.
    ip('-n', this.server, 'route', 'add', '10.65.0.0/16', 'via', CLIENT_ADDRESS);
    ip('-n', this.server, 'route', 'add', '10.66.0.0/15', 'via', CLIENT_ADDRESS);
    ip('-n', this.server, 'route', 'add', '10.68.0.0/14', 'via', CLIENT_ADDRESS);
    ip('-n', this.server, 'route', 'add', '10.72.0.0/13', 'via', CLIENT_ADDRESS);
    ip('-n', this.server, 'route', 'add', '10.80.0.0/12', 'via', CLIENT_ADDRESS);
  }

  /** Ends the link and both namespaces; no error if they are not there. */
  close(): void {
    for (const name of [this.server, this.clients]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made.
      }
    }
  }

  /** The hardware address of the server's end. */
  serverHardware(): string {
    const [link] = JSON.parse(ip('-j', '-n', this.server, 'link', 'show', SERVER_DEVICE));
    return String(link.address);
  }

  #bringUp(namespace: string, device: string, address: string): void {
    ip('-n', namespace, 'addr', 'add', `${address}/${PREFIX_LENGTH}`, 'dev', device);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'link', 'set', device, 'up');
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** UDP ports that are bound in the network namespace of a process, of whatever address. */
export function boundPorts(pid: number): ReadonlySet<number> {
  const [, ...lines] = readFileSync(`/proc/${pid}/net/udp`, 'utf8').trim().split('\n');
  return new Set(lines.map((line) => Number.parseInt(/:([0-9A-F]{4}) /.exec(line)?.[1] ?? '0', 16)));
}
