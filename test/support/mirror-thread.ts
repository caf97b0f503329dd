import type { Clock } from '../../src/lease/clock.ts';
import { hostMirror, type MirrorHostOptions } from '../../src/store/sqlite/remote/mirror-host.ts';
import type {
  FromMirror,
  MirrorPort,
  MirrorThreadPort,
  ToMirror,
} from '../../src/store/sqlite/remote/mirror-messages.ts';
import { openRemoteMirror } from '../../src/store/sqlite/remote/open-remote-mirror.ts';
import type { RemoteMirror } from '../../src/store/sqlite/remote/remote-mirror.ts';

/** One end; what nobody hears yet, or what is held, waits. */
class Inbox<Message> {
  readonly #waiting: Message[] = [];
  #take: ((message: Message) => void) | undefined;
  #isHeld = false;

  get size(): number {
    return this.#waiting.length;
  }

  hear(take: (message: Message) => void): void {
    this.#take = take;
    this.#deliver();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#deliver();
  }

  put(message: Message): void {
    this.#waiting.push(structuredClone(message));
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    while (!this.#isHeld && this.#take !== undefined) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#take(message);
    }
  }
}

/** A mirror and what writes its file, without a thread: all happens when the test moves the clock. */
export class InlineMirrorThread {
  /** What was said to the operator: 'warn a message {"field":1}'. */
  readonly said: string[] = [];
  readonly #toHost = new Inbox<ToMirror>();
  readonly #toGateway = new Inbox<FromMirror>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(options: MirrorHostOptions): Promise<RemoteMirror> {
    const port: MirrorThreadPort = {
      post: (message) => this.#toHost.put(message),
      hear: (take) => this.#toGateway.hear(take),
    };
    const hostPort: MirrorPort<FromMirror, ToMirror> = {
      post: (message) => this.#toGateway.put(message),
      hear: (take) => this.#toHost.hear(take),
    };
    void hostMirror(options, this.#clock, hostPort, () => this.#toGateway.put({ kind: 'ended' }));
    const say = (level: string, fields: object, message: string) =>
      void this.said.push(`${level} ${message} ${JSON.stringify(fields)}`);
    return openRemoteMirror({ port, clock: this.#clock, say });
  }

  /** Messages that the file's thread has not taken. */
  get waiting(): number {
    return this.#toHost.size;
  }

  /** The disk hangs, or goes on: the file's thread takes nothing meanwhile. */
  hang(isHanging: boolean): void {
    this.#toHost.hold(isHanging);
  }

  /** The file's thread has come upon a mistake of ours. */
  fail(message: string): void {
    this.#toGateway.put({ kind: 'failed', error: new Error(message) });
  }
}
