import { join } from 'node:path';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../../net/hardware-address.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { DEVICE } from '../segment.ts';
import { DhcpLink } from './dhcp-link.ts';
import type { Guest, GuestLease, Plug } from './guest.ts';
import { type ClientName, GuestClient, type GuestEvent, isLease } from './guest-client.ts';

const LEASE_IS_OVER = /^(expire|fail|nak|deconfig|stop)$/i;

/** A guest with one of the clients of distributions, which tells a script what it is leased. */
export class ScriptedGuest implements Guest {
  readonly name: string;
  readonly hardware: string;
  readonly host: NamespaceHost;
  readonly port: string;
  readonly software: ClientName;
  readonly renew?: () => void;
  node: SegmentNode;
  lease: GuestLease | undefined;
  readonly #process: GuestClient;
  /** Of its client's events, how many were looked at. */
  #seen = 0;

  /** @param program the path of the client */
  constructor(plug: Plug, node: SegmentNode, software: ClientName, program: string, folder: string) {
    this.name = plug.name;
    this.hardware = plug.hardware;
    this.host = plug.host;
    this.port = plug.port;
    this.node = node;
    this.software = software;
    this.#process = new GuestClient(software, program, plug.host, join(folder, plug.name));
    if (software === 'udhcpc') this.renew = () => this.#process.signal('SIGUSR1');
  }

  start(): void {
    this.#process.start();
  }

  news(): readonly GuestLease[] {
    const events = this.#process.events();
    const leases: GuestLease[] = [];
    for (const event of events.slice(this.#seen)) {
      if (isLease(event)) leases.push(guestLease(event));
      else if (LEASE_IS_OVER.test(event.event)) this.lease = undefined;
      this.lease = leases.at(-1) ?? this.lease;
    }
    this.#seen = events.length;
    return leases;
  }

  announceMove(): void {
    const link = new DhcpLink(this.host, DEVICE, { holderOf: () => undefined });
    link.moved(hardwareOf(this.hardware));
    link.close();
  }

  close(): void {}
}

/** Of an address that this program has made. */
export function hardwareOf(text: string): HardwareAddress {
  return hardwareFromText(text) ?? NO_HARDWARE;
}

function guestLease({ address, server, router, dns, leaseSeconds }: GuestEvent): GuestLease {
  return { address, server, router, dns, leaseSeconds: Number(leaseSeconds), at: Date.now() };
}
