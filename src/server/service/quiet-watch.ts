import { currentAt } from '../../allocation/availability.ts';
import { goesFirst } from '../../allocation/gateway-rank.ts';
import type { MissedTraffic } from '../../detection/missed-traffic.ts';
import type { Peers } from '../../detection/peers.ts';
import { FOLLOWED, type LeaseFacts, QUIET_FOR, QuietAddresses } from '../../detection/quiet-addresses.ts';
import { QuietLap } from '../../detection/quiet-lap.ts';
import type { ClusterPeers } from '../../engine/decision/decision.ts';
import type { Clock } from '../../lease/clock.ts';
import type { Version } from '../../lease/lease.ts';
import type { AddressRange, LeaseView } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { ANYBODY, mayHave } from '../../subnet/may-have.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { SegmentArp } from '../../transport/transport.ts';

/** What of the server's memory shows it. */
export interface QuietMemory {
  readonly store: { readonly leases: LeaseView };
  readonly missedTraffic: Pick<MissedTraffic, 'gaps'>;
  readonly peers: Pick<Peers, 'peers' | 'changeCount'>;
  readonly clusterPeers: ClusterPeers | undefined;
}

/** Which addresses are asked for ahead of need, by plan, leases and the other gateways; and what makes all be asked anew. */
export class QuietWatch {
  readonly lap: QuietLap;
  readonly #memory: QuietMemory;
  readonly #clock: Clock;
  #plan: Plan;
  /** Other gateways that share the leases, when they were looked at last. */
  #live: ReadonlySet<Ipv4> = new Set();
  /** How often another gateway has come, or come back. */
  #arrivals = 0;

  constructor(memory: QuietMemory, arp: SegmentArp, clock: Clock, plan: Plan) {
    this.#memory = memory;
    this.#clock = clock;
    this.#plan = plan;
    const { missedTraffic, peers, store } = memory;
    const epoch = () => missedTraffic.gaps + peers.changeCount + this.#arrivals;
    this.lap = new QuietLap({ arp, clock, leases: store.leases, epoch });
    this.#begin(plan);
  }

  /** Another plan takes effect. What is known of addresses stays, unless the pools are others now. */
  follow(plan: Plan): void {
    const before = this.#plan;
    this.#plan = plan;
    const isOther = !isSame(before.subnet.pools, plan.subnet.pools);
    if (isOther || before.probeMilliseconds === 0 || plan.probeMilliseconds === 0) this.#begin(plan);
  }

  /** Twice a second. */
  beat(): void {
    const live = this.#memory.clusterPeers?.live ?? this.#live;
    for (const gateway of live) if (!this.#live.has(gateway)) this.#arrivals += 1;
    this.#live = new Set(live);
    this.lap.beat();
  }

  /** A client asks a server for an address. To be called before the peers are told. */
  noteRequest(server: Ipv4, address: Ipv4): void {
    if (server === this.#plan.serverIdentifier) return;
    this.lap.claim(address);
    const last = this.#memory.peers.peers.get(server);
    if (last !== undefined && this.#clock.now() - last >= QUIET_FOR) this.#arrivals += 1;
  }

  #begin({ probeMilliseconds, subnet }: Plan): void {
    this.lap.follow(probeMilliseconds === 0 ? undefined : new QuietAddresses(subnet.pools, this.#facts()));
  }

  #facts(): LeaseFacts {
    return {
      versionAt: (address) => this.#memory.store.leases.recordAt(address)?.version ?? 0,
      freeSince: (address) => this.#freeSince(address),
      isWanted: (address) => this.#isWanted(address),
    };
  }

  #freeSince(address: Ipv4): Version | undefined {
    const current = currentAt(this.#memory.store.leases, address, this.#clock.now());
    if (current === undefined) return 0;
    return current.state === 'free' ? current.version : undefined;
  }

  #isWanted(address: Ipv4): boolean {
    const { serverIdentifier: self, subnet } = this.#plan;
    const { clusterPeers, peers } = this.#memory;
    const entitlement = mayHave(subnet, ANYBODY, address);
    // In a pool larger than FOLLOWED a slot follows one address of many: it must be one that anybody may have.
    const isFollowed = entitlement === 'reserved' && sizeOf(subnet.pools) <= FOLLOWED;
    if (entitlement !== 'lease' && !isFollowed) return false;
    if (clusterPeers?.live.has(address) === true) return false;
    if (peers.peers.size > 0 && !goesFirst(self, address, peers.peers.keys())) return false;
    return clusterPeers === undefined || goesFirst(self, address, clusterPeers.live);
  }
}

function sizeOf(pools: readonly AddressRange[]): number {
  return pools.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function isSame(one: readonly AddressRange[], other: readonly AddressRange[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ first, last }, index) => first === other[index]?.first && last === other[index]?.last)
  );
}
