import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';
import { NODES } from './faults.ts';
import type { SimulatedGuest } from './guest.ts';

/** What a guest's owner does next, and when: milliseconds. */
const LEAST = 5000;
const MOST = 150_000;
/** Longer than the reply to a DHCPRELEASE's predecessor is under way. */
const AT_ONCE = 10;

/** Starts, stops, restarts and moves the guests. */
export class Lives {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  #isOver = false;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** `staysOn`: it is never without power. `within`: milliseconds from now to its first start. */
  begin(guest: SimulatedGuest, staysOn = false, within = 20_000): void {
    this.#later(this.#random.below(within), () => {
      guest.start();
      this.#next(guest, staysOn);
    });
  }

  /** It has its first lease; now and then that was its boot loader's, and its system begins a moment later. */
  bound(guest: SimulatedGuest): void {
    if (!this.#random.chance(25)) return;
    this.#later(300 + this.#random.below(2500), () => {
      if (guest.isOn) guest.reset();
    });
  }

  end(): void {
    this.#isOver = true;
  }

  #next(guest: SimulatedGuest, staysOn: boolean): void {
    this.#later(LEAST + this.#random.below(MOST), () => {
      this.#live(guest, staysOn);
      this.#next(guest, staysOn);
    });
  }

  #live(guest: SimulatedGuest, staysOn: boolean): void {
    const random = this.#random;
    const which = random.below(100);
    if (which < 25) {
      // A live migration: to DHCP it is nothing but another path.
      guest.node = random.below(NODES);
    } else if (which < 45 && !staysOn) {
      guest.release();
      this.#later(random.below(60_000), () => guest.start());
    } else if (which < 70) {
      guest.release();
      this.#later(AT_ONCE + random.below(400), () => guest.start());
    } else if (which < 85 && !staysOn) {
      guest.cutPower();
      this.#later(random.below(120_000), () => guest.start());
    } else guest.reset();
  }

  #later(milliseconds: number, run: () => void): void {
    this.#clock.after(milliseconds, () => {
      if (!this.#isOver) run();
    });
  }
}
