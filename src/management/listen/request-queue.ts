/** Requests that are begun before the sockets are read again. */
const AT_ONCE = 8;
/** More than one of each connection wait only where requests are sent without waiting for answers. */
const MOST = 1024;

/** A request whose head has been read. */
export interface ReadRequest {
  /** True: its caller has closed the connection. */
  readonly isGone: () => boolean;
  begin(): void;
}

/**
 * Begins requests in the order in which they came, a few in each iteration of the event loop. Between reading a request and
 * beginning it the thread learns that its connection was closed, so those whose callers have gone cost nothing but their
 * head.
 */
export class RequestQueue {
  readonly #waiting: ReadRequest[] = [];
  #isScheduled = false;

  /** It is looked at in the second iteration: Node.js 24 tells of a closed connection one later than Node.js 20. */
  add(request: ReadRequest): void {
    setImmediate(() => setImmediate(() => this.#queue(request)));
  }

  #queue(request: ReadRequest): void {
    if (this.#waiting.length >= MOST) {
      request.begin();
      return;
    }
    this.#waiting.push(request);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // A call for each: what one can do at once is done before the next is begun.
    for (let others = 1; others < Math.min(AT_ONCE, this.#waiting.length); others += 1)
      setImmediate(() => this.#beginNext());
    setImmediate(() => {
      this.#beginNext();
      this.#isScheduled = false;
      this.#schedule();
    });
  }

  #beginNext(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      if (!next.isGone()) {
        next.begin();
        return;
      }
  }
}
