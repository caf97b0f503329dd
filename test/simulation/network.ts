import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';

/** How often in a hundred datagrams; what is held back arrives up to five seconds late. */
export interface Weather {
  readonly lost: number;
  readonly doubled: number;
  readonly heldBack: number;
}

export const FAIR: Weather = { lost: 0, doubled: 0, heldBack: 0 };
/** Milliseconds. */
const LATEST = 5000;
/**
 * The 50 ms that a gateway listens for rivals bear it that one hears a broadcast so much later than another: the one may
 * grant at the end of its 50 ms what the other has let go at the end of its own. Milliseconds.
 */
const SOON = 20;

/** What hears datagrams for port 67. */
export interface Listener {
  readonly address: string;
  /** `source`: '' for a client without an address, which has sent it by broadcast. False: nobody listens. */
  hear(bytes: Uint8Array, source: string): boolean;
}

/** The segment across all nodes: a datagram may be lost, come twice, late, or after what was sent later. */
export class Network {
  weather: Weather = FAIR;
  /** 'node/gateway': between guests on that node and that gateway nothing passes, either way. */
  readonly cut = new Set<string>();
  /** Every broadcast reaches every gateway soon, whatever the weather is. */
  hearsAll = false;
  /** Gateways that have heard of another one since they started. */
  readonly met = new Set<string>();
  /** Gateways that hear nothing. */
  readonly deaf = new Set<string>();
  /** The address of a gateway that somebody has made up answers ARP: its maker does. */
  isInventedThere = false;
  /** By address. */
  readonly gateways = new Map<string, Listener>();
  readonly #clock: Clock;
  readonly #random: SeededRandom;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** `heard`: told by which gateway. */
  broadcast(node: number, bytes: Uint8Array, heard: (gateway: string) => void = () => {}): void {
    for (const [address, gateway] of this.gateways) {
      const arrive = () => {
        if (!this.deaf.has(address) && gateway.hear(bytes, '')) heard(address);
      };
      if (this.hearsAll) this.#carrySoon(arrive);
      else if (!this.cut.has(`${node}/${address}`)) this.#carry(false, arrive);
    }
  }

  /** `isPrompt`: it is lost or there at once. `arrived`: with it. */
  unicast(
    node: number,
    gateway: string,
    bytes: Uint8Array,
    source: string,
    isPrompt = false,
    arrived: () => void = () => {},
  ): void {
    if (this.cut.has(`${node}/${gateway}`)) return;
    this.#carry(isPrompt, () => {
      arrived();
      if (!this.deaf.has(gateway)) this.gateways.get(gateway)?.hear(bytes, source);
    });
  }

  /** A reply to a guest, wherever it is when the reply arrives. */
  reply(gateway: string, nodeOf: () => number, hear: () => void): void {
    this.#carry(false, () => {
      if (!this.cut.has(`${nodeOf()}/${gateway}`)) hear();
    });
  }

  #carrySoon(arrive: () => void): void {
    this.#clock.after(1 + this.#random.below(SOON), arrive);
    if (this.#random.chance(this.weather.doubled)) this.#clock.after(1 + this.#random.below(SOON), arrive);
  }

  #carry(isPrompt: boolean, arrive: () => void): void {
    const { lost, doubled, heldBack } = this.weather;
    if (this.#random.chance(lost)) return;
    if (isPrompt) {
      this.#clock.after(1, arrive);
      return;
    }
    const late = this.#random.chance(heldBack) ? this.#random.below(LATEST) : 0;
    this.#clock.after(1 + this.#random.below(4) + late, arrive);
    if (this.#random.chance(doubled)) this.#clock.after(1 + this.#random.below(LATEST), arrive);
  }
}
