import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { BuiltInGuest } from './guests/built-in-guest.ts';
import { BUILT_IN, type Guest, type GuestSoftware } from './guests/guest.ts';
import { ScriptedGuest } from './guests/scripted-guest.ts';
import type { InstalledClients } from './installed-programs.ts';
import { NamespaceHost } from './namespace-host.ts';
import { EtcdMembers, type EtcdSite, memberOn } from './nodes/etcd-members.ts';
import { NodeGateway } from './nodes/node-gateway.ts';
import { type Joining, NodeNetwork, UNDERLAY_HOST } from './nodes/node-network.ts';
import { type SegmentNode, tunnelEndOf } from './nodes/segment-node.ts';
import { DEVICE, ROUTER } from './segment.ts';

/** The first gateway's number in the address plan: 10.15.3.10. */
const FIRST_NUMBER = 10;
/** Each of the three clients, and the lab's own. */
const LEAST_GUESTS = 4;
/** Members of etcd: of three one may fail. */
const MEMBERS = 3;
/** Bytes on the disk: the journal of a gateway that shares nothing, the log of a member of etcd, and everything else. */
const ROOM = { gateway: 34e6, member: 123e6, others: 8e6 };
/** Of the guests, as Proxmox numbers them; the router is 100. */
const FIRST_ID = 101;

export interface LabSettings {
  /** An empty folder for all files. */
  readonly folder: string;
  /** What starts the program: Node's arguments up to the command's name. */
  readonly program: readonly string[];
  /** As GATEWAY_DHCP_LEASE_TIME takes it. */
  readonly leaseTime: string;
  /** How many. */
  readonly nodes: number;
  /** Leases are shared in etcd. */
  readonly etcd: boolean;
  readonly joining: Joining;
  readonly clients: InstalledClients;
}

/** Where the lease file of a node is, by its name. */
export function directoryOf(folder: string, node: string): string {
  return join(folder, node);
}

/** How many bytes the folder of a lab takes. */
export function roomOf(nodes: number, etcd: boolean): number {
  const members = nodes === 1 ? 1 : MEMBERS;
  return ROOM.others + (etcd ? members * ROOM.member : nodes * ROOM.gateway);
}

/** node-1, node-2, ... */
export function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `node-${index + 1}`);
}

/** The machines of a lab and what is installed on them; nothing is started but etcd. */
export class LabEquipment {
  readonly network: NodeNetwork;
  readonly #settings: LabSettings;
  readonly #hosts: NamespaceHost[] = [];
  guests: readonly Guest[] = [];
  gateways: readonly NodeGateway[] = [];
  etcd: EtcdMembers | undefined;

  private constructor(network: NodeNetwork, settings: LabSettings) {
    this.network = network;
    this.#settings = settings;
  }

  static async open(settings: LabSettings): Promise<LabEquipment> {
    const numbers = nodeNames(settings.nodes).map((_, index) => FIRST_NUMBER + index);
    const network = await NodeNetwork.open(numbers, settings.joining);
    const equipment = new LabEquipment(network, settings);
    try {
      await equipment.#install();
      return equipment;
    } catch (error) {
      await equipment.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.etcd?.close();
    await Promise.all(this.#hosts.map((host) => host.close()));
    await this.network.close();
  }

  async #install(): Promise<void> {
    const { nodes, etcd } = this.#settings;
    const [first] = this.network.nodes;
    if (first === undefined) return;
    if (etcd) this.etcd = new EtcdMembers(this.#sites().map(memberOn), { folder: this.#settings.folder });
    const router = await this.#machine('router', first, 'veth100i0');
    router.ip(`addr add ${ROUTER}/24 dev ${DEVICE}`);
    const count = Math.max(LEAST_GUESTS, nodes);
    this.guests = await Promise.all(Array.from({ length: count }, (_, index) => this.#guest(index)));
    this.gateways = this.network.nodes.map((node, index) => this.#gateway(node, index));
    if (this.etcd !== undefined) await this.#initCluster(this.etcd);
  }

  /** On the first three nodes. Of two nodes the third member is on the network between them; one node has one member. */
  #sites(): readonly EtcdSite[] {
    const { nodes } = this.network;
    const sites = nodes.slice(0, MEMBERS).map(({ host, number }) => ({ host, address: tunnelEndOf(number) }));
    const witness = { host: this.network.underlay, address: UNDERLAY_HOST };
    return sites.length === MEMBERS - 1 ? [...sites, witness] : sites;
  }

  async #initCluster(etcd: EtcdMembers): Promise<void> {
    await etcd.leader();
    const { status, errors, output } = (await this.gateways[0]?.command('cluster', 'init')) ?? {};
    if (status !== 0) throw new GatewayError('lab-unavailable', `cluster init: ${errors}${output}`);
  }

  async #machine(name: string, node: SegmentNode, port: string, hardware?: string): Promise<NamespaceHost> {
    const host = await NamespaceHost.open(name);
    this.#hosts.push(host);
    node.plugIn(host, DEVICE, port, hardware);
    return host;
  }

  async #guest(index: number): Promise<Guest> {
    const { clients, folder } = this.#settings;
    const { nodes } = this.network;
    const node = nodes[index % nodes.length];
    if (node === undefined) throw new Error('no node');
    const software: readonly (readonly [GuestSoftware, string])[] = [...clients.found, [BUILT_IN, '']];
    const [client, program] = software[index % software.length] ?? [BUILT_IN, ''];
    const name = `guest-${index + 1}`;
    const port = `veth${FIRST_ID + index}i0`;
    const hardware = `52:54:00:15:03:${(index + 1).toString(16).padStart(2, '0')}`;
    const plug = { name, hardware, port, host: await this.#machine(name, node, port, hardware) };
    if (client === BUILT_IN) return new BuiltInGuest(plug, node);
    return new ScriptedGuest(plug, node, client, program, folder);
  }

  #gateway(node: SegmentNode, index: number): NodeGateway {
    const { folder, program, leaseTime } = this.#settings;
    const name = `node-${index + 1}`;
    const settings = { GATEWAY_NODE_NAME: name, GATEWAY_DHCP_LEASE_TIME: leaseTime, ...this.#shared() };
    return new NodeGateway(node, { name, directory: directoryOf(folder, name), program, settings });
  }

  #shared(): Readonly<Record<string, string>> {
    if (this.etcd === undefined) return {};
    const endpoints = this.etcd.endpoints.map((endpoint) => `http://${endpoint}`).join(',');
    return { GATEWAY_ETCD_ENDPOINTS: endpoints, GATEWAY_SEGMENT: 'lab' };
  }
}
