import { setTimeout as delay } from 'node:timers/promises';
import { describe } from 'vitest';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { namespacePrivilege } from '../../src/cli/lab/privileges.ts';
import { type Attachment, DEVICE, Segment } from '../../src/cli/lab/segment.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { RawClient } from './raw-client.ts';
import { describeSystem, hasLinkType, type Tool } from './system.ts';

/** The bridge of each node, as Proxmox calls it by its VNet. */
export const VNET = 'OCvpsnet';
const TUNNEL = 'vxlan_vpsnet';
/** Less than a guest is left to another gateway for: milliseconds. */
const MOMENT = 300;
/** Where the tunnels of a node end. */
const endOf = (place: number) => `192.0.2.${place}`;

/** A node: a bridge with its guests' ports, and a VXLAN to the bridges of the other nodes. */
export class TunnelledNode {
  readonly host: NamespaceHost;
  readonly address: string;
  readonly #guests: NamespaceHost[] = [];

  constructor(host: NamespaceHost, place: number) {
    this.host = host;
    this.address = `10.15.3.${place}`;
    host.ip(`link add ${VNET} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
    host.ip(`addr add ${this.address}/24 dev ${VNET}`);
    host.ip(`link add ${TUNNEL} type vxlan id 7 local ${endOf(place)} dstport 4789`);
    for (const link of [TUNNEL, VNET]) host.ip(`link set ${link} mtu 1400 up`);
    host.ip(`link set ${TUNNEL} master ${VNET}`);
  }

  /** The frames to all go to that node too. */
  reach(place: number): void {
    const words = ['append', '00:00:00:00:00:00', 'dev', TUNNEL, 'dst', endOf(place)];
    this.host.run('bridge', 'fdb', ...words);
  }

  /** A machine that is plugged in at a port of this name. */
  async plug(port: string, { hardware }: Attachment = {}): Promise<NamespaceHost> {
    const guest = await NamespaceHost.open(`guest at ${port}`);
    this.#guests.push(guest);
    this.plugIn(guest, DEVICE, port, hardware);
    return guest;
  }

  /** One more network card of a machine, at a port of this name. */
  plugIn(guest: NamespaceHost, device: string, port: string, hardware?: string): void {
    const named = hardware === undefined ? '' : `address ${hardware} `;
    this.host.ip(`link add ${port} type veth peer name ${device} ${named}netns ${guest.pid}`);
    this.host.ip(`link set ${port} master ${VNET} up`);
    // The guests of a node hear the host and the tunnel, and not each other's broadcasts: tests listen in one process.
    this.host.run('bridge', 'link', 'set', 'dev', port, 'isolated', 'on');
    guest.ip(`link set ${device} mtu 1400 up`);
  }

  /** For what plugs machines in by itself. */
  at(port: string): Pick<Segment, 'attach'> {
    return { attach: (_name, attachment) => this.plug(port, attachment) };
  }

  /** A gateway on the bridge. */
  async gateway(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const options = { directory, settings: { GATEWAY_DHCP_INTERFACE: VNET, ...settings } };
    return GatewayProcess.start(this.host, options, this.address);
  }

  async close(): Promise<void> {
    await Promise.all(this.#guests.map((guest) => guest.close()));
  }
}

/** Which servers answer the first DHCPDISCOVER of a new guest within a moment; it selects the first of them. */
async function serversOf(client: RawClient, chaddr: string): Promise<string> {
  const offer = await client.discover(chaddr);
  await delay(MOMENT);
  const servers = new Set(client.heardFor(offer.xid).map(({ source }) => source));
  await client.select(offer);
  return [...servers].sort().join(' ');
}

/** The servers that answer so many new guests at a node, without doubles. `clients`: one at each node. */
export async function answerersAt(
  clients: readonly RawClient[],
  index: number,
  first: number,
  count: number,
): Promise<string[]> {
  const client = clients[index];
  if (client === undefined) throw new Error(`no client at node ${index}`);
  const all = new Set<string>();
  for (let number = first; number < first + count; number += 1)
    all.add(await serversOf(client, `52:54:00:0${index}:00:${number.toString(16).padStart(2, '0')}`));
  return [...all];
}

/** As `describeSystem`, where the kernel has VXLAN. */
export function describeNodes(title: string, tools: readonly Tool[], body: () => void): void {
  if (namespacePrivilege() !== 'directly' || hasLinkType('vxlan')) describeSystem(title, tools, body);
  else describe.skip(`${title} [not here: this kernel has no VXLAN]`, body);
}

/** So many nodes, on one network that carries their tunnels. */
export class TunnelledNodes {
  readonly nodes: readonly TunnelledNode[];
  readonly #underlay: Segment;

  private constructor(underlay: Segment, nodes: readonly TunnelledNode[]) {
    this.#underlay = underlay;
    this.nodes = nodes;
  }

  /** @param places by the plan: 10 for the node with 10.15.3.10 */
  static async open(...places: readonly number[]): Promise<TunnelledNodes> {
    const underlay = await Segment.open('192.0.2.1/24');
    const nodes: TunnelledNode[] = [];
    for (const place of places) {
      const host = await underlay.attach(`node-${place}`, { address: `${endOf(place)}/24` });
      nodes.push(new TunnelledNode(host, place));
    }
    for (const [index, node] of nodes.entries())
      for (const [other, place] of places.entries()) if (other !== index) node.reach(place);
    return new TunnelledNodes(underlay, nodes);
  }

  /** @throws if there is none of this number */
  node(index: number): TunnelledNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#underlay.close();
  }
}
