import type { Delivery, DeliveryOutcome } from './outlet.ts';

/** Runs what it is given one after the other, in the order in which it comes. */
export class RunQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** @param run Never rejects. */
  add<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run);
    this.#last = result;
    return result;
  }
}

/** A delivery that waits for the others of its queue: several segments have one program, which may write one file. */
export function oneAtATime(delivery: Delivery, runs: RunQueue): Delivery {
  let isEnded = false;
  return {
    ...delivery,
    deliver: (document) => runs.add(async () => (isEnded ? STOPPED : await delivery.deliver(document))),
    end: () => {
      isEnded = true;
      delivery.end();
    },
  };
}

const STOPPED: DeliveryOutcome = {
  kind: 'failed',
  cause: 'the gateway is being stopped',
  isTimeout: false,
  mayRepeat: false,
};
