import type { LabSegment } from '../../src/cli/lab/segment.ts';
import type { GuestKind } from './guest-kind.ts';
import { RealGuest } from './real-guest.ts';
import { Seen } from './seen.ts';

/** Guests of several kinds on a segment, one of each. */
export class Guests {
  readonly #kinds: readonly GuestKind[];
  readonly #booted: Seen<RealGuest>;

  private constructor(kinds: readonly GuestKind[], booted: Seen<RealGuest>) {
    this.#kinds = kinds;
    this.#booted = booted;
  }

  /** @param folder makes a folder for the files of one guest */
  static async boot(kinds: readonly GuestKind[], segment: LabSegment, folder: () => string): Promise<Guests> {
    const booted = await Seen.together(kinds, async ({ name, software, words = [] }) => {
      const guest = await RealGuest.plug(segment, name, folder());
      await guest.boot(software, ...words);
      return guest;
    });
    return new Guests(kinds, booted);
  }

  /** What happens to each of them, all at the same time. */
  each<Value>(look: (guest: RealGuest) => Promise<Value>): Promise<Seen<Value>> {
    return Seen.together(this.#kinds, async ({ name }) => look(this.#booted.by(name)));
  }
}
