import {
  type Alarm,
  type AskedMember,
  type Etcd,
  EtcdError,
  type EtcdOperation,
  type KeyValue,
  type MemberStatus,
  type OperationResult,
  type RangeOptions,
  type RangeResult,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchEvent,
  type WatchListener,
} from '../../src/store/etcd/client/etcd.ts';

/** What becomes of one transaction: its answer is lost after it happened, it never happens, or it is refused. */
export type Mishap = 'answer lost' | 'never happens' | 'refused';

interface Watching {
  readonly prefix: string;
  readonly listener: WatchListener;
}

/** A cluster of etcd in memory: linearizable, with a history that can be compacted. All that connect to it see one store. */
export class MemoryCluster {
  readonly keys = new Map<string, KeyValue>();
  revision = 1;
  /** The next transactions go wrong in this way. */
  readonly mishaps: Mishap[] = [];
  /** Nobody is answered. */
  isDown = false;
  /** Watchers hear nothing until it is false again. */
  isWatchStalled = false;
  /** How many leases of its own it has granted; none ends by itself. */
  etcdLeases = 0;
  /**
   * The alarm NOSPACE: no lease of its own is granted, and nothing is put. Up to etcd 3.4.23, and later before
   * https://github.com/etcd-io/etcd/pull/22134, what a nested transaction puts is not counted.
   */
  full: 'no' | 'but for nested puts' | 'wholly' = 'no';
  /** Of its database; a compaction frees what is in use, and not the file. */
  databaseBytes = 100_000;
  usedBytes = 100_000;
  /** 0: it does not say so. */
  quotaBytes = 0;
  readonly alarms: Alarm[] = [];
  /** Leases of its own that somebody has kept alive since `lapse`. */
  readonly keptAlive = new Set<string>();
  /** A mistake on purpose: what was compared does not matter. */
  isBlind = false;
  #history: WatchEvent[] = [];
  #compacted = 0;
  readonly #watching = new Set<Watching>();
  readonly #told = new Map<Watching, number>();

  connect(): Etcd {
    return new MemoryEtcd(this);
  }

