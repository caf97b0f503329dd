import { spawnSync } from 'node:child_process';
import type { NamespaceHost } from '../namespace-host.ts';
import { LabSegment } from '../segment.ts';
import { SegmentNode, TUNNEL, tunnelEndOf } from './segment-node.ts';

/** The address of the machine that is the network between the nodes. */
export const UNDERLAY_HOST = '192.0.2.1';
const FABRIC = 'fabric';

/** What joins the nodes' bridges. veth: a bridge between them, for a kernel without VXLAN. */
export type Joining = 'vxlan' | 'veth';

/** Nodes, and the network between them that carries their tunnels: each has a second interface on it. */
export class NodeNetwork<Node extends SegmentNode = SegmentNode> {
  readonly nodes: readonly Node[];
  readonly joining: Joining;
  readonly #underlay: LabSegment;

  private constructor(underlay: LabSegment, nodes: readonly Node[], joining: Joining) {
    this.#underlay = underlay;
    this.nodes = nodes;
    this.joining = joining;
  }

  /** @param numbers The nodes' numbers in the address plan: 10 for the node with 10.15.3.10. */
  static open(numbers: readonly number[], joining?: Joining): Promise<NodeNetwork> {
    return NodeNetwork.of(numbers, (host, number) => new SegmentNode(host, number), joining);
  }

  /** The same with nodes of a kind of their own. */
  static async of<Node extends SegmentNode>(
    numbers: readonly number[],
    nodeOf: (host: NamespaceHost, number: number) => Node,
    joining: Joining = 'vxlan',
  ): Promise<NodeNetwork<Node>> {
    const underlay = await LabSegment.open(`${UNDERLAY_HOST}/24`);
    const attached = numbers.map(async (number) => {
      const host = await underlay.attach(`node-${number - 9}`, { address: `${tunnelEndOf(number)}/24` });
      return nodeOf(host, number);
    });
    const network = new NodeNetwork(underlay, await Promise.all(attached), joining);
    network.#join();
    return network;
  }

  /** The machine that the nodes' network is on. */
  get underlay(): NamespaceHost {
    return this.#underlay.router;
  }

  /** Cuts a node off from all others: the tunnel, and everything else between nodes. */
  cut(node: Node): void {
    this.#setCarrier(node, 'down');
  }

  mend(node: Node): void {
    this.#setCarrier(node, 'up');
  }

  close(): Promise<void> {
    return this.#underlay.close();
  }

  #setCarrier(node: Node, carrier: 'up' | 'down'): void {
    this.#underlay.setCarrier(node.host, carrier);
    if (this.joining === 'veth') this.underlay.ip(`link set ${FABRIC}${node.number} ${carrier}`);
  }

  #join(): void {
    if (this.joining === 'vxlan') {
      for (const node of this.nodes) {
        const others = this.nodes.map(({ number }) => number).filter((number) => number !== node.number);
        node.joinByVxlan(others);
      }
      return;
    }
    this.underlay.ip(`link add ${FABRIC} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
    this.underlay.ip(`link set ${FABRIC} up`);
    for (const node of this.nodes) {
      const port = `${FABRIC}${node.number}`;
      this.underlay.ip(`link add ${port} type veth peer name ${TUNNEL} netns ${node.host.pid}`);
      this.underlay.ip(`link set ${port} master ${FABRIC} up`);
      node.joinByTunnel();
    }
  }
}

/** What this kernel has. */
export function joiningOfKernel(): Joining {
  const words = ['--net', 'ip', 'link', 'add', 'tried0', 'type', 'vxlan', 'id', '7', 'dstport', '4789'];
  return spawnSync('unshare', words).status === 0 ? 'vxlan' : 'veth';
}
