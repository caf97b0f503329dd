import { SharedWork } from './shared-work.ts';

interface Shared {
  readonly work: SharedWork<unknown>;
  askers: number;
  /** Ends the read under way. */
  running: AbortController | undefined;
}

/** Lets one read answer all that ask the same at the same time. */
export class SharedReads {
  readonly #shared = new Map<string, Shared>();

  /**
   * The result of a read that begins after the call. If the same read is under way, it begins when that has ended.
   *
   * @param question All that the result depends on.
   * @param signal Is aborted when this asker no longer waits. The read goes on as long as anybody waits for it.
   * @throws the signal's reason when it is aborted.
   */
  async result<Result>(
    question: string,
    signal: AbortSignal,
    read: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const shared = this.#shared.get(question) ?? this.#share(question, read);
    shared.askers += 1;
    let leave: () => void = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave);
    });
    try {
      return (await Promise.race([shared.work.result(), left])) as Result;
    } finally {
      signal.removeEventListener('abort', leave);
      shared.askers -= 1;
      if (shared.askers === 0) {
        this.#shared.delete(question);
        shared.running?.abort();
      }
    }
  }

  #share(question: string, read: (signal: AbortSignal) => Promise<unknown>): Shared {
    const shared: Shared = {
      work: new SharedWork(0, async () => {
        const running = new AbortController();
        shared.running = running;
        if (shared.askers === 0) running.abort(); // All have left while it waited.
        return await read(running.signal);
      }),
      askers: 0,
      running: undefined,
    };
    this.#shared.set(question, shared);
    return shared;
  }
}
