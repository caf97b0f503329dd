/** Requests that are begun before the sockets are read again. */
const AT_ONCE = 8;
/** More than one of each connection wait only where requests are sent without waiting for answers. */
const MOST = 1024;

/** So many requests are at work at once whose callers have ended their side: most of these may have gone. */
const ENDED_AT_WORK = 8;

/** A request whose head has been read. */
export interface ReadRequest {
  /** True: its caller has closed the connection. */
  readonly isGone: () => boolean;
  /** True: its caller has ended its side. It may wait for the answer, or have gone: the others come first. */
  readonly hasEnded: () => boolean;
  /** True: it is begun at once, and refused. */
  readonly isGivenUp: () => boolean;
  /** @param done Called when its answer is decided, or its caller has gone. */
  begin(done: () => void): void;
}

/**
 * Begins requests in the order in which they came, a few in each iteration of the event loop. Between reading a request and
 * beginning it the thread learns that its connection was closed, so those whose callers have gone cost nothing but their
 * head.
 */
export class RequestQueue {
  readonly #waiting: ReadRequest[] = [];
  /** Those that wait although their callers have ended their side. */
  readonly #ended: ReadRequest[] = [];
  /** Those of such callers that have begun. */
  readonly #atWork = new Set<ReadRequest>();
  #isScheduled = false;

  /** It is looked at in the second iteration: Node.js 24 tells of a closed connection one later than Node.js 20. */
  add(request: ReadRequest): void {
    setImmediate(() => setImmediate(() => this.#queue(request)));
  }

  /** Begins the requests that have been given up since. Each is refused, because it has no slot. */
  refuseGivenUp(): void {
    for (const request of this.#ended.splice(0)) {
      if (request.isGone()) continue;
      if (request.isGivenUp()) request.begin(() => {});
      else this.#ended.push(request);
    }
  }

  #queue(request: ReadRequest): void {
    if (this.#waiting.length + this.#ended.length >= MOST) {
      request.begin(() => {});
      return;
    }
    this.#waiting.push(request);
    this.#schedule();
  }

  #schedule(): void {
    // Of a request behind another one of its connection, `close` is not told when its caller goes.
    for (const request of this.#ended.length === 0 ? [] : this.#atWork)
      if (request.isGone()) this.#atWork.delete(request);
    const mayBegin = Math.min(this.#ended.length, ENDED_AT_WORK - this.#atWork.size);
    const length = this.#waiting.length + mayBegin;
    if (this.#isScheduled || length === 0) return;
    this.#isScheduled = true;
    // A call for each: what one can do at once is done before the next is begun.
    for (let others = 1; others < Math.min(AT_ONCE, length); others += 1)
      setImmediate(() => this.#beginNext());
    setImmediate(() => {
      this.#beginNext();
      this.#isScheduled = false;
      this.#schedule();
    });
  }

  #beginNext(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.isGone()) continue;
      if (!next.hasEnded() || next.isGivenUp()) {
        next.begin(() => {});
        return;
      }
      this.#ended.push(next);
    }
    this.#beginEnded();
  }

  #beginEnded(): void {
    while (this.#atWork.size < ENDED_AT_WORK) {
      const next = this.#ended.shift();
      if (next === undefined) return;
      if (next.isGone()) continue;
      this.#atWork.add(next);
      next.begin(() => {
        this.#atWork.delete(next);
        this.#schedule();
      });
      return;
    }
  }
}
