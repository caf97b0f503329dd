import type { Clock } from '../../../lease/clock.ts';

type End = (isComplete: boolean) => void;

/** Who waits until the other thread has written all that was put. */
export class CarryRequests {
  readonly #clock: Clock;
  /** Those that came since the last message. */
  #asked: End[] = [];
  /** Those that the message under way is for. */
  #sent: End[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isAsked(): boolean {
    return this.#asked.length > 0;
  }

  /** Resolves to false when the time is over. */
  add(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(milliseconds, () => resolve(false));
      this.#asked.push((isComplete) => {
        cancel();
        resolve(isComplete);
      });
    });
  }

  /** The message that is sent now has the last of what was put. True: somebody waits for that. */
  send(): boolean {
    this.#sent = this.#asked;
    this.#asked = [];
    return this.#sent.length > 0;
  }

  answered(isComplete: boolean): void {
    for (const end of this.#sent) end(isComplete);
    this.#sent = [];
  }
}
