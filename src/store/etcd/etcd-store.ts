import type { Clock, Random } from '../../lease/clock.ts';
import { type Instant, instant, type Lease } from '../../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../lease/lease-view.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { LeaseStore, Outcome } from '../lease-store.ts';
import { LeaseTable } from '../lease-table.ts';
import { decodeEntry, Keys } from './entry.ts';
import {
  type Etcd,
  EtcdError,
  endOfPrefix,
  type OperationResult,
  type Revision,
  type TransactionResult,
  type Watch,
} from './etcd.ts';
import { groupsOf } from './groups.ts';
import { KnownKeys } from './known-keys.ts';
import { type Author, type PlannedChange, planChange } from './planned-change.ts';

/** At most so many changes in one transaction; etcd takes 128 operations. */
const BATCH_LIMIT = 64;
/** So long the same transaction is sent again while its outcome is unknown: milliseconds. */
const RETRY_BUDGET = 3000;
const RETRY_AFTER = 50;
/** How often a store that failed asks whether there is a majority again, and a lost watch is begun anew: milliseconds. */
const TRY_EVERY = 1000;
/** The clocks of two gateways may differ by this before another one's lease is swept: milliseconds. */
const GRACE = 60_000;
const PAGE_KEYS = 500;

export interface EtcdStoreOptions {
  readonly etcd: Etcd;
  /** GATEWAY_SEGMENT: the name of this VXLAN. */
  readonly segment: string;
  /** The server identifier and the node's name, kept with what this gateway grants. */
  readonly self: Ipv4;
  readonly node: string;
  /** The exchange's: addresses on their way. */
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Leases that several gateways share, in etcd: each change is a transaction that compares the revision of every key it
 * rests on, so that no two gateways can promise one address, and is on the disks of a majority when it is committed.
 * Nothing is settled without that: offers are reserved in etcd too, so that all gateways offer a client the same
 * address, and a refusal is confirmed there. The table follows the watch, and may lag; the comparison never does.
 */
export class EtcdStore implements LeaseStore {
  readonly depth = 2;
  readonly batchLimit = BATCH_LIMIT;
  readonly trouble = undefined;
  readonly #etcd: Etcd;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #table: LeaseTable;
  readonly #known: KnownKeys;
  readonly #author: Author;
  #failure: string | undefined = 'the leases have not been read yet';
  #lastStoredAt: Instant = instant(0);
  #watch: Watch | undefined;
  /** All up to this revision has been seen by the watch or the snapshot. */
  #seen: Revision = 0;
  #lastTry = Number.NEGATIVE_INFINITY;
  #isTrying = false;
  #isClosed = false;

  /** Call `open` before anything else. */
  constructor(options: EtcdStoreOptions) {
    const keys = new Keys(options.segment);
    this.#etcd = options.etcd;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#table = new LeaseTable(options.inFlight, Math.floor(options.random() * 2 ** 48));
    this.#table.canPromise = false;
    this.#known = new KnownKeys(keys, this.#table, options.self);
    const granter = ipv4ToText(options.self);
    this.#author = { keys, known: this.#known, table: this.#table, granter, node: options.node };
  }

  get leases(): LeaseView {
    return this.#table;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  get lastStoredAt(): Instant {
    return this.#lastStoredAt;
  }

  /** Reads all leases and follows them from then on; if etcd cannot be had, `idle` tries again. */
  open(): Promise<void> {
    return this.#try();
  }

  settle(): undefined {
    return undefined;
  }

  async commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = changes.map(() => 'conflict');
    const planned = changes.map((change) =>
      this.#table.conflicts(change) ? undefined : planChange(this.#author, change, this.#newOp()),
    );
    for (const group of groupsOf(planned)) {
      const results = await this.#send(group.map(({ plan }) => plan));
      for (const [index, { place }] of group.entries()) outcomes[place] = results[index] ?? 'unknown';
    }
    for (const [index, { kind, at }] of changes.entries()) {
      const isStored = outcomes[index] === 'committed' && kind === 'binding';
      if (isStored && at > this.#lastStoredAt) this.#lastStoredAt = at;
    }
    return outcomes;
  }

  /** One's own leases when they have run out; those of others, who may be gone, after the grace. */
  sweep(now: Instant, limit: number): readonly Lease[] {
    const expired = this.#table.sweep(now, limit);
    return expired.filter(({ granter, expiresAt }) => granter === UNSPECIFIED || expiresAt + GRACE <= now);
  }

