import type { LeaseChange } from '../lease/lease-view.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { Pending } from './pending/pending.ts';

/** With more reservations than this, deciding, writing and answering them may each take up to a millisecond. */
const FEW_RESERVATIONS = 8;

/** What is committed together. */
export interface Commit {
  /** In state 'committing'. */
  readonly pending: readonly Pending[];
  /** Theirs, in the same order. */
  readonly changes: readonly LeaseChange[];
}

/** True: the sockets are to be read before it is written, and again before its outcome is acted on. */
export function takesLong({ changes }: Commit): boolean {
  let count = 0;
  for (const { reservations } of changes) count += reservations?.length ?? 0;
  return count > FEW_RESERVATIONS;
}

/** What the next commit will hold, and how many commits are under way. */
export class NextCommit {
  readonly #store: Pick<LeaseStore, 'depth' | 'batchLimit'>;
  #pending: Pending[] = [];
  #underWay = 0;

  constructor(store: Pick<LeaseStore, 'depth' | 'batchLimit'>) {
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#store.depth && this.#pending.length < this.#store.batchLimit;
  }

  add(pending: Pending): void {
    this.#pending.push(pending);
  }

  /**
   * The commit, which is under way from now on.
   *
   * @param leaveOut Told of each one whose decision is too old to be acted on at this monotonic time.
   */
  take(now: number, leaveOut: (pending: Pending) => void): Commit {
    const pending: Pending[] = [];
    const changes: LeaseChange[] = [];
    for (const each of this.#pending) {
      const { change, decidedAt } = each.committing;
      if (each.isDecisionTooOld(decidedAt, now)) leaveOut(each);
      else {
        pending.push(each);
        changes.push(change);
      }
    }
    this.#pending = [];
    this.#underWay += 1;
    return { pending, changes };
  }

  ended(): void {
    this.#underWay -= 1;
  }
}
