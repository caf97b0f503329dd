/**
 * A state that lasts, as the log tells it: its begin at once, its end when it has not been met for a while. So what comes
 * and goes by turns is told as one, and not at every turn.
 */
export class Lasting {
  /** Milliseconds. */
  readonly #calm: number;
  #metAt: number | undefined;
  #isMended = false;

  constructor(calm: number) {
    this.#calm = calm;
  }

  /** True: it begins. */
  met(monotonic: number): boolean {
    const begins = this.#metAt === undefined;
    this.#metAt = monotonic;
    this.#isMended = false;
    return begins;
  }

  /** It was seen not to hold. */
  mended(): void {
    this.#isMended = true;
  }

  /** True, once: it has ended. */
  isOver(monotonic: number): boolean {
    if (this.#metAt === undefined || !this.#isMended || monotonic - this.#metAt < this.#calm) return false;
    this.#metAt = undefined;
    return true;
  }
}
