import type { Offer } from './guest-parts.ts';

/** A DHCPREQUEST in which a client has selected a server, and what became of it. */
export interface Selection extends Offer {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** The gateways that heard it. */
  readonly heardBy: Set<string>;
  /** Its server had heard of no other gateway then. */
  isUnmet: boolean;
  /** Its server has answered it with a DHCPNAK. */
  isRefused: boolean;
}

const NONE: Selection = {
  ...{ address: '', server: '', at: 0, heardBy: new Set() },
  ...{ isUnmet: false, isRefused: false },
};

/** All that one client has selected. */
export class Selections {
  readonly #all: Selection[] = [];

  /** Of the lease that the client has, if it has one. */
  get last(): Selection {
    return this.#all.at(-1) ?? NONE;
  }

  /** Those of an address from after a time on. */
  of(address: string, after: number): readonly Selection[] {
    return this.#all.filter((each) => each.address === address && each.at > after);
  }

  /** When another gateway has heard that a server was selected. */
  heardOf(server: string, by: string): readonly number[] {
    return this.#all.filter((each) => each.server === server && each.heardBy.has(by)).map((each) => each.at);
  }

  /** `met`: the gateways that have heard of another one. Returns what is to be told of each gateway that hears it. */
  add(offer: Offer, at: number, met: Set<string>): (gateway: string) => void {
    const selection = { ...offer, at, heardBy: new Set<string>(), isUnmet: false, isRefused: false };
    this.#all.push(selection);
    return (gateway) => {
      const { server, heardBy } = selection;
      if (gateway !== server) met.add(gateway);
      else if (!heardBy.has(server)) selection.isUnmet = !met.has(server);
      heardBy.add(gateway);
    };
  }
}
