/**
 * Work whose result serves all that ask for it before it begins: whoever asks while it runs gets the next result, which
 * begins no sooner than the interval after the last one began. So a result is never older than its question.
 */
export class SharedWork<Result> {
  readonly #work: () => Promise<Result>;
  readonly #interval: number;
  #next: Promise<Result> | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #begunAt = Number.NEGATIVE_INFINITY;

  /** @param interval Milliseconds. */
  constructor(interval: number, work: () => Promise<Result>) {
    this.#interval = interval;
    this.#work = work;
  }

  result(): Promise<Result> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<Result> {
    await this.#running;
    const wait = this.#begunAt + this.#interval - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.#begunAt = performance.now();
    this.#next = undefined;
    const result = this.#work();
    this.#running = result.catch(() => undefined);
    return await result;
  }
}
