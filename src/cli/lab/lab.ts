import { setTimeout as delay } from 'node:timers/promises';
import { BuiltInGuest } from './guests/built-in-guest.ts';
import { Crowd } from './guests/crowd.ts';
import type { Guest } from './guests/guest.ts';
import type { LabEquipment } from './lab-equipment.ts';
import type { EtcdMembers } from './nodes/etcd-members.ts';
import type { NodeGateway } from './nodes/node-gateway.ts';
import type { NodeNetwork } from './nodes/node-network.ts';
import { ROUTER } from './segment.ts';
import type { HeldLease, LabEvent, ShownNode } from './telling/lab-event.ts';
import { logEvent } from './telling/log-event.ts';

/** How often the guests' records are read: milliseconds. */
const LOOK_EVERY = 100;
/** How long the gateways may take to serve before the guests start: milliseconds. */
const START_TIME = 15_000;

/** Nodes with gateways and guests. What happens on them is told at once. */
export class Lab {
  readonly network: NodeNetwork;
  readonly gateways: readonly NodeGateway[];
  readonly guests: readonly Guest[];
  readonly crowd = new Crowd();
  /** Undefined: the gateways share nothing. */
  readonly etcd: EtcdMembers | undefined;
  readonly #equipment: LabEquipment;
  readonly #tell: (event: LabEvent) => void;
  readonly #addresses = new Map<string, string>();
  #looking: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(equipment: LabEquipment, tell: (event: LabEvent) => void) {
    this.#equipment = equipment;
    this.#tell = tell;
    this.network = equipment.network;
    this.gateways = equipment.gateways;
    this.guests = equipment.guests;
    this.etcd = equipment.etcd;
    for (const gateway of this.gateways) {
      gateway.onLine = (line) => this.#tellLine(gateway, line);
      gateway.onEnd = (how) => this.#tellEnd(gateway, how);
    }
  }

  /** Starts the gateways, and the guests when all gateways serve or the time for that is over. */
  async start(): Promise<void> {
    this.tell({
      kind: 'segment',
      router: ROUTER,
      joining: this.network.joining,
      members: this.etcd?.endpoints.length ?? 0,
      nodes: this.gateways.map((gateway) => this.#shown(gateway)),
    });
    for (const gateway of this.gateways) gateway.start();
    await Promise.all(this.gateways.map((gateway) => gateway.serves(START_TIME)));
    for (const guest of this.guests) guest.start();
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY);
  }

  /** Waits until all guests have a lease, the lab ends, or the time is over. */
  async untilAllLeased(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!this.#isEnding && Date.now() < end && this.without.length > 0) await delay(LOOK_EVERY);
  }

  tell(event: LabEvent): void {
    this.#tell(event);
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The guests that have no lease. */
  get without(): readonly string[] {
    return this.guests.filter(({ lease }) => lease === undefined).map(({ name }) => name);
  }

  /** The name of the gateway with an address: node-1. The address itself if it is no gateway of the lab. */
  nameOf(server: string): string {
    return this.gateways.find(({ address }) => address === server)?.name ?? server;
  }

  /**
   * How a shell on each node and on each guest with a name is opened from outside. Commands on a node are to reach the gateway of
   * that node, and not one that this machine itself has.
   */
  enterCommands(inUserNamespace: boolean): readonly { readonly machine: string; readonly command: string }[] {
    const how = inUserNamespace ? 'nsenter --user --preserve-credentials' : 'nsenter';
    const enter = (host: { readonly pid: number }) => `${how} --net --mount --target ${host.pid}`;
    return [
      ...this.gateways.map(({ node: { host }, directory }) => ({
        machine: host.name,
        command: `GATEWAY_DHCP_LEASES_DIR=${directory} ${enter(host)} --wd=${quoted(process.cwd())}`,
      })),
      ...this.guests.map(({ host }) => ({ machine: host.name, command: enter(host) })),
    ];
  }

  /** Who has what from whom, and the first node's lease file, read while the gateway runs. */
  tellRows(): void {
    const [gateway] = this.gateways;
    this.tell({
      kind: 'rows',
      leases: this.guests.map((guest) => this.#held(guest)),
      others: this.crowd.leased.length,
      file: gateway?.file ?? '',
      rows: (gateway?.rows() ?? []).map(({ address, mac, hostname, state, expires }) => ({
        address,
        mac,
        hostname,
        state,
        expires,
      })),
    });
  }

  end(): void {
    this.#isEnding = true;
  }

  /** Stops the gateways as an operator would, then everything else. */
  async close(): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#looking);
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    for (const guest of this.guests) guest.close();
    await this.crowd.close();
    await this.#equipment.close();
  }

  #shown({ name, node, address }: NodeGateway): ShownNode {
    const guests = this.guests.filter((guest) => guest.node === node);
    const shown = guests.map(({ name, software, hardware, port }) => ({
      name,
      client: software,
      hardware,
      port,
    }));
    return { name, address, guests: shown };
  }

  #held(guest: Guest): HeldLease {
    const { name, node, software, hardware, lease } = guest;
    return {
      guest: name,
      node: this.nameOf(node.address),
      client: software,
      hardware,
      address: lease?.address,
      from: lease === undefined ? undefined : this.nameOf(lease.server),
    };
  }

  #look(): void {
    for (const guest of this.guests) {
      for (const { address, server, router, dns, leaseSeconds, at } of guest.news()) {
        const isNew = this.#addresses.get(guest.name) !== address;
        this.#addresses.set(guest.name, address);
        const told = { address, router, dns, leaseSeconds, at, isNew, from: this.nameOf(server) };
        this.tell({ kind: 'lease', guest: guest.name, client: guest.software, ...told });
      }
    }
  }

  #tellLine({ name }: NodeGateway, line: string): void {
    const event = logEvent(line, name, this.guests);
    if (event !== undefined) this.tell(event);
  }

  #tellEnd({ name }: NodeGateway, how: string): void {
    if (this.#isEnding) return;
    const text = `the gateway ended with ${how}`;
    this.tell({ kind: 'gateway', at: Date.now(), node: name, level: 'error', text, fields: {} });
    this.end();
  }
}

/** The guests with the lab's own client: orders can have it renew or rebind. */
export function builtInGuests({ guests }: Pick<Lab, 'guests'>): readonly BuiltInGuest[] {
  return guests.filter((guest) => guest instanceof BuiltInGuest);
}

/** A path as a word of a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
