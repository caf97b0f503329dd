import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Gateway } from './gateway.ts';
import type { Keeping } from './keeping.ts';
import { FAIR, type Network } from './network.ts';
import { STEPS } from './standstill.ts';

export const NODES = 3;
/** From one misfortune to the next: milliseconds. */
const LEAST = 1000;
const MOST = 9000;
/** A lease here, and the minute for which it is kept from others after its end: milliseconds. */
const LONGER_THAN_A_LEASE = 181_000;
/** A gateway that was started has read its leases by then: milliseconds. */
const STARTED = 1000;
const HOUR = 3_600_000;
const FIVE_DAYS = 120 * HOUR;
/** What a gateway has not heard for so long it knows that it has missed: milliseconds. */
const SHORT = 1000;

export interface Victims {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly keepings: ReadonlyMap<string, Keeping>;
  /** All guests of a node begin anew at one moment. */
  readonly resetNode: (node: number) => void;
  /** Told what happens. */
  readonly say: (text: string) => void;
}

/** What goes wrong beside single datagrams and calls, one thing after the other and often several at once. */
export abstract class Faults {
  protected readonly victims: Victims;
  #isOver = false;

  constructor(victims: Victims) {
    this.victims = victims;
  }

  begin(): void {
    const { network, random } = this.victims;
    network.weather = { lost: random.below(15), doubled: random.below(15), heldBack: random.below(15) };
    this.worsen();
    this.#next();
  }

  /** All is mended, and stays so. */
  end(): void {
    const { network, gateways } = this.victims;
    this.#isOver = true;
    network.weather = FAIR;
    network.cut.clear();
    for (const gateway of gateways) {
      gateway.standstill?.thaw();
      gateway.setClock(0);
      gateway.start();
      this.victims.clock.after(STARTED, () => gateway.trustClock());
    }
    this.mend();
  }

  /** Messages that a stranger has forged come until the world ends, though all is well: they may keep no guest waiting. */
  forgeOn(): void {}

  /** The weather of what is beside the network. */
  protected worsen(): void {}

  protected mend(): void {}

  /** The next misfortune. */
  protected abstract strike(): void;

  /** Runs something later, unless all is mended by then. */
  protected later(milliseconds: number, run: () => void): void {
    this.victims.clock.after(milliseconds, () => {
      if (!this.#isOver) run();
    });
  }

  /** `lost`: how often in a hundred the lease file is gone after it. */
  protected crash(gateway: Gateway, lost: number): void {
    const { random, say, keepings, network } = this.victims;
    if (!gateway.isUp) return;
    gateway.crash();
    network.met.delete(gateway.address);
    const isLost = random.chance(lost);
    if (isLost) keepings.get(gateway.address)?.lose();
    say(`${gateway.address} crashes${isLost ? ', and its lease file is gone' : ''}`);
    this.later(random.chance(50) ? random.below(1000) : random.below(30_000), () => gateway.start());
  }

  /** A gateway is frozen, for seconds, or for so long that what it has given may be somebody else's by then. */
  protected freeze(gateway: Gateway): void {
    const { random, say, network } = this.victims;
    if (!gateway.isUp) return;
    const step = random.pick(STEPS);
    const isLong = random.chance(40);
    const milliseconds = 500 + random.below(15_000) + (isLong ? LONGER_THAN_A_LEASE : 0);
    gateway.standstill?.freezeAt(step, milliseconds);
    if (milliseconds > SHORT) network.met.delete(gateway.address);
    say(`${gateway.address} is frozen for ${milliseconds} ms, ${step}`);
  }

  /** A node's clock is wrong by hours or days, and right again later: while its gateway runs, or between two lives of it. */
  protected setClock(gateway: Gateway): void {
    const { random, say } = this.victims;
    const error = (random.chance(50) ? 1 : -1) * (HOUR + random.below(FIVE_DAYS));
    const isAtStart = random.chance(50);
    if (isAtStart) this.restart(gateway);
    gateway.setClock(error);
    say(
      `the clock of ${gateway.address} is wrong by ${Math.round(error / HOUR)} h${isAtStart ? ', at its start' : ''}`,
    );
    this.later(random.below(random.chance(30) ? 4000 : 240_000), () => {
      if (random.chance(30)) this.restart(gateway);
      gateway.setClock(0);
      const isTold = random.chance(50);
      if (isTold) gateway.trustClock();
      say(`the clock of ${gateway.address} is right again${isTold ? ', and its operator says so' : ''}`);
    });
  }

  /** Its process ends, and another begins; the file stays. */
  protected restart(gateway: Gateway): void {
    if (gateway.isUp) {
      gateway.crash();
      this.victims.network.met.delete(gateway.address);
    }
    gateway.start();
  }

  /** A node's guests do not reach one gateway, or none, and that for most of a lease now and then. */
  protected cutNode(node: number): void {
    const { random, network, gateways, say } = this.victims;
    const isWhole = random.chance(40);
    const only = random.pick(gateways);
    const paths = gateways
      .filter((gateway) => isWhole || gateway === only)
      .map(({ address }) => `${node}/${address}`);
    for (const path of paths) network.cut.add(path);
    say(`cut: ${paths.join(' ')}`);
    this.later(2000 + random.below(isWhole ? 110_000 : 40_000), () => {
      for (const path of paths) network.cut.delete(path);
    });
  }

  #next(): void {
    const { clock, random } = this.victims;
    clock.after(LEAST + random.below(MOST - LEAST), () => {
      if (this.#isOver) return;
      this.strike();
      this.#next();
    });
  }
}