  idle(): void {
    const isWell = this.#failure === undefined && this.#watch !== undefined;
    if (isWell || this.#isClosed || this.#isTrying) return;
    if (this.#clock.monotonic() - this.#lastTry >= TRY_EVERY) void this.#try();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#watch?.close();
    this.#etcd.close();
    return Promise.resolve();
  }

  /** 32 hexadecimal digits. */
  #newOp(): string {
    let op = '';
    while (op.length < 32)
      op += Math.floor(this.#random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    return op;
  }

  /** One transaction of several, each with an outcome of its own, again and again while it is unknown. */
  async #send(plans: readonly PlannedChange[]): Promise<readonly Outcome[]> {
    const begin = this.#clock.monotonic();
    const success = plans.map(({ transaction }) => ({ kind: 'transaction', transaction }) as const);
    for (;;) {
      try {
        const { results, revision } = await this.#etcd.transact({ compare: [], success, failure: [] });
        this.#succeed();
        const outcomes = plans.map((plan, index) =>
          this.#outcomeOf(plan, nestedIn(results[index]), revision),
        );
        await this.#learnBindings(plans.filter((_, index) => outcomes[index] === 'conflict'));
        return outcomes;
      } catch (error) {
        this.#fail(error);
        if (!(error instanceof EtcdError) || error.fault !== 'unknown') return plans.map(() => 'failed');
        if (this.#isClosed || this.#clock.monotonic() - begin >= RETRY_BUDGET)
          return plans.map(() => 'unknown');
        await new Promise<void>((resolve) => this.#clock.after(RETRY_AFTER, resolve));
      }
    }
  }

  #outcomeOf(plan: PlannedChange, result: TransactionResult | undefined, revision: Revision): Outcome {
    if (result === undefined) return 'unknown';
    if (result.succeeded) {
      for (const operation of plan.transaction.success) this.#learnWritten(operation, revision);
      return 'committed';
    }
    let isOurs = false;
    for (const [index, operation] of plan.transaction.failure.entries()) {
      const read = result.results[index];
      if (operation.kind !== 'get' || read?.kind !== 'get') continue;
      if (read.found === undefined) this.#known.learnGone(operation.key, revision);
      else {
        this.#known.learnEntry(read.found);
        isOurs ||= decodeEntry(read.found)?.op === plan.op;
      }
    }
    return isOurs ? 'committed' : 'conflict'; // Our own mark: an earlier attempt, whose answer was lost, had succeeded.
  }

  #learnWritten(operation: PlannedChange['transaction']['success'][number], revision: Revision): void {
    if (operation.kind === 'delete') this.#known.learnGone(operation.key, revision);
    else if (operation.kind === 'put') {
      const { key, value } = operation;
      this.#known.learnEntry({ key, value, createRevision: 0, modRevision: revision, etcdLease: '0' });
    }
  }

  /** A client's key may point to an address that is not known here yet: the next decision needs it. */
  async #learnBindings(plans: readonly PlannedChange[]): Promise<void> {
    for (const { transaction } of plans) {
      for (const operation of transaction.failure) {
        if (operation.kind !== 'get') continue;
        const client = this.#author.keys.clientOf(operation.key);
        const address = client === undefined ? undefined : ipv4FromText(this.#known.addressOf(client));
        if (address === undefined) continue;
        const key = this.#author.keys.ofAddress(address);
        try {
          const { found } = await this.#etcd.range(key, `${key}\0`);
          if (found[0] !== undefined) this.#known.learnEntry(found[0]);
        } catch {
          return; // The watch will tell.
        }
      }
    }
  }

  async #try(): Promise<void> {
    this.#isTrying = true;
    this.#lastTry = this.#clock.monotonic();
    try {
      if (this.#seen === 0) await this.#readAll();
      else await this.#etcd.range(this.#author.keys.prefix, `${this.#author.keys.prefix}\0`); // By a majority.
      this.#succeed();
      if (this.#watch === undefined) this.#follow();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isTrying = false;
    }
  }

  /** A snapshot at one revision, a page at a time. What is known and not in it is gone. */
  async #readAll(): Promise<void> {
    const { prefix } = this.#author.keys;
    const end = endOfPrefix(prefix);
    let revision: Revision | undefined;
    const found = new Set<string>();
    for (let first = prefix; ; ) {
      const options = revision === undefined ? { limit: PAGE_KEYS } : { limit: PAGE_KEYS, revision };
      const page = await this.#etcd.range(first, end, options);
      revision ??= page.revision;
      for (const entry of page.found) {
        this.#known.learnEntry(entry);
        found.add(entry.key);
      }
      const last = page.found.at(-1);
      if (!page.more || last === undefined) break;
      first = `${last.key}\0`;
    }
    this.#known.keepOnly(found, revision);
    this.#seen = revision;
    this.#table.reached(revision);
  }

  #follow(): void {
    const watch = this.#etcd.watch(this.#author.keys.prefix, this.#seen + 1, {
      events: (events, revision) => {
        for (const event of events) this.#known.learn(event);
        if (events.length === 0) return; // A sign of life may overtake what it should follow.
        this.#seen = Math.max(this.#seen, revision);
        this.#table.reached(this.#seen);
      },
      ended: (why) => {
        if (this.#watch === watch) this.#watch = undefined;
        if (why === 'compacted') this.#seen = 0;
      },
    });
    this.#watch = watch;
  }

  #succeed(): void {
    if (this.#seen === 0) return;
    this.#failure = undefined;
    this.#table.canPromise = true;
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    this.#table.canPromise = false;
  }
}

function nestedIn(result: OperationResult | undefined): TransactionResult | undefined {
  return result?.kind === 'transaction' ? result.result : undefined;
}
