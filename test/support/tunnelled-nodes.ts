import { setTimeout as delay } from 'node:timers/promises';
import { describe } from 'vitest';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { NodeNetwork } from '../../src/cli/lab/nodes/node-network.ts';
import { SegmentNode, VNET } from '../../src/cli/lab/nodes/segment-node.ts';
import { namespacePrivilege } from '../../src/cli/lab/privileges.ts';
import { type Attachment, DEVICE, type LabSegment } from '../../src/cli/lab/segment.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { RawClient } from './raw-client.ts';
import { describeSystem, hasLinkType, type Tool } from './system.ts';

/** Less than a guest is left to another gateway for: milliseconds. */
const MOMENT = 300;

/** A node with its guests, which hear the host and the tunnel, and not each other's broadcasts: tests listen in one process. */
export class TunnelledNode extends SegmentNode {
  readonly #guests: NamespaceHost[] = [];

  /** A machine that is plugged in at a port of this name. */
  async plug(port: string, { hardware }: Attachment = {}): Promise<NamespaceHost> {
    const guest = await NamespaceHost.open(`guest at ${port}`);
    this.#guests.push(guest);
    this.plugIn(guest, DEVICE, port, hardware);
    return guest;
  }

  override plugIn(guest: NamespaceHost, device: string, port: string, hardware?: string): void {
    super.plugIn(guest, device, port, hardware);
    this.host.run('bridge', 'link', 'set', 'dev', port, 'isolated', 'on');
  }

  /** For what plugs machines in by itself. */
  at(port: string): Pick<LabSegment, 'attach'> {
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
  readonly #network: NodeNetwork<TunnelledNode>;

  private constructor(network: NodeNetwork<TunnelledNode>) {
    this.#network = network;
    this.nodes = network.nodes;
  }

  /** @param places by the plan: 10 for the node with 10.15.3.10 */
  static async open(...places: readonly number[]): Promise<TunnelledNodes> {
    return new TunnelledNodes(await NodeNetwork.of(places, (host, place) => new TunnelledNode(host, place)));
  }

  /** @throws if there is none of this number */
  node(index: number): TunnelledNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#network.close();
  }
}
