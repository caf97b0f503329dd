import { Worker } from 'node:worker_threads';
import type { Clock } from '../../lease/clock.ts';
import type { Say } from '../../log/say.ts';
import { HANGS } from '../../store/sqlite/remote/disk-silence.ts';
import type { MirrorHostOptions } from '../../store/sqlite/remote/mirror-host.ts';
import type { FromMirror, MirrorThreadPort } from '../../store/sqlite/remote/mirror-messages.ts';
import { openRemoteMirror } from '../../store/sqlite/remote/open-remote-mirror.ts';
import type { RemoteMirror } from '../../store/sqlite/remote/remote-mirror.ts';
import { endAtOnceWhile } from './end-now.ts';

const PROGRAM = new URL('./mirror-thread.js', import.meta.url);
/** It writes, and keeps little: megabytes of its newest objects, of which Node would have let it have 48. */
const YOUNG_MEGABYTES = 2;

/** Starts and ends the thread that writes the lease file of a mirror. */
export class MirrorThread {
  readonly #clock: Clock;
  readonly #say: Say;
  #opening: Promise<RemoteMirror | undefined> | undefined;
  #worker: Worker | undefined;

  constructor(clock: Clock, say: Say) {
    this.#clock = clock;
    this.#say = say;
    endAtOnceWhile(() => this.isRunning);
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Rejects with the GatewayError of `openMirror`. */
  open(options: MirrorHostOptions): Promise<RemoteMirror> {
    const opening = openRemoteMirror({ port: this.#start(options), clock: this.#clock, say: this.#say });
    this.#opening = opening.catch(() => undefined); // The caller gets the error.
    return opening;
  }

  /** Closes the file, also while it is being opened. It waits for a disk that hangs for as long as the mirror does. */
  async end(): Promise<void> {
    let cancel = () => {};
    const limit = new Promise<undefined>((resolve) => {
      cancel = this.#clock.after(HANGS, () => resolve(undefined));
    });
    const mirror = await Promise.race([this.#opening, limit]);
    cancel();
    await mirror?.close();
  }

  #start({ directory, now, seed, node, history, lockWaitMilliseconds }: MirrorHostOptions): MirrorThreadPort {
    const workerData = { directory, now, seed, node, history, lockWaitMilliseconds };
    const worker = new Worker(PROGRAM, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    this.#worker = worker;
    let hear: (message: FromMirror) => void = () => {};
    worker.on('message', (message: FromMirror) => hear(message));
    worker.on('error', (error: Error) => hear({ kind: 'failed', error }));
    worker.on('exit', () => {
      this.#worker = undefined;
      hear({ kind: 'ended' });
    });
    return {
      post: (message) => worker.postMessage(message),
      hear: (take) => {
        hear = take;
      },
    };
  }
}
