import type { Clock } from '../../../lease/clock.ts';
import type { OpenStream } from './channel.ts';
import type { Watch, WatchEvent, WatchListener } from './etcd.ts';
import type { StreamListener } from './grpc-stream.ts';
import { decodeWatch, encodeProgressRequest } from './messages.ts';
import { errorText, faultOf } from './status-codes.ts';

/** How often a progress notice is asked for, and how long one may be missing: milliseconds. */
const ASK_EVERY = 1000;
const ANSWER_WITHIN = 3000;

/** Begins the call. @throws CallError */
type Open = (listener: StreamListener) => Promise<OpenStream>;

/** One watch on one member, until it is closed or ends. */
export class GrpcWatch implements Watch {
  readonly #clock: Clock;
  readonly #listener: WatchListener;
  #opened: OpenStream | undefined;
  #fragments: WatchEvent[] = [];
  #receivedAt: number;
  #cancelAsking = () => {};
  #isOver = false;

  constructor(open: Open, first: Uint8Array, clock: Clock, listener: WatchListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#receivedAt = clock.monotonic();
    this.#ask();
    const streamListener: StreamListener = {
      message: (bytes) => this.#receive(bytes),
      closed: (error) => this.#end(whyOf(error), error?.message ?? 'the member has ended it'),
    };
    open(streamListener).then(
      (opened) => this.#use(opened, first),
      (error: unknown) => this.#end('lost', errorText(error)),
    );
  }

  close(): void {
    this.#isOver = true;
    this.#cancelAsking();
    this.#opened?.stream.cancel();
  }

  #use(opened: OpenStream, first: Uint8Array): void {
    this.#opened = opened;
    if (this.#isOver) opened.stream.cancel();
    else opened.stream.send(first);
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#receivedAt = this.#clock.monotonic();
    const message = readable(bytes);
    if (message === undefined) {
      this.#end('lost', 'the member sends what is no event');
      return;
    }
    if (message.compactedAt > 0) {
      this.#end('compacted', `what was before revision ${message.compactedAt} is gone`);
    } else if (message.isCanceled) this.#end('lost', message.reason);
    else if (message.isFragment) this.#fragments.push(...message.events);
    else if (!message.isCreated) {
      const events = this.#fragments.length === 0 ? message.events : [...this.#fragments, ...message.events];
      this.#fragments = [];
      this.#listener.events(events, message.revision);
    }
  }

  /** Asks for a progress notice; ends the watch if the last one is too long ago. */
  #ask(): void {
    this.#cancelAsking = this.#clock.after(ASK_EVERY, () => {
      if (this.#isOver) return;
      if (this.#clock.monotonic() - this.#receivedAt >= ANSWER_WITHIN) {
        this.#end('lost', `silent for ${ANSWER_WITHIN} ms`);
        return;
      }
      // A connection that is lost in one direction shows only by missing answers.
      if (this.#clock.monotonic() - this.#receivedAt > ASK_EVERY) this.#opened?.suspect(this.#receivedAt);
      this.#opened?.stream.send(encodeProgressRequest());
      this.#ask();
    });
  }

  #end(why: 'compacted' | 'lost', message: string): void {
    if (this.#isOver) return;
    this.close();
    this.#listener.ended(why, message);
  }
}

function readable(bytes: Buffer): ReturnType<typeof decodeWatch> | undefined {
  try {
    return decodeWatch(bytes);
  } catch {
    return undefined;
  }
}

function whyOf(error: unknown): 'compacted' | 'lost' {
  return faultOf(error) === 'compacted' ? 'compacted' : 'lost';
}
