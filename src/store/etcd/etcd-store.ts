import type { Clock, Random } from '../../lease/clock.ts';
import type { ClockNote } from '../../lease/clock-note.ts';
import type { Instant, Lease } from '../../lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseCounts, LeaseView } from '../../lease/lease-view.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import { CommitCheck } from '../../lease-table/commit-check.ts';
import { LeaseTable } from '../../lease-table/lease-table.ts';
import { ReservationTable } from '../../lease-table/reservation-table.ts';
import type { Say } from '../../log/say.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { LeaseStore, Outcome, UnreadableKey, WhatIsWritten } from '../lease-store.ts';
import type { Mirror } from '../mirror.ts';
import type { Etcd } from './client/etcd.ts';
import { Follower } from './follower.ts';
import { CLOCK_GRACE } from './keys/clock-grace.ts';
import type { Profile } from './keys/heartbeat.ts';
import { Keys } from './keys/keys.ts';
import { OperationIds } from './keys/operation-ids.ts';
import { KnownKeys } from './known-keys.ts';
import { KnownReservations } from './known-reservations.ts';
import type { EtcdMaintenance, MembersLook } from './membership/etcd-maintenance.ts';
import { JoinAdmission } from './membership/join-admission.ts';
import type { Members } from './membership/members.ts';
import type { SharingProblem } from './membership/sharing-problem.ts';
import { planChange, type WritingGateway } from './planned-change.ts';
import { unreadableKeyOf } from './planned-reservations.ts';
import { QuorumState } from './quorum-state.ts';
import { Reckoning } from './reckoning.ts';
import { Sender } from './sender.ts';
import { transactionGroups } from './transaction-groups.ts';

/** The most changes in one transaction; etcd takes 128 operations. */
const BATCH_LIMIT = 64;
/** What the version of an offer is greater than that of the one before it. */
const OFFER_STEP = 2 ** -16;

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
 * Leases that several gateways share, in etcd. Each change is a transaction that compares the revision of every key it
 * rests on, so two gateways cannot promise one address; a committed change is on the disks of a majority. Checks are
 * committed too. Offers are not: each gateway has its own in memory, and of two clients that were offered one address the
 * first one that asks for it gets it. Offers that an older version has put into etcd count until they end. The table follows
 * the watch and may lag; the comparison never does. Until etcd has answered, and while it does not, the table holds what the
 * mirror has.
 */
