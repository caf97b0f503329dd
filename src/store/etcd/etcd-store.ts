import type { Clock, Random } from '../../lease/clock.ts';
import type { ClockNote } from '../../lease/clock-note.ts';
import type { Instant, Lease } from '../../lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseCounts, LeaseView } from '../../lease/lease-view.ts';
import { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Say } from '../../log/say.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { LeaseStore, Outcome } from '../lease-store.ts';
import type { Mirror } from '../mirror.ts';
import type { Etcd, Revision, Watch } from './client/etcd.ts';
import { CLOCK_GRACE } from './keys/clock-grace.ts';
import { Keys } from './keys/entry.ts';
import { decodeGeneration, type KnownGeneration, OtherGenerationError } from './keys/generation.ts';
import type { Profile } from './keys/heartbeat.ts';
import { OperationIds } from './keys/operation-ids.ts';
import type { Snapshot } from './keys/snapshot.ts';
import { KnownKeys } from './known-keys.ts';
import { Admission } from './membership/admission.ts';
import type { EtcdMaintenance } from './membership/etcd-maintenance.ts';
import type { Members } from './membership/members.ts';
import type { SharingProblem } from './membership/sharing-problem.ts';
import { type Author, planChange } from './planned-change.ts';
import { QuorumState } from './quorum-state.ts';
import { Reckoning } from './reckoning.ts';
import { Sender } from './sender.ts';
import { transactionGroups } from './transaction-groups.ts';

/** At most so many changes in one transaction; etcd takes 128 operations. */
const BATCH_LIMIT = 64;
/** How often a store that failed asks whether there is a majority again, and a lost watch is begun anew: milliseconds. */
const TRY_EVERY = 1000;
/** How often a majority is asked though nothing is to be done: milliseconds. */
const CONFIRM_EVERY = 3000;

export interface EtcdStoreOptions {
  readonly etcd: Etcd;
  /** GATEWAY_SEGMENT: the name of this VXLAN. */
  readonly segment: string;
  /** The node's name, kept with what this gateway grants. */
  readonly node: string;
  readonly mirror: Mirror;
  readonly members: Members;
  /** The exchange's: addresses on their way. */
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly clock: Clock;
  readonly random: Random;
  readonly say: Say;
  readonly maintenance: EtcdMaintenance;
}

/**
 * Leases that several gateways share, in etcd: each change is a transaction that compares the revision of every key it
 * rests on, so that no two gateways can promise one address, and is on the disks of a majority when it is committed.
 * Nothing is settled without that: offers are reserved in etcd too, so that all gateways offer a client the same
 * address, and a refusal is confirmed there. The table follows the watch, and may lag; the comparison never does. What
 * it has before etcd is reached, and while it cannot be, is the mirror's.
 */
export class EtcdStore implements LeaseStore {
  readonly depth = 2;
  readonly batchLimit = BATCH_LIMIT;
  readonly members: Members;
  readonly reckoning: Reckoning;
  readonly #options: EtcdStoreOptions;
  readonly #keys: Keys;
  readonly #table: LeaseTable;
  readonly #known: KnownKeys;
  readonly #admission: Admission;
  readonly #sender: Sender;
  readonly #quorum: QuorumState;
  readonly #operationIds: OperationIds;
  #self: Ipv4 = UNSPECIFIED;
  #lastStoredAt: Instant;
  /** The generation that was read; undefined: all leases must be read (again). */
  #generation: KnownGeneration | undefined;
  #watch: Watch | undefined;
  /** All up to this revision has been seen by the watch or the snapshot. */
  #revision: Revision = 0;
  /** How many keys the watch has seen written. */
  #written = 0;
  #lastTry = Number.NEGATIVE_INFINITY;
  #isTrying = false;
  #isClosed = false;

