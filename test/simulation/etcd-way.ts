import { MemoryCluster } from '../support/memory-etcd.ts';
import { range, segment } from '../support/plan.ts';
import { beginSegment } from '../support/shared-store.ts';
import { SimulatedCluster } from './etcd.ts';
import { EtcdFaults } from './etcd-faults.ts';
import { EtcdKeeping } from './etcd-keeping.ts';
import { EtcdRecords, endOf } from './etcd-records.ts';
import type { Faults, Victims } from './faults.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Mutation } from './mutations.ts';
import type { Operator, OperatorParts } from './operator.ts';
import { ReservingOperator } from './reserving-operator.ts';
import type { Way } from './way.ts';
import { GATEWAYS, LEASE_TIMES, SKEW, type WorldParts } from './world-parts.ts';

/** Fewer than guests: addresses change hands. */
const POOL = range('10.15.3.20', '10.15.3.29');
const GRACE = 60_000;

/** The gateways share their leases in etcd: no address for two, whatever goes wrong. */
export class EtcdWay implements Way {
  readonly cluster: SimulatedCluster;
  readonly keepings: ReadonlyMap<string, EtcdKeeping>;
  readonly hasArp: boolean;
  readonly hearsAll = false;
  readonly guests = 13;
  readonly strangers = 0;
  readonly addresses = 10;
  /** A lease, the grace, what the clocks differ by, and a retransmission. */
  readonly recovery = LEASE_TIMES.maximum * 1000 + GRACE + 2 * SKEW + 30_000;
  readonly #parts: WorldParts;
  readonly #records: EtcdRecords;

  constructor(parts: WorldParts, mutation: Mutation) {
    const { clock, random, fault } = parts;
    this.#parts = parts;
    this.hasArp = random.chance(40);
    const cluster = new SimulatedCluster(clock, random);
    cluster.isBlind = mutation.isBlind === true;
    const records = new EtcdRecords(cluster, fault);
    this.cluster = cluster;
    this.#records = records;
    this.keepings = new Map(
      GATEWAYS.map((address) => [address, new EtcdKeeping(address, { cluster, random, records, mutation })]),
    );
  }

  planOf() {
    return { subnet: segment({ pools: [POOL], leaseTimes: LEASE_TIMES }), peers: new Set<never>() };
  }

  open(): Promise<void> {
    return beginSegment(MemoryCluster.prototype.connect.call(this.cluster));
  }

  faults(victims: Victims): Faults {
    return new EtcdFaults(victims, this);
  }

  isClone(index: number): boolean {
    return this.hasArp && index < 2;
  }

  /** Clones are told apart by it. */
  maySilence(index: number): boolean {
    return !this.isClone(index);
  }

  replied(): void {}

  shared(guest: SimulatedGuest, other: SimulatedGuest): void {
    if (other.lateReleases.isUndone && !other.isOn) return;
    this.#parts.fault(
      `${guest.address} is ${other.mac}'s and ${guest.mac}'s, by ${other.server} and ${guest.server}`,
    );
  }

  refused(guest: SimulatedGuest, server: string): void {
    if (guest.holds && !guest.lateReleases.isUndone)
      this.#parts.fault(`${server} has refused ${guest.mac} its valid ${guest.address}`);
  }

  operator(parts: OperatorParts): Operator | undefined {
    return parts.seed % 3 === 1 ? new ReservingOperator(parts) : undefined;
  }

  isKept(address: string): boolean {
    return this.#records.isKept(address);
  }

  reservedFor(hardware: number): string | undefined {
    return this.#records.reservedFor(hardware);
  }

  isQuarantined(address: string): boolean {
    return this.#records.wasQuarantined(address, this.#parts.clock.now() - LEASE_TIMES.maximum * 1000);
  }

  quarantined(): number {
    const now = this.#parts.clock.now();
    return this.#records
      .newest()
      .filter(([, record]) => record.state === 'declined' && endOf(record) + GRACE > now).length;
  }

  /** No lease that is over stands in the way of others. */
  checkEnd(): void {
    const { clock, fault } = this.#parts;
    for (const [address, record] of this.#records.newest()) {
      const isOverdue = record.state === 'bound' && endOf(record) + GRACE + 5000 < clock.now();
      if (isOverdue) fault(`${address} was never freed`);
    }
  }
}
