import type { Clock } from '../../src/lease/clock.ts';
import type { ClockNote } from '../../src/lease/clock-note.ts';
import type { Instant, Lease } from '../../src/lease/lease.ts';
import { instant } from '../../src/lease/lease.ts';
import type { AddressRange, LeaseChange } from '../../src/lease/lease-view.ts';
import type { Reservation, ReservationWrite } from '../../src/lease/reservation/reservation.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { ReservationTable } from '../../src/lease-table/reservation-table.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { HeardSelection, LastHeard, LeaseStore, Outcome } from '../../src/store/lease-store.ts';

/**
 * What becomes of a change. 'compare': what a sound store does, committed or conflict. 'conflict' and 'failed' write
 * nothing. 'unknown': nothing was written; 'unknown but written': it was, if the comparison holds.
 */
export type Fate = 'compare' | 'conflict' | 'failed' | 'unknown' | 'unknown but written';

/** How one commit goes. */
export interface CommitStep {
  /** Of every change, or of each one in order (the last counts for the rest). */
  readonly fate?: Fate | readonly Fate[];
  /** Milliseconds of the clock, or until the test calls `release`; absent: at once, as the embedded store. */
  readonly takes?: number | 'until released';
}

export interface MemoryStoreOptions {
  /** The exchange's: addresses on their way. */
  readonly inFlight?: ReadonlySet<Ipv4>;
  /** Required for steps that take milliseconds. */
  readonly clock?: Clock;
  readonly depth?: number;
  readonly batchLimit?: number;
  /** False: offers and checks must be committed too, as with a shared store. */
  readonly resolves?: boolean;
  /** What is stored at the start. */
  readonly leases?: readonly Lease[];
  readonly reservations?: readonly Reservation[];
  readonly lastHeard?: LastHeard;
  readonly heardSelections?: readonly HeardSelection[];
}

/** A lease store without a disk, whose commits go as a test wants them to. */
export class MemoryStore implements LeaseStore {
  readonly table: LeaseTable;
  readonly reservations: ReservationTable;
  readonly depth: number;
  readonly batchLimit: number;
  /** Every batch that was handed to `commit`. */
  readonly commits: (readonly LeaseChange[])[] = [];
  failure: string | undefined;
  trouble: string | undefined;
  lastStoredAt: Instant = instant(0);
  clockNote: ClockNote | undefined;
  /** How often `idle` was called. */
  idled = 0;
  closed = false;
  lastHeard: LastHeard;
  heardSelections: readonly HeardSelection[];
  /** How often lastHeard were noted. */
  noted = 0;
  readonly #resolves: boolean;
  readonly #clock: Clock | undefined;
  readonly #script: CommitStep[] = [];
  #otherwise: CommitStep = {};
  readonly #underWay = new Set<readonly LeaseChange[]>();
  readonly #held: (() => void)[] = [];
  #waitingToClose: (() => void)[] = [];

  constructor(options: MemoryStoreOptions) {
    this.table = new LeaseTable(options.inFlight ?? new Set(), 0);
    this.reservations = new ReservationTable(this.table);
    this.depth = options.depth ?? 1;
    this.batchLimit = options.batchLimit ?? 512;
    this.#resolves = options.resolves ?? true;
    this.#clock = options.clock;
    this.lastHeard = options.lastHeard ?? new Map();
    this.heardSelections = options.heardSelections ?? [];
    for (const lease of options.leases ?? []) this.#load(lease);
    for (const reservation of options.reservations ?? []) {
      this.reservations.put(reservation);
      this.table.reached(reservation.version);
    }
  }

  get leases(): LeaseTable {
    return this.table;
  }

  /** How many commits have not ended. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** The next commits go as these steps say, one each; after them as `otherwise` says. */
  script(...steps: readonly CommitStep[]): void {
    this.#script.push(...steps);
  }

  /** How every commit goes that the script has no step for. */
  otherwise(step: CommitStep): void {
    this.#otherwise = step;
  }

  /** Ends the oldest commit that is held until released; false if there is none. */
  release(): boolean {
    const end = this.#held.shift();
    end?.();
    return end !== undefined;
  }