  /** Call `serveAs` before anything is committed. */
  constructor(options: EtcdStoreOptions) {
    const { etcd, segment, mirror, clock } = options;
    this.#options = options;
    this.members = options.members;
    const operationIds = new OperationIds(options.random);
    this.#operationIds = operationIds;
    this.#keys = new Keys(segment);
    this.reckoning = new Reckoning({
      clock,
      isOwn: (granter) => granter === this.#self,
      isOwnOperation: (id) => operationIds.isOwn(id),
      agrees: () => options.members.agrees,
      differs: () => options.members.differs,
      notes: mirror.known,
    });
    const seed = Math.floor(options.random() * 2 ** 48);
    this.#table = new LeaseTable(options.inFlight, seed, this.reckoning);
    this.#quorum = new QuorumState(clock, this.#table, mirror, options.members);
    this.#known = new KnownKeys(
      this.#keys,
      this.#table,
      this.reckoning,
      (change) => mirror.put(change),
      options.say,
    );
    this.#lastStoredAt = this.#known.loadMirror(mirror, options.node);
    this.#admission = new Admission({
      ...options,
      keys: this.#keys,
      self: () => this.#self,
      newOperationId: () => operationIds.next(),
    });
    this.#sender = new Sender({
      etcd,
      keys: this.#keys,
      known: this.#known,
      clock,
      answered: (revision, asked) => this.#answered(revision, asked),
      failed: (error) => {
        this.#quorum.changeFailed(error);
        this.#fail(error);
      },
      isClosed: () => this.#isClosed,
    });
  }

  get leases(): LeaseView & LeaseCounts {
    return this.#table;
  }

  get failure(): string | undefined {
    return this.#quorum.failure;
  }

  get trouble(): string | undefined {
    return this.#options.mirror.trouble;
  }

  /** What is wrong with etcd's space. */
  get spaceProblems(): readonly SharingProblem[] {
    return this.#options.maintenance.problems;
  }

  get lastStoredAt(): Instant {
    return this.#lastStoredAt;
  }

  get clockNote(): ClockNote | undefined {
    return this.#options.mirror.clockNote;
  }

  noteClock(note: ClockNote): void {
    this.#options.mirror.noteClock(note);
  }

  /**
   * Says who this gateway is, then reads all leases and follows them from then on; if etcd cannot be had, `idle` tries
   * again. Returns what contradicts it: a mistake of the settings, with which nothing is granted.
   */
  async serveAs(listenIp: Ipv4, settings: Omit<Profile, 'listenIp'>): Promise<string | undefined> {
    this.#self = listenIp;
    const contradiction = await this.members.register(
      { listenIp: ipv4ToText(listenIp), ...settings },
      (cause) => this.#options.say('warn', { cause }, 'waiting for another gateway to go'),
    );
    if (contradiction === undefined && this.#generation === undefined && !this.#isTrying) await this.#try();
    return contradiction;
  }

  resolveWithoutCommit(): undefined {
    return undefined;
  }

  async commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    const generation = this.#generation;
    if (generation === undefined || this.members.problem !== undefined) return changes.map(() => 'failed');
    const knownRevision = this.#revision;
    const outcomes: Outcome[] = changes.map(() => 'conflict');
    const author = this.#author();
    const planned = changes.map((change) =>
      this.#table.conflicts(change) ? undefined : planChange(author, change, this.#operationIds.next()),
    );
    for (const group of transactionGroups(planned)) {
      const results = await this.#sender.send(
        group.map(({ plan }) => plan),
        generation,
        knownRevision,
      );
      for (const [position, { index }] of group.entries()) outcomes[index] = results[position] ?? 'unknown';
    }
    for (const [index, { kind, at }] of changes.entries()) {
      const isStored = outcomes[index] === 'committed' && kind === 'binding';
      if (isStored && at > this.#lastStoredAt) this.#lastStoredAt = at;
    }
    return outcomes;
  }

  /** False: a lease ends by how long it has been known here, whatever the wall clock says. */
  isByWallClock({ address }: Lease): boolean {
    return this.#table.isReckoned(address) === false;
  }

  /** What this process granted when it has run out; what others did, who may be gone, after the grace. */
  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[] {
    const expired = this.#table.sweep(now, limit, isOver);
    return expired.filter((lease) => this.isByWallClock(lease) || lease.expiresAt + CLOCK_GRACE <= now);
  }

  prepare(ranges: readonly AddressRange[]): boolean {
    return this.#table.prepare(ranges);
  }

  reserve(address: Ipv4): void {
    this.#table.reserve(address);
  }

  unreserve(address: Ipv4): void {
    this.#table.unreserve(address);
  }

  idle(): void {
    if (this.#isClosed || this.#self === UNSPECIFIED) return;
    void this.members.beat().then((isTaken) => {
      if (isTaken) this.#quorum.heartbeatWritten();
    });
    this.#noteKnown();
    const monotonic = this.#options.clock.monotonic();
    const isWell = this.failure === undefined && this.#watch !== undefined;
    const isFirst = this.#watch !== undefined && this.members.isFirstToCompact;
    this.#options.maintenance.idle({ revision: this.#revision, written: this.#written, isFirst });
    const isDue = isWell
      ? monotonic - Math.max(this.#lastTry, this.#quorum.confirmedAt) >= CONFIRM_EVERY
      : monotonic - this.#lastTry >= TRY_EVERY;
    if (isDue && !this.#isTrying) void this.#try();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch?.close();
    await this.members.leave();
    this.#options.etcd.close();
    await this.#options.mirror.close();
  }

  #noteKnown(): void {
    const notes = this.#generation === undefined ? undefined : this.reckoning.note(this.#revision);
    if (notes !== undefined) this.#options.mirror.noteKnown(notes);
  }

  #author(): Author {
    const { node } = this.#options;
    return {
      keys: this.#keys,
      known: this.#known,
      table: this.#table,
      granter: ipv4ToText(this.#self),
      node,
    };
  }

  async #try(): Promise<void> {
    this.#isTrying = true;
    this.#lastTry = this.#options.clock.monotonic();
    try {
      // Whoever has lost the watch may meet another etcd than the one that it had read.
      if (this.#generation === undefined || this.#watch === undefined)
        this.#begin(await this.#admission.read());
      else await this.#confirm(this.#generation);
      if (this.#watch === undefined && !this.#isClosed) this.#follow();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isTrying = false;
    }
  }

  /** A snapshot of leases that may be granted: what is known and not in it is gone. */
  #begin(snapshot: Snapshot & { readonly generation: KnownGeneration }): void {
    if (this.#isClosed) return;
    const { found, revision, generation } = snapshot;
    if (this.#options.mirror.standing?.generation !== generation.id) {
      this.#known.forget();
      this.#table.countFrom(0);
      this.#options.mirror.noteKnown(this.reckoning.forget());
    }
    for (const entry of found.values()) this.#known.learnEntry(entry);
    this.#known.keepOnly(new Set(found.keys()), revision);
    this.members.learnAll(found);
    this.#generation = generation;
    this.#revision = revision;
    this.reckoning.begin();
    this.#table.reached(revision);
    this.#succeed();
    this.members.announce(false);
  }

  /** Asks a majority whether all is as it was. */
  async #confirm(generation: KnownGeneration): Promise<void> {
    const knownRevision = this.#revision;
    const { etcd } = this.#options;
    const { found, revision } = await etcd.range(this.#keys.generation, `${this.#keys.generation}\0`);
    if (decodeGeneration(found[0])?.revision !== generation.revision) throw new OtherGenerationError();
    this.#answered(revision, knownRevision);
  }

  #follow(): void {
    const watch = this.#options.etcd.watch(this.#keys.prefix, this.#revision + 1, {
      events: (events) => {
        for (const event of events) {
          this.#known.learn(event);
          this.members.learn(event);
          const key = event.kind === 'put' ? event.entry.key : event.key;
          if (key === this.#keys.generation) this.#fail(new OtherGenerationError());
        }
        this.#written += events.length;
        const last = events.at(-1);
        if (last === undefined) return; // A progress notice may overtake the events that it should follow.
        // Of a watch that catches up the answer's own revision is that of the store, and not of what it brings.
        this.#revision = Math.max(
          this.#revision,
          last.kind === 'put' ? last.entry.modRevision : last.modRevision,
        );
        this.#known.seenUpTo(this.#revision);
        this.#table.reached(this.#revision);
        this.#noteReached();
      },
      ended: () => {
        if (this.#watch === watch) this.#watch = undefined;
      },
    });
    this.#watch = watch;
  }

  /** False: its revision has gone back, so it is not what it was, and must be read anew. */
  #answered(revision: Revision, asked: Revision): boolean {
    if (revision < asked) {
      this.#fail(new OtherGenerationError(`etcd was put back from revision ${asked} to ${revision}`));
      return false;
    }
    this.#succeed();
    return true;
  }

  #succeed(): void {
    if (this.#generation === undefined) return;
    this.#quorum.majorityAnswered();
    this.#noteReached();
  }

  #noteReached(): void {
    const { mirror, segment } = this.#options;
    if (this.#generation !== undefined)
      mirror.reached({ segment, generation: this.#generation.id, revision: this.#revision });
  }

  /** After an OtherGenerationError all leases must be read again. */
  #fail(error: unknown): void {
    this.#quorum.askingFailed(error);
    if (!(error instanceof OtherGenerationError)) return;
    this.members.announce(true);
    this.#generation = undefined;
    this.#watch?.close();
    this.#watch = undefined;
  }
}