  transact(transaction: Transaction): TransactionResult {
    checkSize(transaction, MOST_OPERATIONS);
    keysOf(transaction.success);
    keysOf(transaction.failure);
    if (this.#isTooMuch(transaction)) throw new EtcdError('refused', 'database space exceeded');
    const written = new Set<string>();
    const next = this.revision + 1;
    const result = this.#run(transaction, next, written);
    if (written.size > 0) this.revision = next;
    this.deliver();
    return { ...result, revision: this.revision };
  }

  range(
    first: string,
    end: string,
    { revision, limit = Number.POSITIVE_INFINITY }: RangeOptions,
  ): RangeResult {
    if (revision !== undefined && revision < this.#compacted)
      throw new EtcdError('compacted', 'it is compacted');
    const all = [...this.keys.values()]
      .filter(({ key }) => key >= first && (end === '\0' || key < end))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    return { revision: this.revision, found: all.slice(0, limit), more: all.length > limit };
  }

  watch(prefix: string, from: number, listener: WatchListener): Watch {
    const watching = { prefix, listener };
    if (from <= this.#compacted) {
      queueMicrotask(() => listener.ended('compacted', 'it is compacted'));
      return { close: () => {} };
    }
    this.#watching.add(watching);
    this.#told.set(watching, from - 1);
    this.deliver();
    return { close: () => void this.#watching.delete(watching) };
  }

  memberStatus(): MemberStatus {
    const { revision, databaseBytes, usedBytes, quotaBytes } = this;
    const numbers = { clusterId: '1', memberId: '1', leader: '1' };
    return { endpoint: 'memory', ...numbers, revision, version: '3.4', databaseBytes, usedBytes, quotaBytes };
  }

  /** Ends all watches, as the death of a member does. */
  loseWatches(): void {
    for (const watching of [...this.#watching]) {
      this.#watching.delete(watching);
      watching.listener.ended('lost', 'the member is gone');
    }
  }

  /** The keys of a lease of etcd's own end with it. */
  endEtcdLease(etcdLease: string): void {
    const keys = [...this.keys.values()].filter((entry) => entry.etcdLease === etcdLease);
    const success = keys.map(({ key }) => ({ kind: 'delete', key }) as const);
    if (keys.length > 0) this.transact({ compare: [], success, failure: [] });
  }

  /** So much time passes that the leases end which nobody has kept alive since the last call. */
  lapse(): void {
    for (const { etcdLease } of [...this.keys.values()])
      if (etcdLease !== '0' && !this.keptAlive.has(etcdLease)) this.endEtcdLease(etcdLease);
    this.keptAlive.clear();
  }

  /** All data is lost, and the members begin anew: everybody's connections too. */
  empty(): void {
    this.keys.clear();
    this.#begin(1);
  }

  /** A backup; called, it puts all back as it was. */
  snapshot(): () => void {
    const keys = [...this.keys];
    const { revision } = this;
    return () => {
      this.keys.clear();
      for (const [key, entry] of keys) this.keys.set(key, entry);
      this.#begin(revision);
    };
  }

  #begin(revision: number): void {
    this.revision = revision;
    this.#history = [];
    this.#compacted = 0;
    this.loseWatches();
  }

  get compacted(): number {
    return this.#compacted;
  }

  compact(revision = this.revision): void {
    if (revision <= this.#compacted || revision > this.revision)
      throw new EtcdError('compacted', 'required revision has been compacted');
    this.#compacted = revision;
    this.#history = this.#history.filter((event) => revisionOf(event) > revision);
  }

  /** Tells the watchers what they have not heard. */
  deliver(): void {
    if (this.isWatchStalled) return;
    for (const watching of [...this.#watching]) {
      const told = this.#told.get(watching) ?? 0;
      if (told < Math.min(this.#compacted, this.revision)) {
        this.#watching.delete(watching);
        watching.listener.ended('compacted', 'it is compacted');
        continue;
      }
      const events = this.#since(told).filter((event) => keyOf(event).startsWith(watching.prefix));
      this.#told.set(watching, this.revision);
      if (events.length > 0) watching.listener.events(events, this.revision);
    }
  }

  /** What happened after a revision. */
  #since(told: number): readonly WatchEvent[] {
    let first = this.#history.length;
    for (; first > 0; first -= 1) {
      const event = this.#history[first - 1];
      if (event === undefined || revisionOf(event) <= told) break;
    }
    return this.#history.slice(first);
  }

  #isTooMuch({ success, failure }: Transaction): boolean {
    if (this.full === 'no') return false;
    return [...success, ...failure].some(
      (operation) =>
        operation.kind === 'put' ||
        (this.full === 'wholly' &&
          operation.kind === 'transaction' &&
          this.#isTooMuch(operation.transaction)),
    );
  }

  #run(transaction: Transaction, next: number, written: Set<string>): TransactionResult {
    const succeeded = transaction.compare.every((compare) => {
      if (this.isBlind) return true;
      const found = this.keys.get(compare.key);
      if ('value' in compare) return found !== undefined && Buffer.compare(found.value, compare.value) === 0;
      return (found?.modRevision ?? 0) === compare.modRevision;
    });
    const branch = succeeded ? transaction.success : transaction.failure;
    const results = branch.map((operation) => this.#operate(operation, next, written));
    return { succeeded, revision: next, results };
  }

  #operate(operation: EtcdOperation, next: number, written: Set<string>): OperationResult {
    if (operation.kind === 'transaction')
      return { kind: 'transaction', result: this.#run(operation.transaction, next, written) };
    const { key } = operation;
    if (operation.kind === 'get') return { kind: 'get', found: this.keys.get(key) };
    if (written.has(key)) throw new EtcdError('refused', 'duplicate key given in txn request');
    written.add(key);
    if (operation.kind === 'delete') {
      if (this.keys.delete(key)) this.#history.push({ kind: 'delete', key, modRevision: next });
      return { kind: 'delete' };
    }
    const createRevision = this.keys.get(key)?.createRevision ?? next;
    const { value, etcdLease = '0' } = operation;
    const entry = { key, value, createRevision, modRevision: next, etcdLease };
    this.keys.set(key, entry);
    this.#history.push({ kind: 'put', entry });
    return { kind: 'put' };
  }
}

/** --max-txn-ops as it is by default. */
const MOST_OPERATIONS = 128;

interface WrittenKeys {
  readonly puts: ReadonlySet<string>;
  readonly deletes: ReadonlySet<string>;
}

/** Like etcd, it refuses too many operations: a nested transaction may have as many as those around it have left. */
function checkSize({ compare, success, failure }: Transaction, most: number): void {
  const size = Math.max(compare.length, success.length, failure.length);
  if (size > most) throw new EtcdError('refused', 'too many operations in txn request');
  for (const operation of [...success, ...failure])
    if (operation.kind === 'transaction') checkSize(operation.transaction, most - size);
}

/** What operations may write; like etcd, it refuses two that may write one key before it runs any. */
function keysOf(operations: readonly EtcdOperation[]): WrittenKeys {
  const puts = new Set<string>();
  const deletes = new Set<string>();
  for (const operation of operations) {
    const more = writtenBy(operation);
    const isTwice =
      [...more.puts].some((key) => puts.has(key) || deletes.has(key)) ||
      [...more.deletes].some((key) => puts.has(key));
    if (isTwice) throw new EtcdError('refused', 'duplicate key given in txn request');
    for (const key of more.puts) puts.add(key);
    for (const key of more.deletes) deletes.add(key);
  }
  return { puts, deletes };
}

function writtenBy(operation: EtcdOperation): WrittenKeys {
  const none: ReadonlySet<string> = new Set();
  if (operation.kind === 'put') return { puts: new Set([operation.key]), deletes: none };
  if (operation.kind === 'delete') return { puts: none, deletes: new Set([operation.key]) };
  if (operation.kind !== 'transaction') return { puts: none, deletes: none };
  const one = keysOf(operation.transaction.success);
  const other = keysOf(operation.transaction.failure);
  return {
    puts: new Set([...one.puts, ...other.puts]),
    deletes: new Set([...one.deletes, ...other.deletes]),
  };
}

function keyOf(event: WatchEvent): string {
  return event.kind === 'put' ? event.entry.key : event.key;
}

function revisionOf(event: WatchEvent): number {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}

class MemoryEtcd implements Etcd {
  readonly #cluster: MemoryCluster;

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#ask();
    const mishap = this.#cluster.mishaps.shift();
    if (mishap === 'never happens') throw new EtcdError('unknown', 'no answer');
    if (mishap === 'refused') throw new EtcdError('refused', 'database space exceeded');
    const result = this.#cluster.transact(transaction);
    if (mishap === 'answer lost') throw new EtcdError('unknown', 'no answer');
    return result;
  }

  async range(first: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#ask();
    return this.#cluster.range(first, end, options);
  }

  watch(prefix: string, from: number, listener: WatchListener): Watch {
    return this.#cluster.watch(prefix, from, listener);
  }

  async grantEtcdLease(): Promise<string> {
    if (this.#cluster.full !== 'no') throw new EtcdError('refused', 'database space exceeded');
    this.#cluster.etcdLeases += 1;
    this.#cluster.keptAlive.add(String(this.#cluster.etcdLeases));
    return String(this.#cluster.etcdLeases);
  }

  keepAlive(etcdLease: string): Promise<boolean> {
    this.#cluster.keptAlive.add(etcdLease);
    return Promise.resolve(true);
  }

  revokeEtcdLease(etcdLease: string): Promise<void> {
    this.#cluster.endEtcdLease(etcdLease);
    return Promise.resolve();
  }

  async status(): Promise<MemberStatus> {
    this.#ask();
    return this.#cluster.memberStatus();
  }

  async statuses(): Promise<readonly AskedMember[]> {
    const status = await this.status().catch(() => undefined);
    return [{ endpoint: status?.endpoint ?? '', status, roundTrip: 0 }];
  }

  async alarms(): Promise<readonly Alarm[]> {
    this.#ask();
    return [...this.#cluster.alarms];
  }

  async compact(revision: number): Promise<void> {
    this.#ask();
    this.#cluster.compact(revision);
  }

  close(): void {}

  #ask(): void {
    if (this.#cluster.isDown) throw new EtcdError('unknown', 'nobody answers');
  }
}
