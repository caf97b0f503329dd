import type { NamespaceHost } from '../namespace-host.ts';

/** The bridge of each node, as Proxmox calls it by its VNet, and the way from it to the other nodes' bridges. */
export const VNET = 'OCvpsnet';
export const TUNNEL = 'vxlan_vpsnet';
/** Less than an Ethernet's, by what a VXLAN puts around a frame. */
const MTU = 1400;

/** The address of a node's second interface, by its number in the address plan: 192.0.2.10 for the node with 10.15.3.10. */
export function tunnelEndOf(number: number): string {
  return `192.0.2.${number}`;
}

/** A network card of a guest, and its port at the bridge. */
export interface Card {
  readonly device: string;
  readonly port: string;
  readonly hardware?: string | undefined;
}

/** A node: a bridge with its own address and its guests' ports, and a way to the bridges of the other nodes. */
export class SegmentNode {
  readonly host: NamespaceHost;
  readonly number: number;
  readonly address: string;

  /** @param host with an interface on the network that joins the nodes */
  constructor(host: NamespaceHost, number: number) {
    this.host = host;
    this.number = number;
    this.address = `10.15.3.${number}`;
    // Without one of its own a bridge has the lowest of its ports' addresses, which changes when a guest is plugged in.
    const hardware = `52:54:00:15:00:${number.toString(16).padStart(2, '0')}`;
    host.ip(`link add ${VNET} address ${hardware} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
    host.ip(`addr add ${this.address}/24 dev ${VNET}`);
    host.ip(`link set ${VNET} up`);
  }

  /** The way to other nodes' bridges is a VXLAN, whose frames to all go to these places. */
  joinByVxlan(others: readonly number[]): void {
    this.host.ip(`link add ${TUNNEL} type vxlan id 7 local ${tunnelEndOf(this.number)} dstport 4789`);
    for (const other of others) {
      const words = ['append', '00:00:00:00:00:00', 'dev', TUNNEL, 'dst', tunnelEndOf(other)];
      this.host.run('bridge', 'fdb', ...words);
    }
    this.joinByTunnel();
  }

  /** The way to other nodes' bridges is an interface that is there already. */
  joinByTunnel(): void {
    for (const link of [TUNNEL, VNET]) this.host.ip(`link set ${link} mtu ${MTU} up`);
    this.host.ip(`link set ${TUNNEL} master ${VNET}`);
  }

  /** A network card of a machine, at a port of this name. */
  plugIn(guest: NamespaceHost, device: string, port: string, hardware?: string): void {
    for (const words of pluggedIn({ device, port, hardware }, guest)) this.host.ip(words);
    guest.ip(`link set ${device} mtu ${MTU} up`);
  }

  /** Any number of network cards of one machine, each at a port of its own. */
  async plugInAll(guest: NamespaceHost, cards: readonly Card[]): Promise<void> {
    await this.host.ipBatch(cards.flatMap((card) => pluggedIn(card, guest)));
    await guest.ipBatch(cards.map(({ device }) => `link set ${device} mtu ${MTU} up`));
  }

  /** Takes the port of a guest, with the guest behind it, over from another node. */
  takeOver(port: string, from: SegmentNode): void {
    from.host.ip(`link set ${port} netns ${this.host.pid}`);
    this.host.ip(`link set ${port} mtu ${MTU} master ${VNET} up`);
  }
}

/** What `ip` is told on the node. */
function pluggedIn({ device, port, hardware }: Card, { pid }: NamespaceHost): readonly string[] {
  const named = hardware === undefined ? '' : `address ${hardware} `;
  return [
    `link add ${port} type veth peer name ${device} ${named}netns ${pid}`,
    `link set ${port} master ${VNET} up`,
  ];
}
