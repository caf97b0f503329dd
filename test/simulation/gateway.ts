import { SharingGateways } from '../../src/cli/shared-leases.ts';
import { decide } from '../../src/engine/decide.ts';
import type { Clock } from '../../src/lease/clock.ts';
import { instant } from '../../src/lease/lease.ts';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import type { Cluster } from '../../src/server/cluster.ts';
import type { Observer } from '../../src/server/observer.ts';
import { Server } from '../../src/server/server.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import type { KeptLease, MirrorStanding } from '../../src/store/mirror.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import type { Segment } from '../../src/transport/transport.ts';
import { MemoryMirror } from '../support/memory-mirror.ts';
import { at } from '../support/plan.ts';
import type { SeededRandom } from '../support/random.ts';
import { sharedStore } from '../support/shared-store.ts';
import { type Sent, SimulatedTransport } from '../support/simulated-transport.ts';
import { EtcdLink, type SimulatedCluster } from './etcd.ts';
import type { Mutation } from './mutations.ts';

export interface GatewayParts {
  readonly clock: Clock;
  /** How far the node's clock is off: milliseconds. */
  readonly skew: number;
  readonly cluster: SimulatedCluster;
  readonly random: SeededRandom;
  readonly address: string;
  readonly plan: Plan;
  readonly mutation: Mutation;
  /** Who has an address, as its hardware address; undefined: nobody. */
  readonly holderOf: (address: string) => string | undefined;
  readonly sent: (gateway: Gateway, sent: Sent) => void;
  /** Sees what becomes of all changes. */
  readonly watch: (gateway: Gateway, store: EtcdStore) => void;
  readonly broken: (error: unknown) => void;
}

/** How long the guests take to answer ARP: milliseconds. */
const ARP_ANSWER = 2;
const SILENT = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false };

/** A node with the server that runs on it now: the real one, but for its sockets, its clock and the way to etcd. */
export class Gateway {
  readonly address: string;
  readonly clock: Clock;
  readonly #parts: GatewayParts;
  /** What is in the lease file, which is behind what the process has put there. */
  #file: { readonly leases: readonly KeptLease[]; readonly standing: MirrorStanding | undefined } = {
    leases: [],
    standing: undefined,
  };
  #mirror = new MemoryMirror();
  #process: Process | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.address = parts.address;
    this.clock = skewed(parts.clock, parts.skew, () => true);
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get link(): EtcdLink | undefined {
    return this.#process?.link;
  }

  start(): void {
    if (this.isUp) return;
    this.#mirror = new MemoryMirror(this.#file.leases);
    this.#mirror.standing = this.#file.standing;
    this.#process = new Process(this, this.#parts, this.#mirror);
  }

  /** At any moment: what it has sent is on its way, all else is gone. */
  crash(): void {
    this.#process?.die();
    this.#process = undefined;
  }

  /** The lease file is as new as the process knows. */
  sync(): void {
    this.#file = { leases: this.#mirror.leases(), standing: this.#mirror.standing };
  }

  loseFile(): void {
    this.#file = { leases: [], standing: undefined };
  }

  hear(bytes: Uint8Array, source: string): void {
    this.#process?.hear(bytes, source);
  }
}

class Process {
  readonly link: EtcdLink;
  #isDead = false;
  #transport: SimulatedTransport | undefined;

  constructor(gateway: Gateway, parts: GatewayParts, mirror: MemoryMirror) {
    const { cluster, random, address, mutation, plan } = parts;
    this.link = new EtcdLink(cluster);
    const clock = skewed(parts.clock, parts.skew, () => !this.#isDead);
    const sharing = new SharingGateways();
    const openStore = (inFlight: ReadonlySet<Ipv4>) => {
      const store = sharedStore({
        ...{ clock, inFlight, mirror },
        etcd: mutation.etcd?.(this.link) ?? this.link,
        place: Number(address.split('.')[3]),
        random: () => random.below(0x1_0000_0000) / 0x1_0000_0000,
      });
      mutation.store?.(store);
      parts.watch(gateway, store);
      sharing.store = store;
      return store;
    };
    const observer: Observer = {
      decided() {},
      ordered() {},
      dropped() {},
      omitted() {},
      broken: (error) => parts.broken(error),
    };
    const server = new Server({
      clock,
      log: SILENT,
      decide: mutation.decide ?? decide,
      openStore,
      cluster: mutation.cluster?.(sharing) ?? (sharing as Cluster),
      findListenAddress: () => ({
        kind: 'found',
        warning: undefined,
        interfaceName: 'eth0',
        interfaceIndex: 2,
        listenIp: at(address),
        prefixLength: 24,
        mtu: 1500,
      }),
      openMedium: async () => {
        await sharing.store?.serveAs(at(address), { pool: 'the same' });
        const transport = new SimulatedTransport({ local: at(address), outboxCapacity: 8 });
        transport.onSent = (sent) => {
          transport.sent.length = 0;
          if (!this.#isDead) parts.sent(gateway, sent);
        };
        this.#transport = transport;
        const segment = this.#segment(clock, parts);
        return { transport, segment, lost: () => 0, close: () => transport.close() };
      },
      planOf: () => plan,
      waits: true,
      observer,
    });
    server.start().catch((error: unknown) => parts.broken(error));
  }

  die(): void {
    this.#isDead = true;
    this.link.die();
  }

  hear(bytes: Uint8Array, source: string): void {
    if (this.#transport === undefined) return;
    this.#transport.put(bytes, source === '' ? undefined : at(source));
    this.#transport.deliver();
  }

  /** ARP is as good as the segment: who has an address answers for it. */
  #segment(clock: Clock, { holderOf }: GatewayParts): Segment {
    let hear: Parameters<Segment['onHeard']>[0] = () => {};
    return {
      canAsk: true,
      ask: (address) =>
        void clock.after(ARP_ANSWER, () => {
          const holder = holderOf(ipv4ToText(address));
          const hardware = holder === undefined ? undefined : hardwareFromText(holder);
          if (hardware !== undefined) hear(address, hardware);
        }),
      onHeard: (run) => {
        hear = run;
      },
    };
  }
}

/** A node's own view of the time, which ends with the process that looks at it. */
function skewed(clock: Clock, skew: number, isAlive: () => boolean): Clock {
  return {
    now: () => instant(clock.now() + skew),
    monotonic: () => clock.monotonic(),
    after: (milliseconds, run) =>
      clock.after(milliseconds, () => {
        if (isAlive()) run();
      }),
  };
}
