import type { HardwareAddress } from '../../../net/hardware-address.ts';
import { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import type { BuiltInClient, BuiltInLease, GuestIdentity } from './built-in-client.ts';
import { GuestPort } from './guest-port.ts';

/** 52:54:01:00:00:01 and on. */
const FIRST_HARDWARE = 0x525401000001;
/** veth10001i0 is the first one on the node with 10.15.3.10. */
const NUMBERS_OF_A_NODE = 1000;

/** All guests without names of a node are in one machine, each with a network card and a port of its own. */
interface GuestMachine {
  readonly host: NamespaceHost;
  readonly ports: GuestPort[];
  /** How many ports there are, with those that are being made. */
  made: number;
}

/** Any number of guests beside those with names; all have the built-in client. */
export class Crowd {
  readonly #machines = new Map<SegmentNode, GuestMachine>();
  /** Of the last boot. */
  #booted: readonly BuiltInClient[] = [];
  #made = 0;
  #isClosed = false;

  /** Makes a machine for guests on each of these nodes. */
  async open(nodes: readonly SegmentNode[]): Promise<void> {
    const opened = nodes.map(async (node) => {
      const host = await NamespaceHost.open(`guests of ${node.address}`);
      this.#machines.set(node, { host, ports: [], made: 0 });
    });
    await Promise.all(opened);
  }

  /** All that have a lease. */
  get leased(): readonly (BuiltInClient & { readonly lease: BuiltInLease })[] {
    const ports = [...this.#machines.values()].flatMap((machine) => machine.ports);
    return ports.map(({ client }) => client).filter(hasLease);
  }

  /**
   * A guest that was never there, at a node; it does nothing yet. Release it when it is no longer needed.
   *
   * @throws Error if no guest can be plugged in there.
   */
  async newcomer(node: SegmentNode, identity: Partial<GuestIdentity> = {}): Promise<BuiltInClient> {
    const [client] = await this.#newcomers(node, 1, identity);
    if (client === undefined) throw new Error('no guest can be plugged in on this node');
    return client;
  }

  /** So many guests, spread over the nodes. They replace those of the last call. */
  async gather(count: number): Promise<readonly BuiltInClient[]> {
    for (const client of this.#booted) client.release();
    const nodes = [...this.#machines.keys()];
    const gathered = nodes.map((node, index) =>
      this.#newcomers(node, Math.ceil((count - index) / nodes.length), {}),
    );
    this.#booted = (await Promise.all(gathered)).flat();
    return this.#booted;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const machines = [...this.#machines.values()];
    for (const port of machines.flatMap(({ ports }) => ports)) port.close();
    await Promise.all(machines.map(({ host }) => host.close()));
  }

  async #newcomers(
    node: SegmentNode,
    count: number,
    identity: Partial<GuestIdentity>,
  ): Promise<readonly BuiltInClient[]> {
    const machine = this.#machines.get(node);
    if (machine === undefined || this.#isClosed) return [];
    // Free ports are taken before the wait below: another call may look for them meanwhile.
    const free = machine.ports.filter(({ isFree }) => isFree).slice(0, count);
    const clients = free.map((port) => this.#plugged(port, identity));
    const added = await addedPorts(node, machine, count - free.length);
    if (this.#isClosed) {
      for (const port of added) port.close();
      return [];
    }
    clients.push(...added.map((port) => this.#plugged(port, identity)));
    machine.ports.push(...added);
    return clients;
  }

  #plugged(port: GuestPort, identity: Partial<GuestIdentity>): BuiltInClient {
    const hardware = (FIRST_HARDWARE + this.#made) as HardwareAddress;
    this.#made += 1;
    return port.plug({ hardware, hostname: `crowd-${this.#made}`, ...identity });
  }
}

async function addedPorts(
  node: SegmentNode,
  machine: GuestMachine,
  count: number,
): Promise<readonly GuestPort[]> {
  if (count <= 0) return [];
  const first = machine.made + 1;
  machine.made += count;
  const cards = Array.from({ length: count }, (_, index) => ({
    device: `card${first + index}`,
    port: `veth${node.number * NUMBERS_OF_A_NODE + first + index}i0`,
  }));
  await node.plugInAll(machine.host, cards);
  return cards.map(({ device }) => new GuestPort(machine.host, device));
}

function hasLease(
  client: BuiltInClient | undefined,
): client is BuiltInClient & { readonly lease: BuiltInLease } {
  return client?.lease !== undefined;
}
