import type { Revision } from './client/etcd.ts';

/**
 * Knows a moment before which nothing was written that this gateway does not know: when it asked etcd last, of what the
 * watch has told by now. What it learns only now was written after that, however late it is learnt.
 */
export class Completeness {
  #since = Number.NEGATIVE_INFINITY;
  /** Revisions up to which all is known. */
  #told: Revision = 0;
  /** An answer of a revision that has not been told yet: the oldest, so that it is told before long. */
  #awaited: { readonly revision: Revision; readonly askedAt: number } | undefined;

  /** Monotonic milliseconds; -Infinity: there is no such moment. */
  get since(): number {
    return this.#since;
  }

  /** etcd was at this revision at the latest when it was asked. `askedAt`: monotonic milliseconds, from before the question. */
  answered(revision: Revision, askedAt: number): void {
    if (revision <= this.#told) this.#since = Math.max(this.#since, askedAt);
    else this.#awaited ??= { revision, askedAt };
  }

  /** Call it when all changes up to a revision are known, and not before. */
  told(revision: Revision): void {
    this.#told = revision;
    if (this.#awaited === undefined || this.#awaited.revision > revision) return;
    this.#since = Math.max(this.#since, this.#awaited.askedAt);
    this.#awaited = undefined;
  }

  /** The revisions count anew: what comes may have been written at any time. */
  forget(): void {
    this.#since = Number.NEGATIVE_INFINITY;
    this.#told = 0;
    this.#awaited = undefined;
  }
}
