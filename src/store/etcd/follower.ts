import type { Clock } from '../../lease/clock.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Mirror } from '../mirror.ts';
import type { Etcd, Revision, Watch, WatchEvent } from './client/etcd.ts';
import { decodeGeneration, type KnownGeneration, OtherGenerationError } from './keys/generation.ts';
import type { Keys } from './keys/keys.ts';
import type { Snapshot } from './keys/snapshot.ts';
import type { KnownKeys } from './known-keys.ts';
import type { JoinAdmission } from './membership/join-admission.ts';
import type { Members } from './membership/members.ts';
import type { QuorumState } from './quorum-state.ts';
import type { Reckoning } from './reckoning.ts';

/** Time between two attempts to read the leases while etcd does not answer: milliseconds. */
const TRY_EVERY = 1000;
/** Time between two questions whether a majority answers, while nothing else is asked: milliseconds. */
const CONFIRM_EVERY = 3000;

export interface FollowerParts {
  readonly etcd: Etcd;
  /** GATEWAY_SEGMENT. */
  readonly segment: string;
  readonly keys: Keys;
  readonly known: KnownKeys;
  readonly table: LeaseTable;
  readonly reckoning: Reckoning;
  readonly members: Members;
  readonly mirror: Mirror;
  readonly admission: JoinAdmission;
  readonly quorum: QuorumState;
  readonly clock: Clock;
}

/**
 * Keeps what this gateway knows in step with etcd. It reads all leases once, follows the watch from then on, and asks now
 * and then whether a majority still answers. When etcd turns out to hold other leases, it reads all of them again.
 */
export class Follower {
  readonly #parts: FollowerParts;
  #generation: KnownGeneration | undefined;
  #watch: Watch | undefined;
  #revision: Revision = 0;
  #written = 0;
  #lastTry = Number.NEGATIVE_INFINITY;
  #isTrying = false;
  #isClosed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** The generation that was read; undefined: all leases must be read (again) before anything is granted. */
  get generation(): KnownGeneration | undefined {
    return this.#generation;
  }

  /** The snapshot or the watch has told all changes up to this revision. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The number of keys that the watch has told were written. */
  get written(): number {
    return this.#written;
  }

  get isWatching(): boolean {
    return this.#watch !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Reads the leases unless that is done or under way. Never rejects: `idle` tries again. */
  async start(): Promise<void> {
    if (this.#generation === undefined && !this.#isTrying) await this.#try();
  }

  /** Call it once a second: asks etcd when it is time to. */
  idle(): void {
    const { clock, quorum } = this.#parts;
    const now = clock.monotonic();
    const isWell = quorum.failure === undefined && this.isWatching;
    const isDue = isWell
      ? now - Math.max(this.#lastTry, quorum.confirmedAt) >= CONFIRM_EVERY
      : now - this.#lastTry >= TRY_EVERY;
    if (isDue && !this.#isTrying) void this.#try();
  }

  /**
   * Takes note of an answer of etcd's at `revision`, to a question that was asked after etcd had been at `asked`, and after
   * `askedAt`: monotonic milliseconds.
   *
   * @returns false where the revision has gone back: etcd was restored from a backup, so the answer counts for nothing.
   */
  answered(revision: Revision, asked: Revision, askedAt: number): boolean {
    if (revision < asked) {
      this.failed(
        new OtherGenerationError(
          `etcd was restored from a backup: it has gone back from revision ${asked} to ${revision}`,
        ),
      );
      return false;
    }
    this.#parts.reckoning.completeness.answered(revision, askedAt);
    this.#succeed();
    return true;
  }

  /** Takes note of a call that failed. After an OtherGenerationError all leases are read again. */
  failed(error: unknown): void {
    this.#parts.quorum.askingFailed(error);
    if (!(error instanceof OtherGenerationError)) return;
    this.#parts.members.announce(true);
    this.#generation = undefined;
    this.#watch?.close();
    this.#watch = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  async #try(): Promise<void> {
    this.#isTrying = true;
    const askedAt = this.#parts.clock.monotonic();
    this.#lastTry = askedAt;
    try {
      // After the watch was lost, etcd may be another one than the one that was read.
      if (this.#generation === undefined || this.#watch === undefined)
        this.#begin(await this.#parts.admission.read(), askedAt);
      else await this.#confirm(this.#generation, askedAt);
      if (this.#watch === undefined && !this.#isClosed) this.#follow();
    } catch (error) {
      this.failed(error);
    } finally {
      this.#isTrying = false;
    }
  }

  /** Takes a whole snapshot: leases that are known and not in it are gone. */
  #begin(snapshot: Snapshot & { readonly generation: KnownGeneration }, askedAt: number): void {
    if (this.#isClosed) return;
    const { found, revision, generation } = snapshot;
    const { mirror, known, table, reckoning, members } = this.#parts;
    if (mirror.position?.generation !== generation.id) {
      known.forget();
      table.countFrom(0);
      reckoning.completeness.forget();
      mirror.noteRevisionTimes(reckoning.forget());
    }
    for (const entry of found.values()) known.learnEntry(entry);
    known.keepOnly(new Set(found.keys()), revision);
    members.learnAll(found);
    this.#generation = generation;
    this.#revision = revision;
    reckoning.begin();
    reckoning.completeness.told(revision);
    reckoning.completeness.answered(revision, askedAt);
    table.reached(revision);
    this.#succeed();
    members.announce(false);
  }

  /** Asks a majority whether the generation is still the one that was read. */
  async #confirm(generation: KnownGeneration, askedAt: number): Promise<void> {
    const asked = this.#revision;
    const { etcd, keys } = this.#parts;
    const { found, revision } = await etcd.range(keys.generation, `${keys.generation}\0`);
    if (decodeGeneration(found[0])?.revision !== generation.revision) throw new OtherGenerationError();
    this.answered(revision, asked, askedAt);
  }

  #follow(): void {
    const { etcd, keys } = this.#parts;
    const watch = etcd.watch(keys.prefix, this.#revision + 1, {
      events: (events) => this.#learn(events),
      ended: () => {
        if (this.#watch === watch) this.#watch = undefined;
      },
    });
    this.#watch = watch;
  }

  #learn(events: readonly WatchEvent[]): void {
    const { known, members, table, keys, reckoning } = this.#parts;
    for (const event of events) {
      known.learn(event);
      members.learn(event);
      const key = event.kind === 'put' ? event.entry.key : event.key;
      if (key === keys.generation) this.failed(new OtherGenerationError());
    }
    this.#written += events.length;
    const last = events.at(-1);
    if (last === undefined) return; // A progress notice may overtake the events that it should follow.
    // While a watch catches up, an answer's own revision is that of the store, not that of the events in it.
    const revision = last.kind === 'put' ? last.entry.modRevision : last.modRevision;
    this.#revision = Math.max(this.#revision, revision);
    known.seenUpTo(this.#revision);
    reckoning.completeness.told(this.#revision);
    table.reached(this.#revision);
    this.#noteReached();
  }

  #succeed(): void {
    if (this.#generation === undefined) return;
    this.#parts.quorum.majorityAnswered();
    this.#noteReached();
  }

  #noteReached(): void {
    const { mirror, segment } = this.#parts;
    if (this.#generation !== undefined)
      mirror.reached({ segment, generation: this.#generation.id, revision: this.#revision });
  }
}