export class EtcdStore implements LeaseStore {
  readonly depth = 2;
  readonly batchLimit = BATCH_LIMIT;
  readonly members: Members;
  readonly reckoning: Reckoning;
  readonly #options: EtcdStoreOptions;
  readonly #keys: Keys;
  readonly #table: LeaseTable;
  readonly #reservations: ReservationTable;
  readonly #known: KnownKeys;
  readonly #follower: Follower;
  readonly #sender: Sender;
  readonly #quorum: QuorumState;
  readonly #operationIds: OperationIds;
  #self: Ipv4 = UNSPECIFIED;
  #lastStoredAt: Instant;

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
      agrees: () => options.members.clocks.agrees,
      differs: () => options.members.clocks.differs,
      notes: mirror.revisionTimes,
    });
    const seed = Math.floor(options.random() * 2 ** 48);
    this.#table = new LeaseTable(options.inFlight, seed, this.reckoning);
    this.#reservations = new ReservationTable(this.#table);
    this.#quorum = new QuorumState(clock, this.#table, mirror, options.members);
    this.#known = new KnownKeys(
      this.#keys,
      this.#table,
      this.reckoning,
      (change) => mirror.put(change),
      new KnownReservations(
        this.#keys,
        this.#reservations,
        (change) => mirror.putReservation(change),
        options.say,
      ),
      options.say,
    );
    this.#lastStoredAt = this.#known.loadMirror(mirror, options.node);
    const admission = new JoinAdmission({
      ...options,
      keys: this.#keys,
      self: () => this.#self,
      newOperationId: () => operationIds.next(),
    });
    this.#follower = new Follower({
      ...options,
      keys: this.#keys,
      known: this.#known,
      table: this.#table,
      reckoning: this.reckoning,
      admission,
      quorum: this.#quorum,
    });
    this.#sender = new Sender({
      etcd,
      keys: this.#keys,
      known: this.#known,
      clock,
      answered: (...answer) => this.#follower.answered(...answer),
      failed: (error) => {
        this.#quorum.changeFailed(error);
        this.#follower.failed(error);
      },
      isClosed: () => this.#follower.isClosed,
    });
  }

  get leases(): LeaseView & LeaseCounts {
    return this.#table;
  }

  get reservations(): Reservations {
    return this.#reservations;
  }

  get failure(): string | undefined {
    return this.#options.maintenance.withReach(this.#quorum);
  }

  get trouble(): string | undefined {
    return this.#options.mirror.trouble;
  }

  /** What is wrong with etcd's space. */
  get spaceProblems(): readonly SharingProblem[] {
    return this.#options.maintenance.problems;
  }

  /** etcd's members, as they were when they were looked at last. */
  get etcdMembers(): MembersLook {
    return this.#options.maintenance.members;
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
   * Registers this gateway, then reads all leases and follows their changes. If etcd does not answer, `idle` tries again.
   *
   * @returns Why another gateway contradicts this one's settings, so that it may not grant; undefined: none does.
   */
  async serveAs(listenIp: Ipv4, settings: Omit<Profile, 'listenIp'>): Promise<string | undefined> {
    this.#self = listenIp;
    const contradiction = await this.members.register(
      { listenIp: ipv4ToText(listenIp), ...settings },
      (cause) => this.#options.say('warn', { cause }, 'waiting for another gateway to go'),
    );
    if (contradiction === undefined) await this.#follower.start();
    return contradiction;
  }

  /** Offers; if no majority has answered just now, etcd is asked first whether all is as the offer expects. */
  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit' {
    if (change.kind !== 'offer') return 'needs-commit';
    return this.#quorum.hasJustAnswered || isWithdrawal(change) ? this.#offer(change) : 'needs-commit';
  }

  /** Says other settings than at `serveAs` from now on; those that must be equal are. */
  describe(settings: Omit<Profile, 'listenIp'>): void {
    this.members.describe(settings);
  }

  async commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    const { generation, revision } = this.#follower;
    if (generation === undefined || this.members.problem !== undefined) return changes.map(() => 'failed');
    const outcomes: Outcome[] = changes.map(() => 'conflict');
    const author = this.#author();
    const check = new CommitCheck(this.#table, this.#reservations);
    const planned = changes.map((change) =>
      check.conflicts(change) ? undefined : planChange(author, change, this.#operationIds.next()),
    );
    for (const group of transactionGroups(planned)) {
      const results = await this.#sender.send(
        group.map(({ plan }) => plan),
        generation,
        revision,
      );
      for (const [position, { index }] of group.entries()) outcomes[index] = results[position] ?? 'unknown';
    }
    for (const [index, change] of changes.entries()) {
      if (outcomes[index] !== 'committed') continue;
      if (change.kind === 'offer') outcomes[index] = this.#offer(change);
      else if (change.kind === 'binding' && change.at > this.#lastStoredAt) this.#lastStoredAt = change.at;
      for (const address of planned[index]?.withdrawn ?? []) this.#table.withdrawOffer(address);
    }
    return outcomes;
  }

  unreadableKey(change: WhatIsWritten): UnreadableKey | undefined {
    return unreadableKeyOf(this.#author(), change);
  }

  /** False: a lease ends by how long it has been known here, whatever the wall clock says. */
  isByWallClock({ address }: Lease): boolean {
    return this.#table.hasEstimatedEnd(address) === false;
  }

  /** Expired leases: those that this process granted at once, those of other gateways after the grace. */
  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[] {
    const expired = this.#table.sweep(now, limit, isOver);
    return expired.filter((lease) => this.isByWallClock(lease) || lease.expiresAt + CLOCK_GRACE <= now);
  }

  prepare(ranges: readonly AddressRange[]): boolean {
    return this.#table.prepare(ranges);
  }

  idle(): void {
    const { isClosed, isWatching, generation, revision, written } = this.#follower;
    if (isClosed || this.#self === UNSPECIFIED) return;
    void this.members.renewHeartbeat().then((isTaken) => {
      if (isTaken) this.#quorum.heartbeatWritten();
    });
    const notes = generation === undefined ? undefined : this.reckoning.note(revision);
    if (notes !== undefined) this.#options.mirror.noteRevisionTimes(notes);
    const isFirst = isWatching && this.members.isFirstToCompact;
    this.#options.maintenance.idle({ revision, written, isFirst, quorum: this.#quorum });
    this.#follower.idle();
  }

  carry(milliseconds: number): Promise<boolean> {
    return this.#options.mirror.carry?.(milliseconds) ?? Promise.resolve(true);
  }

  async close(): Promise<void> {
    if (this.#follower.isClosed) return;
    this.#follower.close();
    await this.members.leave();
    this.#options.etcd.close();
    await this.#options.mirror.close();
  }

  /** Its version lies between two revisions of etcd: newer than all that is known, older than all that is not. */
  #offer(change: LeaseChange): 'committed' | 'conflict' {
    const { revision } = this.#table;
    if (this.#table.conflicts(change)) return 'conflict';
    const latest = Math.floor(revision) + 1 - OFFER_STEP;
    this.#table.apply(change, Math.min(revision + OFFER_STEP, latest));
    return 'committed';
  }

  #author(): WritingGateway {
    const granter = ipv4ToText(this.#self);
    return { keys: this.#keys, known: this.#known, table: this.#table, granter, node: this.#options.node };
  }
}

/** True: it ends offers, and makes none. */
function isWithdrawal({ writes }: LeaseChange): boolean {
  return writes.every(({ next }) => next !== 'precondition-only' && next.state === 'free');
}
