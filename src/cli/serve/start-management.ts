import { Worker } from 'node:worker_threads';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { Clock } from '../../lease/clock.ts';
import type { Say } from '../../log/say.ts';
import { answerCalls } from '../../management/gateway/answer-calls.ts';
import type { FromGateway, GatewayCalls, ToGateway } from '../../management/gateway/gateway-calls.ts';
import type { ManagementOptions } from '../../management/gateway/options.ts';
import { removeLeftSocket } from '../../management/listen/socket-file.ts';
import { endAtOnceWhile } from './end-now.ts';

const PROGRAM = new URL('./management-thread.js', import.meta.url);
/** What it may use, so that a mistake in it cannot take the memory of the whole process: megabytes. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 };
/** Time until a thread that has died is started again; it doubles with each death soon after another: milliseconds. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/** A thread that has lived so long was not badly started: milliseconds. */
const LONG_LIFE = 60_000;
/** How long a stop waits for it, which may just be starting: milliseconds. */
const END_TIME = 2000;
/** How long it then waits for a thread that it has ended by force: milliseconds. A disk may block that thread for good. */
const FORCED_END_TIME = 1000;

const ENDED: RunningProblem = {
  name: 'api',
  message: 'the thread of the management API has ended, and is started again: no program reaches it now',
  remedy: 'wait a minute; if it stays, report what the log says of its end',
  stopsNewGuests: false,
};

/** Runs API and metrics in a thread of their own, and starts it again when it dies. Guests are served all the while. */
export class ManagementThread {
  readonly #options: () => ManagementOptions;
  readonly #gateways: readonly GatewayCalls[];
  readonly #clock: Clock;
  readonly #say: Say;
  readonly #program: URL;
  #worker: Worker | undefined;
  #wait = FIRST_WAIT;
  #startedAt = 0;
  #isEnding = false;
  #ended: () => void = () => {};
  #cancelStart: () => void = () => {};
  #problems: readonly RunningProblem[] = [];

  /**
   * @param options Those of the moment: the thread may start again, and settings may change.
   * @param gateways One for each segment, in the order of the options.
   */
  constructor(
    options: () => ManagementOptions,
    gateways: readonly GatewayCalls[],
    clock: Clock,
    say: Say,
    program = PROGRAM,
  ) {
    this.#options = options;
    this.#gateways = gateways;
    this.#clock = clock;
    this.#say = say;
    this.#program = program;
    endAtOnceWhile(() => this.#worker !== undefined);
  }

  /** What is wrong with API and metrics; guests are served all the same. */
  get problems(): readonly RunningProblem[] {
    return this.#problems;
  }

  start(): void {
    this.#startedAt = this.#clock.monotonic();
    const worker = new Worker(this.#program, {
      workerData: this.#options(),
      resourceLimits: LIMITS,
      env: {},
      execArgv: [], // A profiler of this process is not meant for it.
    });
    this.#worker = worker;
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (status) => this.#exited(cause ?? `it ended with status ${status}`));
    const port = {
      post: (message: FromGateway) => worker.postMessage(message),
      hear: (take: (message: ToGateway) => void) => void worker.on('message', take),
    };
    // What a thread that is just starting says comes too late when the gateway stops.
    const say: Say = (...words) => this.#isEnding || this.#say(...words);
    this.#problems = [];
    answerCalls(port, this.#gateways, { say, problems: (problems) => (this.#problems = problems) });
    worker.unref();
  }

  /** Other settings are in force. */
  adopted(): void {
    const subnets = this.#options().segments.map(({ subnet }) => subnet);
    this.#worker?.postMessage({ kind: 'subnets', subnets } satisfies FromGateway);
  }

  /** Closes what it has opened. A thread that does not answer in time is ended. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#cancelStart();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => (this.#ended = resolve));
    worker.postMessage({ kind: 'close' } satisfies FromGateway);
    if (await this.#isWithin(END_TIME, ended)) return;
    if (!(await this.#isWithin(FORCED_END_TIME, worker.terminate()))) return;
    try {
      removeLeftSocket(this.#options().sockets);
    } catch {
      // The next start replaces it.
    }
  }

  /** True if the promise is fulfilled in so many milliseconds. */
  async #isWithin(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
    let cancel = () => {};
    const limit = new Promise<boolean>(
      (resolve) => (cancel = this.#clock.after(milliseconds, () => resolve(false))),
    );
    const isInTime = await Promise.race([promise.then(() => true), limit]);
    cancel();
    return isInTime;
  }

  #exited(cause: unknown): void {
    this.#worker = undefined;
    this.#ended();
    if (this.#isEnding) return;
    if (this.#clock.monotonic() - this.#startedAt >= LONG_LIFE) this.#wait = FIRST_WAIT;
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.#problems = [ENDED];
    const fields = { cause: text, againInMilliseconds: this.#wait };
    this.#say(
      'error',
      fields,
      'the thread of API and metrics has ended; it is started again, and guests are served',
    );
    this.#cancelStart = this.#clock.after(this.#wait, () => this.start());
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }
}
