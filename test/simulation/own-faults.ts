import { Guest } from '../support/guest.ts';
import { Faults, NODES, type Victims } from './faults.ts';
import type { Gateway } from './gateway.ts';
import type { OwnKeeping } from './own-keeping.ts';
import { ABSENT, CHANCES, INVENTED } from './world-parts.ts';

export interface OwnVictims {
  readonly keepings: ReadonlyMap<string, OwnKeeping>;
  /** Every broadcast reaches every gateway that is up. */
  readonly hearsAll: boolean;
  /** How often in a hundred the lease file is gone after a crash. */
  readonly filesLost: number;
  /** What the gateways believe of each other that they hear; none: they do not listen. */
  readonly claimable: readonly string[];
}

/** How long a commit takes at most, while the disk is slow: milliseconds. */
const SLOW = 2000;
/** How often all addresses are claimed by forged messages: milliseconds. */
const AGAIN = 30_000;
/** One more than any card has in its last three bytes. */
const CARDS = 0x1_0000;

/** What goes wrong with gateways that have a store each. */
export class OwnFaults extends Faults {
  readonly #own: OwnVictims;

  constructor(victims: Victims, own: OwnVictims) {
    super(victims);
    this.#own = own;
  }

  protected override mend(): void {
    this.victims.network.deaf.clear();
    this.victims.network.isInventedThere = false;
    for (const keeping of this.#own.keepings.values()) keeping.recover();
  }

  protected override strike(): void {
    const { random, gateways, resetNode, say } = this.victims;
    const gateway = random.pick(gateways);
    const which = random.below(100);
    if (random.chance(20)) this.freeze(gateway);
    else if (random.chance(CHANCES.wrongClocks)) this.setClock(gateway);
    else if (random.chance(8)) this.#forge();
    else if (which < 25) this.crash(gateway, this.#own.filesLost);
    else if (which < 45) {
      const node = random.below(NODES);
      say(`node ${node} has a new start`);
      resetNode(node);
    } else if (which < 60) this.#slow(gateway);
    else if (which < 75 && !this.#own.hearsAll) this.#deafen(gateway);
    else this.cutNode(random.below(NODES));
  }

  override forgeOn(): void {
    if (this.#own.claimable.length === 0) return;
    this.#claim(this.#own.claimable, ABSENT);
    this.victims.clock.after(AGAIN, () => this.forgeOn());
  }

  /** A stranger claims addresses in many names, from a gateway that is not there, or for which the stranger answers ARP. */
  #forge(): void {
    const { random, network, say } = this.victims;
    const claimed = this.#own.claimable.filter(() => random.chance(50));
    network.isInventedThere = random.chance(40);
    say(`${claimed.length} addresses are claimed${network.isInventedThere ? ', and ARP answered' : ''}`);
    this.#claim(claimed, random.pick([INVENTED, ABSENT]));
  }

  #claim(addresses: readonly string[], gateway: string): void {
    const { random, network } = this.victims;
    for (const address of addresses) {
      const card = random.below(CARDS).toString(16).padStart(4, '0');
      const stranger = new Guest(`52:54:00:0f:${card.slice(0, 2)}:${card.slice(2)}`);
      network.broadcast(random.below(NODES), stranger.select(address, gateway));
    }
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
