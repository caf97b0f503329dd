import { NamespaceHost } from './namespace-host.ts';

export const ROUTER = '10.15.3.1';
/** The interface of each machine on the segment. */
export const DEVICE = 'eth0';

export interface Attachment {
  /** With its prefix length: 10.15.3.10/24. */
  readonly address?: string;
  /** 52:54:00:... */
  readonly hardware?: string;
}

/** A bridge with the router's address on it, in a machine of its own, and machines attached to it. */
export class LabSegment {
  readonly router: NamespaceHost;
  readonly #hosts: NamespaceHost[] = [];
  /** The bridge's port of each machine. */
  readonly #portOf = new Map<NamespaceHost, string>();
  #ports = 0;

  private constructor(router: NamespaceHost) {
    this.router = router;
  }

  /** @param address the router's, with its prefix length */
  static async open(address = `${ROUTER}/24`): Promise<LabSegment> {
    const router = await NamespaceHost.open('router');
    router.ip('link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0');
    router.ip(`addr add ${address} dev br0`);
    router.ip('link set br0 up');
    return new LabSegment(router);
  }

  /** A new machine with one interface on the bridge, which is up. */
  async attach(name: string, attachment: Attachment = {}): Promise<NamespaceHost> {
    const host = await NamespaceHost.open(name);
    this.#hosts.push(host);
    this.plug(host, attachment);
    return host;
  }

  /** Puts the interface of a machine (back) on the bridge. */
  plug(host: NamespaceHost, { address, hardware }: Attachment = {}): void {
    this.#ports += 1;
    const port = `port${this.#ports}`;
    const named = hardware === undefined ? '' : `address ${hardware} `;
    this.router.ip(`link add ${port} type veth peer name ${DEVICE} ${named}netns ${host.pid}`);
    this.router.ip(`link set ${port} master br0 up`);
    this.#portOf.set(host, port);
    if (address !== undefined) host.ip(`addr add ${address} dev ${DEVICE}`);
    host.ip(`link set ${DEVICE} up`);
  }

  /** Takes the carrier from a machine, or gives it back. */
  setCarrier(host: NamespaceHost, carrier: 'up' | 'down'): void {
    const port = this.#portOf.get(host);
    if (port !== undefined) this.router.ip(`link set ${port} ${carrier}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts, this.router].map((host) => host.close()));
  }
}
