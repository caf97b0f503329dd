import type { ProblemName, RunningProblem } from '../diagnosis/running-problem.ts';
import type { Log } from '../log/log.ts';
import { LastingState } from './lasting-state.ts';

/** Problems that no other part logs. */
const LOGGED_HERE: readonly ProblemName[] = [
  'interface-down',
  'directory',
  'pool-nearly-full',
  'rival-reservations',
];
/** A problem has ended when it was not observed for this time: milliseconds. */
const QUIET_TIME = 60_000;

/** Logs a line when a problem begins, and one when it has been gone for a minute. */
export class ProblemLog {
  readonly #log: Log;
  readonly #lasting = new Map(LOGGED_HERE.map((name) => [name, new LastingState(QUIET_TIME)]));

  constructor(log: Log) {
    this.#log = log;
  }

  /** Call it once a second. */
  check(problems: readonly RunningProblem[], monotonic: number): void {
    for (const [name, lasting] of this.#lasting) {
      const problem = problems.find((each) => each.name === name);
      if (problem === undefined) lasting.notObserved();
      else if (lasting.observed(monotonic)) {
        const { message: cause, remedy } = problem;
        this.#log.warn({ problem: name, cause, remedy }, 'something is wrong');
      }
      if (lasting.isOver(monotonic)) this.#log.info({ problem: name }, 'this is well again');
    }
  }
}
