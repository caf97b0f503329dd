import { Faults, NODES, type Victims } from './faults.ts';
import type { Gateway } from './gateway.ts';
import type { OwnKeeping } from './own-keeping.ts';

export interface OwnVictims {
  readonly keepings: ReadonlyMap<string, OwnKeeping>;
  /** Every broadcast reaches every gateway that is up. */
  readonly hearsAll: boolean;
  /** How often in a hundred the lease file is gone after a crash. */
  readonly filesLost: number;
}

/** How long a commit takes at most, while the disk is slow: milliseconds. */
const SLOW = 2000;

/** What goes wrong with gateways that have a store each. */
export class OwnFaults extends Faults {
  readonly #own: OwnVictims;

  constructor(victims: Victims, own: OwnVictims) {
    super(victims);
    this.#own = own;
  }

  protected override mend(): void {
    this.victims.network.deaf.clear();
    for (const keeping of this.#own.keepings.values()) keeping.recover();
  }

  protected override strike(): void {
    const { random, gateways, resetNode, say } = this.victims;
    const gateway = random.pick(gateways);
    const which = random.below(100);
    if (random.chance(20)) this.freeze(gateway);
    else if (random.chance(15)) this.setClock(gateway);
    else if (which < 25) this.crash(gateway, this.#own.filesLost);
    else if (which < 45) {
      const node = random.below(NODES);
      say(`node ${node} has a new start`);
      resetNode(node);
    } else if (which < 60) this.#slow(gateway);
    else if (which < 75 && !this.#own.hearsAll) this.#deafen(gateway);
    else this.cutNode(random.below(NODES));
  }

  #slow({ address }: Gateway): void {
    const { random, say } = this.victims;
    const keeping = this.#own.keepings.get(address);
    if (keeping === undefined) return;
    keeping.slowness = SLOW;
    say(`commits are slow at ${address}`);
    this.later(2000 + random.below(8000), () => keeping.recover());
  }

  /** It neither hears nor knows that it does not. */
  #deafen({ address }: Gateway): void {
    const { random, network, say } = this.victims;
    network.deaf.add(address);
    say(`${address} is deaf`);
    this.later(500 + random.below(30_000), () => network.deaf.delete(address));
  }
}
