import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../lease/clock.ts';
import type { Watch, WatchEvent, WatchListener } from './etcd.ts';
import { decodeWatch, encodeProgressRequest } from './messages.ts';
import { faultOf } from './status-codes.ts';

/** How often a sign of life is asked for, and how long one may be missing: milliseconds. */
const ASK_EVERY = 1000;
const SILENCE = 3000;

type Stream = ClientDuplexStream<Uint8Array, Buffer>;

/** One watch on one member, until it is closed or ends. */
export class GrpcWatch implements Watch {
  readonly #clock: Clock;
  readonly #listener: WatchListener;
  #stream: Stream | undefined;
  #fragments: WatchEvent[] = [];
  #heardAt: number;
  #cancelAsking = () => {};
  #isOver = false;

  constructor(open: () => Promise<Stream>, first: Uint8Array, clock: Clock, listener: WatchListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#heardAt = clock.monotonic();
    this.#ask();
    open().then(
      (stream) => this.#use(stream, first),
      (error: unknown) => this.#end('lost', error instanceof Error ? error.message : String(error)),
    );
  }

  close(): void {
    this.#isOver = true;
    this.#cancelAsking();
    this.#stream?.cancel();
  }

  #use(stream: Stream, first: Uint8Array): void {
    this.#stream = stream;
    stream.on('error', (error: ServiceError) =>
      this.#end(faultOf(error) === 'compacted' ? 'compacted' : 'lost', error.message),
    );
    stream.on('end', () => this.#end('lost', 'the member has ended it'));
    if (this.#isOver) {
      stream.cancel();
      return;
    }
    stream.on('data', (bytes: Buffer) => this.#hear(bytes));
    stream.write(first);
  }

  #hear(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#heardAt = this.#clock.monotonic();
    const message = decodeWatch(bytes);
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

  /** Asks for a sign of life, and looks whether the last one is too long ago. */
  #ask(): void {
    this.#cancelAsking = this.#clock.after(ASK_EVERY, () => {
      if (this.#isOver) return;
      if (this.#clock.monotonic() - this.#heardAt >= SILENCE) {
        this.#end('lost', `silent for ${SILENCE} ms`);
        return;
      }
      this.#stream?.write(encodeProgressRequest());
      this.#ask();
    });
  }

  #end(why: 'compacted' | 'lost', message: string): void {
    if (this.#isOver) return;
    this.close();
    this.#listener.ended(why, message);
  }
}
