import { ipv4ToText } from '../../../net/ipv4.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { DEVICE } from '../segment.ts';
import { ALWAYS, type BuiltInClient, type BuiltInLease } from './built-in-client.ts';
import { BUILT_IN, type Guest, type GuestLease, type Plug } from './guest.ts';
import { GuestPort } from './guest-port.ts';
import { hardwareOf } from './scripted-guest.ts';

/** A guest with the lab's own client, at a port of its own. */
export class BuiltInGuest implements Guest {
  readonly name: string;
  readonly hardware: string;
  readonly host: NamespaceHost;
  readonly port: string;
  readonly software = BUILT_IN;
  readonly client: BuiltInClient;
  node: SegmentNode;
  readonly #port: GuestPort;
  #news: GuestLease[] = [];

  constructor({ name, hardware, host, port }: Plug, node: SegmentNode) {
    this.name = name;
    this.hardware = hardware;
    this.host = host;
    this.port = port;
    this.node = node;
    this.#port = new GuestPort(host, DEVICE);
    this.client = this.#port.plug({
      hardware: hardwareOf(hardware),
      hostname: name,
      identifier: Buffer.from(`\0machine of ${name}`),
    });
    this.client.onLease = (lease) => this.#news.push(guestLease(lease));
  }

  get lease(): GuestLease | undefined {
    const { lease } = this.client;
    return lease === undefined ? undefined : guestLease(lease);
  }

  start(): void {
    void this.client.boot(ALWAYS);
  }

  news(): readonly GuestLease[] {
    return this.#news.splice(0);
  }

  readonly renew = (): void => {
    void this.client.renew();
  };

  announceMove(): void {
    this.#port.link.moved(this.client.identity.hardware);
  }

  close(): void {
    this.#port.close();
  }
}

export function guestLease(lease: BuiltInLease): GuestLease {
  return {
    address: ipv4ToText(lease.address),
    server: ipv4ToText(lease.server),
    router: ipv4ToText(lease.router),
    dns: lease.dns.map(ipv4ToText).join(' '),
    leaseSeconds: lease.leaseSeconds,
    at: lease.at,
  };
}
