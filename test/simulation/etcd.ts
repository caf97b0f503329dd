import type { Clock } from '../../src/lease/clock.ts';
import {
  type Alarm,
  type AskedMember,
  type Etcd,
  EtcdError,
  type MemberStatus,
  type RangeOptions,
  type RangeResult,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchListener,
} from '../../src/store/etcd/client/etcd.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Standstill } from './standstill.ts';
import { WatchLink } from './watch-link.ts';

/** Every call ends by then: milliseconds. */
const DEADLINE = 1000;

/** What goes wrong by itself: how often in a hundred calls, and how late. */
export interface EtcdWeather {
  readonly requestLost: number;
  readonly answerLost: number;
  /** It lands seconds later, when its caller has given it up. */
  readonly late: number;
  /** Events take up to so long: milliseconds. */
  readonly lag: number;
}

export const CALM_ETCD: EtcdWeather = { requestLost: 0, answerLost: 0, late: 0, lag: 10 };

/** The cluster: its majority has one store, its members come and go, and its leases end keys with their owners. */
export class SimulatedCluster extends MemoryCluster {
  weather = CALM_ETCD;
  /** Until then there is no leader, and nobody is answered. */
  leaderAt = 0;
  /** Until then commits take up to two seconds. */
  slowUntil = 0;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly #leases = new Map<string, number>();
  #granted = 0;

  constructor(clock: Clock, random: SeededRandom) {
    super();
    this.clock = clock;
    this.random = random;
    this.#reap();
  }

  grant(seconds: number): string {
    this.#granted += 1;
    const id = String(this.#granted);
    this.#leases.set(id, this.clock.monotonic() + seconds * 1000);
    return id;
  }

  /** False: it has ended. */
  prolong(id: string, seconds: number): boolean {
    if (!this.#leases.has(id)) return false;
    this.#leases.set(id, this.clock.monotonic() + seconds * 1000);
    return true;
  }

  revoke(id: string): void {
    this.#leases.delete(id);
    const orphans = [...this.keys.values()].filter(({ etcdLease }) => etcdLease === id);
    const success = orphans.map(({ key }) => ({ kind: 'delete', key }) as const);
    if (success.length > 0) this.transact({ compare: [], success, failure: [] });
  }

  /** Once a second, while there is a leader. */
  #reap(): void {
    this.clock.after(1000, () => {
      this.#reap();
      const now = this.clock.monotonic();
      if (now < this.leaderAt) return;
      for (const [id, end] of this.#leases) if (end <= now) this.revoke(id);
    });
  }
}

/** One process's way to the cluster. */
export class EtcdLink implements Etcd {
  /** Nothing gets through, either way. */
  isCut = false;
  /** Its process has died: what it has sent may still happen, and nobody hears the answer. */
  isDead = false;
  /** Until then what this process commits takes up to two seconds. */
  slowUntil = 0;
  /** Of its process: what comes back waits while it is stopped. */
  readonly standstill: Standstill;
  readonly #cluster: SimulatedCluster;
  readonly #watches = new Set<WatchLink>();
  /** Until then no event arrives. */
  #gapUntil = 0;

  constructor(cluster: SimulatedCluster, standstill: Standstill) {
    this.#cluster = cluster;
    this.standstill = standstill;
  }

  transact(transaction: Transaction): Promise<TransactionResult> {
    return this.#call(() => this.#cluster.transact(transaction));
  }

  range(first: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    return this.#call(() => this.#cluster.range(first, end, options));
  }

  watch(prefix: string, from: number, listener: WatchListener): Watch {
    const link = new WatchLink(this.#cluster, this, prefix, from, listener);
    this.#watches.add(link);
    return {
      close: () => {
        this.#watches.delete(link);
        link.close();
      },
    };
  }

  grantEtcdLease(seconds: number): Promise<string> {
    return this.#call(() => this.#cluster.grant(seconds));
  }

  keepAlive(etcdLease: string): Promise<boolean> {
    return this.#call(() => this.#cluster.prolong(etcdLease, 10));
  }

  revokeEtcdLease(etcdLease: string): Promise<void> {
    return this.#call(() => this.#cluster.revoke(etcdLease));
  }

  status(): Promise<MemberStatus> {
    return this.#call(() => this.#cluster.memberStatus());
  }

  async statuses(): Promise<readonly AskedMember[]> {
    const status = await this.status().catch(() => undefined);
    return [{ endpoint: status?.endpoint ?? '', status, roundTrip: 0 }];
  }

  alarms(): Promise<readonly Alarm[]> {
    return this.#call(() => this.#cluster.alarms);
  }

  compact(revision: number): Promise<void> {
    return this.#call(() => this.#cluster.compact(revision));
  }

  close(): void {}

  get gapUntil(): number {
    return this.#gapUntil;
  }

  /** The watch stands still for so long: milliseconds. */
  gap(milliseconds: number): void {
    this.#gapUntil = this.#cluster.clock.monotonic() + milliseconds;
  }

  loseWatches(): void {
    for (const watch of [...this.#watches]) watch.end('the member is gone');
    this.#watches.clear();
  }

  die(): void {
    this.isDead = true;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  #call<Result>(run: () => Result): Promise<Result> {
    const { clock, random, weather } = this.#cluster;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (say: () => void) =>
        this.standstill.wake('store', () => {
          if (isOver || this.isDead) return;
          isOver = true;
          cancel();
          say();
        });
      const cancel = clock.after(DEADLINE, () =>
        end(() => reject(new EtcdError('unknown', 'no answer in time'))),
      );
      // A process that was stopped and then died sends nothing any more.
      if (this.isDead || this.isCut || random.chance(weather.requestLost)) return;
      const answersNever = random.chance(weather.answerLost);
      const answer = (give: () => void) => {
        clock.after(1 + random.below(3), () => {
          if (!this.isCut && !answersNever) end(give);
        });
      };
      const happen = () => {
        try {
          const result = run();
          answer(() => resolve(result));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      clock.after(this.#untilCommit(), happen);
    });
  }

  /** Milliseconds from the sending of a request until it has happened. */
  #untilCommit(): number {
    const { clock, random, weather, leaderAt } = this.#cluster;
    const slowUntil = Math.max(this.slowUntil, this.#cluster.slowUntil);
    const now = clock.monotonic();
    const waits = Math.max(0, leaderAt - now); // A member keeps it for the next leader, though its caller gives up.
    if (random.chance(weather.late)) return waits + DEADLINE + random.below(8000);
    return waits + (now < slowUntil ? 50 + random.below(1500) : 1 + random.below(4));
  }
}
