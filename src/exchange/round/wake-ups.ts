type When = 'now' | 'after-reading';

/**
 * Something has become ready outside a round: an answer to ARP came, a wait is over, or an order was given. What becomes ready
 * at the same moment is decided and committed together: each commit waits for the disk.
 */
export class WakeUps {
  readonly #soon: (run: () => void) => void;
  readonly #decide: (when: When) => void;
  /** How what became ready is going to be decided; undefined: nothing became ready. */
  #woken: When | undefined;

  /** @param soon Runs a function when the timers that are due have run; absent: at once. */
  constructor(
    decide: (when: When) => void,
    soon: (run: () => void) => void = (run) => {
      run();
    },
  ) {
    this.#decide = decide;
    this.#soon = soon;
  }

  /** @param when 'after-reading': what has come meanwhile is to be read before. */
  wake(when: When): void {
    const isFirst = this.#woken === undefined;
    if (isFirst || when === 'after-reading') this.#woken = when;
    if (isFirst) this.#soon(this.#run);
  }

  /** Resolves when the sockets have been read, if anything waits in them. */
  untilRead(): Promise<void> {
    return new Promise((resolve) => this.#soon(resolve));
  }

  readonly #run = (): void => {
    const when = this.#woken;
    this.#woken = undefined;
    if (when !== undefined) this.#decide(when);
  };
}
