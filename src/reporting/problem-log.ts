import type { ProblemName, RunningProblem } from '../diagnosis/running-problem.ts';
import type { Log } from '../log/log.ts';
import { Lasting } from './lasting.ts';

/** What nobody else tells the log. */
const TOLD: readonly ProblemName[] = ['interface-down', 'directory', 'pool-nearly-full'];
/** It has ended if it was not met for so long: milliseconds. */
const CALM = 60_000;

/** One line when such a problem begins, and one when it has been gone for a minute. */
export class ProblemLog {
  readonly #log: Log;
  readonly #lasting = new Map(TOLD.map((name) => [name, new Lasting(CALM)]));

  constructor(log: Log) {
    this.#log = log;
  }

  /** For every second. */
  check(problems: readonly RunningProblem[], monotonic: number): void {
    for (const [name, lasting] of this.#lasting) {
      const problem = problems.find((each) => each.name === name);
      if (problem === undefined) lasting.mended();
      else if (lasting.met(monotonic)) {
        const { message: cause, remedy } = problem;
        this.#log.warn({ problem: name, cause, remedy }, 'something is wrong');
      }
      if (lasting.isOver(monotonic)) this.#log.info({ problem: name }, 'this is well again');
    }
  }
}
