import type { ProblemName, RunningProblem } from '../diagnosis/running-problem.ts';
import type { Instant } from '../lease/lease.ts';

/** Since when each problem is there. One that was gone when it was looked for begins anew. */
export class ProblemTimes {
  #since: ReadonlyMap<ProblemName, Instant> = new Map();

  /** Call it once a second, and before `since`. */
  note(problems: readonly RunningProblem[], now: Instant): void {
    this.#since = new Map(problems.map(({ name }) => [name, this.#since.get(name) ?? now]));
  }

  get since(): Readonly<Partial<Record<ProblemName, Instant>>> {
    return Object.fromEntries(this.#since);
  }
}
