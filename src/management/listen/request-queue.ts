/** Requests that are begun before the sockets are read again. */
const AT_ONCE = 8;
/** More than one of each connection wait only where requests are sent without waiting for answers. */
const MOST = 1024;

/** A request whose head has been read. */
export interface ReadRequest {
  /** True: its caller has closed the connection. */
  readonly isGone: () => boolean;
  /** True: its caller has ended its side. It may wait for the answer, or have gone: the others come first. */
  readonly hasEnded: () => boolean;
  begin(): void;
}

/**
 * Begins requests in the order in which they came, a few in each iteration of the event loop. Between reading a request and
 * beginning it the thread learns that its connection was closed, so those whose callers have gone cost nothing but their
 * head.
 */
export class RequestQueue {
  readonly #waiting: ReadRequest[] = [];
  readonly #ended: ReadRequest[] = [];
  #isScheduled = false;

  /** It is looked at in the second iteration: Node.js 24 tells of a closed connection one later than Node.js 20. */
  add(request: ReadRequest): void {
    setImmediate(() => setImmediate(() => this.#queue(request)));
  }

  get length(): number {
    return this.#waiting.length + this.#ended.length;
  }

  #queue(request: ReadRequest): void {
    if (this.length >= MOST) {
      request.begin();
      return;
    }
    this.#waiting.push(request);
    this.#schedule();
  }

  #schedule(): void {
    const { length } = this;
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
      if (!next.hasEnded()) {
        next.begin();
        return;
      }
      this.#ended.push(next);
    }
    for (let next = this.#ended.shift(); next !== undefined; next = this.#ended.shift())
      if (!next.isGone()) {
        next.begin();
        return;
      }
  }
}
