import type { LabEvent } from './lab-event.ts';

/** How late a line of the gateway's log may come: milliseconds. */
const LATENESS = 250;

/** Holds events back for a moment, and passes them on in the order of their times. */
export class InOrder {
  readonly #tell: (event: LabEvent) => void;
  #held: (LabEvent & { readonly at: number })[] = [];

  constructor(tell: (event: LabEvent) => void) {
    this.#tell = tell;
  }

  /** An event without a time comes after all that were held. */
  take(event: LabEvent): void {
    if ('at' in event) {
      this.#held.push(event);
      setTimeout(() => this.#passUntil(Date.now() - LATENESS), LATENESS);
      return;
    }
    this.#passUntil(Number.POSITIVE_INFINITY);
    this.#tell(event);
  }

  #passUntil(end: number): void {
    const due = this.#held.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
    this.#held = this.#held.filter(({ at }) => at > end);
    for (const event of due) this.#tell(event);
  }
}
