/**
 * A state that the log reports twice: when it begins, and when it has not been observed for a time. A state that comes and
 * goes in quick succession is reported as one.
 */
export class LastingState {
  /** How long the state must not be observed before it has ended: milliseconds. */
  readonly #quietTime: number;
  #observedAt: number | undefined;
  #isAbsent = false;

  constructor(calm: number) {
    this.#quietTime = calm;
  }

  /** The state holds. Returns true if it begins now. */
  observed(monotonic: number): boolean {
    const begins = this.#observedAt === undefined;
    this.#observedAt = monotonic;
    this.#isAbsent = false;
    return begins;
  }

  /** The state does not hold at this moment. */
  notObserved(): void {
    this.#isAbsent = true;
  }

  /** True if it has ended; once for each end. */
  isOver(monotonic: number): boolean {
    if (this.#observedAt === undefined || !this.#isAbsent || monotonic - this.#observedAt < this.#quietTime)
      return false;
    this.#observedAt = undefined;
    return true;
  }
}