  /** Nothing can be promised, for this reason; undefined: it can again. */
  setFailure(reason: string | undefined): void {
    this.failure = reason;
    this.table.canPromise = reason === undefined;
  }

  /** A change by somebody else, as from another gateway; throws if it rests on something that has moved. */
  applyForeign(change: LeaseChange): void {
    if (this.#compare(change) !== 'committed') throw new Error(`conflict: ${JSON.stringify(change)}`);
  }

  /** True if a change rests on something that has moved. */
  conflicts(change: LeaseChange): boolean {
    return this.table.conflicts(change) || this.reservations.check().conflicts(change.reservations ?? []);
  }

  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit' {
    if (!this.#resolves || change.kind === 'binding') return 'needs-commit';
    if (this.table.conflicts(change)) return 'conflict';
    this.table.apply(change);
    return 'committed';
  }

  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    this.#assertAllowed(changes);
    this.commits.push(changes);
    this.#underWay.add(changes);
    const step = this.#script.shift() ?? this.#otherwise;
    return new Promise((resolve) => {
      const end = () => resolve(this.#end(changes, step));
      if (step.takes === undefined) end();
      else if (step.takes === 'until released') this.#held.push(end);
      else if (this.#clock === undefined) throw new Error('a commit that takes time needs a clock');
      else this.#clock.after(step.takes, end);
    });
  }

  noteClock(note: ClockNote): void {
    this.clockNote = note;
  }

  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[] {
    return this.table.sweep(now, limit, isOver);
  }

  noteLastHeard(lastHeard: LastHeard): void {
    this.lastHeard = lastHeard;
    this.noted += 1;
  }

  noteHeardSelections(selections: readonly HeardSelection[]): void {
    this.heardSelections = selections;
  }

  prepare(ranges: readonly AddressRange[]): boolean {
    return this.table.prepare(ranges);
  }

  idle(_now: Instant): void {
    this.idled += 1;
  }

  close(): Promise<void> {
    this.closed = true;
    if (this.#underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingToClose.push(resolve));
  }

  #end(changes: readonly LeaseChange[], step: CommitStep): readonly Outcome[] {
    this.#underWay.delete(changes);
    const fates = typeof step.fate === 'string' ? [step.fate] : (step.fate ?? ['compare']);
    const outcomes = changes.map((change, index) => this.#meet(change, fates[index] ?? fates.at(-1)));
    if (this.#underWay.size === 0) for (const resolve of this.#waitingToClose.splice(0)) resolve();
    return outcomes;
  }

  #meet(change: LeaseChange, fate: Fate = 'compare'): Outcome {
    if (fate === 'compare') return this.#compare(change);
    if (fate === 'unknown but written') this.#compare(change);
    return fate === 'unknown but written' ? 'unknown' : fate;
  }

  #compare(change: LeaseChange): Outcome {
    if (this.conflicts(change)) return 'conflict';
    this.table.apply(change);
    for (const write of change.reservations ?? []) this.#reserve(write);
    if (change.kind === 'binding' && change.at > this.lastStoredAt) this.lastStoredAt = change.at;
    return 'committed';
  }

  #reserve(write: ReservationWrite): void {
    const version = this.table.revision + 1;
    this.reservations.apply(write, version);
    this.table.reached(version);
  }

  #load(lease: Lease): void {
    this.table.load(lease);
    if (lease.updatedAt > this.lastStoredAt) this.lastStoredAt = lease.updatedAt;
  }

  /** What the exchange owes every store. */
  #assertAllowed(changes: readonly LeaseChange[]): void {
    if (this.closed) throw new Error('commit after close');
    if (this.#underWay.size >= this.depth) throw new Error(`more than ${this.depth} commits under way`);
    if (changes.length === 0 || changes.length > this.batchLimit)
      throw new Error(`${changes.length} changes at once`);
    const seen = new Set<string | Ipv4>();
    for (const batch of [...this.#underWay, changes]) {
      for (const change of batch) {
        for (const key of [change.client, ...change.writes.map((write) => write.address)]) {
          if (seen.has(key)) throw new Error(`${key} is in two changes at once`);
          seen.add(key);
        }
      }
    }
  }
}

export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options);
}
