import { Guest } from '../support/guest.ts';
import type { SeededRandom } from '../support/random.ts';

/** The client identifiers that a machine uses, one after the other: its boot loader's, if that has another, and its system's. */
export class Stages {
  readonly #guests: readonly Guest[];
  #at = 0;

  constructor(mac: string, identifiers: readonly (readonly number[] | undefined)[]) {
    this.#guests = identifiers.map(
      (identifier) => new Guest(mac, identifier === undefined ? {} : { identifier }),
    );
  }

  get current(): Guest {
    const guest = this.#guests[this.#at];
    if (guest === undefined) throw new Error('no such stage');
    return guest;
  }

  /** At the start of a machine: true if another stage begins than ran last. */
  isNext(random: SeededRandom): boolean {
    if (this.#guests.length === 1 || !random.chance(50)) return false;
    this.#at = (this.#at + 1) % this.#guests.length;
    return true;
  }
}
