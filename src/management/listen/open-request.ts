import type { ServerResponse } from 'node:http';
import { unavailable } from '../http/problem.ts';

type Work = (gone: AbortSignal) => Response | Promise<Response>;

/** A request that has been read and whose answer is not sent whole. */
export class OpenRequest {
  readonly outgoing: ServerResponse;
  #isGivenUp = false;
  #refuse = () => {};
  #done = () => {};

  constructor(outgoing: ServerResponse) {
    this.outgoing = outgoing;
  }

  /** True: it is refused in place of being begun. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** @param done Called when its answer is decided, whether or not its caller reads it, or its caller has gone. */
  whenDecided(done: () => void): void {
    this.#done = done;
    this.outgoing.once('close', done);
  }

  /** It is not waited for any longer. What may change something, and has begun, is carried out and answered. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#refuse();
  }

  /** Does the work, unless it was given up. */
  async answer(work: Work): Promise<Response> {
    try {
      return this.#isGivenUp ? tooBusy() : await this.#begun(work);
    } finally {
      this.#refuse = () => {};
      this.#done();
    }
  }

  #begun(work: Work): Response | Promise<Response> {
    const gone = new AbortController();
    this.outgoing.once('close', () => gone.abort());
    const { method } = this.outgoing.req;
    if (method !== 'GET' && method !== 'HEAD') return work(gone.signal);
    const refusal = new Promise<Response>((resolve) => {
      this.#refuse = () => {
        resolve(tooBusy());
        gone.abort();
      };
    });
    return Promise.race([work(gone.signal), refusal]);
  }
}

function tooBusy(): Response {
  return unavailable('too-busy', 'too many requests are at work and wait already').response();
}
