import type { Clock } from '../../src/lease/clock.ts';
import type { LeaseChange } from '../../src/lease/lease-view.ts';
import type { Outcome } from '../../src/store/lease-store.ts';
import type { SeededRandom } from '../support/random.ts';

/** What wakes a process. */
export type Source = 'sockets' | 'timers' | 'store';

/**
 * Where a process is stopped. now: between two events. unread: as a datagram comes. decided: with what it is about to
 * commit. sent: while the answer to its commit is on its way. committed: with an answer that it has not acted on.
 */
export const STEPS = ['now', 'unread', 'decided', 'sent', 'committed'] as const;
export type Step = (typeof STEPS)[number];

/** A process that may be frozen (SIGSTOP, a paused machine): time goes by, and what would wake it waits. */
export class Standstill {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #waiting: Record<Source, (() => void)[]> = { sockets: [], timers: [], store: [] };
  #isFrozen = false;
  #armed: { readonly step: Step; readonly freeze: () => void } | undefined;
  #whenThawed: (() => void)[] = [];

  /** The clock is the true one. */
  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Runs what wakes the process: now, or when it goes on. */
  wake(source: Source, run: () => void): void {
    if (this.#isFrozen) this.#waiting[source].push(run);
    else run();
  }

  /** It is stopped when it comes to that step next, for so many milliseconds. */
  freezeAt(step: Step, milliseconds: number): void {
    const freeze = () => {
      this.#armed = undefined;
      this.#isFrozen = true;
      this.#clock.after(milliseconds, () => this.thaw());
    };
    if (this.#isFrozen) return;
    if (step === 'now') freeze();
    else this.#armed = { step, freeze };
  }

  /** The process comes to a step. Undefined: it goes on; else it does after that. */
  reach(step: Step): Promise<void> | undefined {
    if (this.#armed?.step === step) this.#armed.freeze();
    if (!this.#isFrozen) return undefined;
    return new Promise((resolve) => this.#whenThawed.push(resolve));
  }

  /** It goes on: what has come meanwhile is seen in the order of its source, and the sources in any. */
  thaw(): void {
    this.#armed = undefined;
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const goOn of this.#whenThawed.splice(0)) this.#clock.after(this.#random.below(3), goOn);
    for (const source of ['sockets', 'timers', 'store'] as const) {
      const delay = this.#random.below(3);
      for (const run of this.#waiting[source].splice(0))
        this.#clock.after(delay, () => this.wake(source, run));
    }
  }

  /** A commit of a process that may be stopped before it, while it is under way, and after it. */
  async commit(
    commit: (changes: readonly LeaseChange[]) => Promise<readonly Outcome[]>,
    changes: readonly LeaseChange[],
  ): Promise<readonly Outcome[]> {
    const before = this.reach('decided');
    if (before !== undefined) await before;
    const underWay = commit(changes);
    void this.reach('sent');
    const outcomes = await underWay;
    const after = this.reach('committed');
    if (after !== undefined) await after;
    return outcomes;
  }
}
