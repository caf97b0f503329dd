import { CALM_ETCD, type SimulatedCluster } from './etcd.ts';
import type { EtcdKeeping } from './etcd-keeping.ts';
import { Faults, NODES, type Victims } from './faults.ts';
import type { Gateway } from './gateway.ts';

export interface EtcdVictims {
  readonly cluster: SimulatedCluster;
  readonly keepings: ReadonlyMap<string, EtcdKeeping>;
}

/** What goes wrong with gateways that share their leases in etcd. */
export class EtcdFaults extends Faults {
  readonly #cluster: SimulatedCluster;
  readonly #keepings: EtcdVictims['keepings'];

  constructor(victims: Victims, { cluster, keepings }: EtcdVictims) {
    super(victims);
    this.#cluster = cluster;
    this.#keepings = keepings;
  }

  protected override worsen(): void {
    const { random } = this.victims;
    const calls = { requestLost: random.below(4), answerLost: random.below(6), late: random.below(4) };
    this.#cluster.weather = { ...calls, lag: random.pick([10, 1000, 5000]) };
  }

  protected override mend(): void {
    this.#cluster.weather = CALM_ETCD;
    this.#cluster.slowUntil = 0;
    this.#cluster.leaderAt = 0;
    for (const { link } of this.#keepings.values()) {
      if (link === undefined) continue;
      link.isCut = false;
      link.slowUntil = 0;
      link.gap(0);
    }
  }

  protected override strike(): void {
    const { clock, random, gateways, say } = this.victims;
    const gateway = random.pick(gateways);
    const link = this.#linkOf(gateway);
    const which = random.below(100);
    if (random.chance(20)) this.freeze(gateway);
    else if (random.chance(15)) this.setClock(gateway);
    else if (which < 15) this.crash(gateway, 10);
    else if (which < 30) {
      this.#cluster.leaderAt = clock.monotonic() + 1000 + random.below(2000);
      say('a new leader is elected');
    } else if (which < 45) this.#cutFromEtcd(gateway);
    else if (which < 58) {
      link?.gap(1000 + random.below(14_000));
      say(`${gateway.address} hears no events`);
    } else if (which < 61) link?.loseWatches();
    else if (which < 67) {
      // A gateway may just have done so.
      if (this.#cluster.compacted < this.#cluster.revision) this.#cluster.compact();
      say('compacted');
    } else if (which < 85) {
      const isOne = random.chance(60);
      const victim = isOne ? link : this.#cluster;
      if (victim !== undefined) victim.slowUntil = clock.monotonic() + 2000 + random.below(8000);
      say(`commits are slow${isOne ? ` at ${gateway.address}` : ''}`);
    } else this.cutNode(random.below(NODES));
  }

  #cutFromEtcd(gateway: Gateway): void {
    const { random, say } = this.victims;
    const link = this.#linkOf(gateway);
    if (link === undefined) return;
    link.isCut = true;
    say(`${gateway.address} is cut from etcd`);
    this.later(500 + random.below(15_000), () => {
      link.isCut = false;
    });
  }

  #linkOf({ address }: Gateway) {
    return this.#keepings.get(address)?.link;
  }
}
