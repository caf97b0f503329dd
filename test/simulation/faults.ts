import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';
import { CALM_ETCD, type SimulatedCluster } from './etcd.ts';
import type { Gateway } from './gateway.ts';
import { FAIR, type Network } from './network.ts';

export const NODES = 3;
/** From one misfortune to the next: milliseconds. */
const LEAST = 1000;
const MOST = 9000;

export interface Victims {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly cluster: SimulatedCluster;
  readonly network: Network;
  readonly gateways: readonly [Gateway, ...Gateway[]];
  /** Told what happens. */
  readonly say: (text: string) => void;
}

/** What goes wrong beside single datagrams and calls, one thing after the other and often several at once. */
export class Faults {
  readonly #victims: Victims;
  #isOver = false;

  constructor(victims: Victims) {
    this.#victims = victims;
  }

  begin(): void {
    const { network, cluster, random } = this.#victims;
    network.weather = { lost: random.below(15), doubled: random.below(15), heldBack: random.below(15) };
    const calls = { requestLost: random.below(4), answerLost: random.below(6), late: random.below(4) };
    cluster.weather = { ...calls, lag: random.pick([10, 1000, 5000]) };
    this.#next();
  }

  /** All is mended, and stays so. */
  end(): void {
    const { network, cluster, gateways } = this.#victims;
    this.#isOver = true;
    network.weather = FAIR;
    network.cut.clear();
    cluster.weather = CALM_ETCD;
    cluster.slowUntil = 0;
    cluster.leaderAt = 0;
    for (const gateway of gateways) {
      gateway.start();
      if (gateway.link === undefined) continue;
      gateway.link.isCut = false;
      gateway.link.slowUntil = 0;
      gateway.link.gap(0);
    }
  }

  #next(): void {
    const { clock, random } = this.#victims;
    clock.after(LEAST + random.below(MOST - LEAST), () => {
      if (this.#isOver) return;
      this.#strike();
      this.#next();
    });
  }

  /** Runs something later, unless all is mended by then. */
  #later(milliseconds: number, run: () => void): void {
    this.#victims.clock.after(milliseconds, () => {
      if (!this.#isOver) run();
    });
  }

  #strike(): void {
    const { clock, random, cluster, gateways, say } = this.#victims;
    const gateway = random.pick(gateways);
    const which = random.below(100);
    if (which < 15) this.#crash(gateway);
    else if (which < 30) {
      cluster.leaderAt = clock.monotonic() + 1000 + random.below(2000);
      say('a new leader is elected');
    } else if (which < 45) this.#cutFromEtcd(gateway);
    else if (which < 58) {
      gateway.link?.gap(1000 + random.below(14_000));
      say(`${gateway.address} hears no events`);
    } else if (which < 61) gateway.link?.loseWatches();
    else if (which < 67) {
      cluster.compact();
      say('compacted');
    } else if (which < 85) {
      const isOne = random.chance(60);
      const victim = isOne ? gateway.link : cluster;
      if (victim !== undefined) victim.slowUntil = clock.monotonic() + 2000 + random.below(8000);
      say(`commits are slow${isOne ? ` at ${gateway.address}` : ''}`);
    } else this.#cutNode(random.below(NODES));
  }

  #crash(gateway: Gateway): void {
    const { random, say } = this.#victims;
    if (!gateway.isUp) return;
    gateway.crash();
    const isLost = random.chance(10);
    if (isLost) gateway.loseFile();
    say(`${gateway.address} crashes${isLost ? ', and its lease file is gone' : ''}`);
    this.#later(random.chance(50) ? random.below(1000) : random.below(30_000), () => gateway.start());
  }

  #cutFromEtcd(gateway: Gateway): void {
    const { random, say } = this.#victims;
    const { link } = gateway;
    if (link === undefined) return;
    link.isCut = true;
    say(`${gateway.address} is cut from etcd`);
    this.#later(500 + random.below(15_000), () => {
      link.isCut = false;
    });
  }

  /** A node's guests do not reach one gateway, or none, and that for most of a lease now and then. */
  #cutNode(node: number): void {
    const { random, network, gateways, say } = this.#victims;
    const isWhole = random.chance(40);
    const only = random.pick(gateways);
    const paths = gateways
      .filter((gateway) => isWhole || gateway === only)
      .map(({ address }) => `${node}/${address}`);
    for (const path of paths) network.cut.add(path);
    say(`cut: ${paths.join(' ')}`);
    this.#later(2000 + random.below(isWhole ? 110_000 : 40_000), () => {
      for (const path of paths) network.cut.delete(path);
    });
  }
}
