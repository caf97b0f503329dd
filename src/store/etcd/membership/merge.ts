import { type ClientKey, keyOfClone } from '../../../lease/client-key.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { KeptLease } from '../../mirror.ts';
import {
  type Compare,
  type Etcd,
  EtcdError,
  type KeyValue,
  type Operation,
  type Revision,
  type Transaction,
} from '../client/etcd.ts';
import { type Claim, claimOf, decodeEntry, type Entry, encodeEntry } from '../keys/entry.ts';
import { OtherGenerationError } from '../keys/generation.ts';
import type { Keys } from '../keys/keys.ts';
import { readKey, type Snapshot } from '../keys/snapshot.ts';
import { type Existing, type MergeVerdict, verdictForJoin, verdictForSeed } from './merge-verdict.ts';

/** Leases in one transaction: each takes two comparisons and three writes at the most. */
const BATCH = 32;
/** How often it is tried without any progress: others write the same keys. */
const ATTEMPTS = 5;

/** One lease that could not go up. */
export interface MergeConflict {
  readonly address: string;
  readonly client: string;
  /** What stands in its way. */
  readonly cause: string;
}

export interface MergeReport {
  /** Leases that are in etcd by this. */
  readonly uploaded: number;
  /** What etcd had already, or newer. */
  readonly kept: number;
  readonly conflicts: readonly MergeConflict[];
}

export interface MergeOptions {
  readonly etcd: Etcd;
  readonly keys: Keys;
  /** As it was read just before. */
  readonly snapshot: Snapshot;
  /** Must hold whenever something is written: what makes it right. */
  readonly guard: Compare;
  /** What the file has. */
  readonly leases: readonly KeptLease[];
  /**
   * join: leases of a gateway that was alone; nothing that stands is written over. seed: a mirror of an earlier generation;
   * of two mirrors the newer revision counts, and what was written since this generation began counts more than both.
   */
  readonly rule: 'join' | 'seed';
  /** Who grants: for leases of the file that name no granter. */
  readonly self: { readonly address: string; readonly node: string };
  readonly now: number;
  readonly newOperationId: () => string;
}

/** Brings the leases of a lease file up into etcd. Rejects with an EtcdError; what is done then stays, and may be done again. */
export async function mergeLeases(options: MergeOptions): Promise<MergeReport> {
  const merge = new Merge(options);
  // The newest last: of several addresses that a client had, that one is its own.
  let waiting = options.leases
    .filter(({ state }) => state !== 'offered')
    .sort((one, other) => one.version - other.version);
  for (let attempt = 0, fruitless = 0; waiting.length > 0; attempt += 1) {
    if (fruitless === ATTEMPTS) throw new EtcdError('refused', 'others keep writing what is to be merged');
    const again: KeptLease[] = [];
    for (let first = 0; first < waiting.length; first += BATCH)
      again.push(...(await merge.batch(waiting.slice(first, first + BATCH), attempt > 0)));
    fruitless = again.length < waiting.length ? 0 : fruitless + 1;
    waiting = again;
  }
  return merge.report;
}

class Merge {
  uploaded = 0;
  kept = 0;
  readonly conflicts: MergeConflict[] = [];
  readonly #options: MergeOptions;
  readonly #found: Map<string, KeyValue>;

  constructor(options: MergeOptions) {
    this.#options = options;
    this.#found = new Map(options.snapshot.found);
  }

  get report(): MergeReport {
    const { uploaded, kept, conflicts } = this;
    return { uploaded, kept, conflicts };
  }

  /** Returns those that somebody else was writing meanwhile. */
  async batch(leases: readonly KeptLease[], readsAgain: boolean): Promise<readonly KeptLease[]> {
    const sent: { readonly lease: KeptLease; readonly transaction: Transaction }[] = [];
    const again: KeptLease[] = [];
    const written = new Set<string>();
    for (const lease of leases) {
      if (readsAgain) await this.#readAgain(lease);
      const met = this.#existingFor(lease);
      const transaction = this.#planned(lease, met);
      if (transaction === undefined) continue;
      const keys = [...transaction.success].map((operation) => ('key' in operation ? operation.key : ''));
      // No key may be written twice in one transaction.
      if (keys.some((key) => written.has(key))) again.push(lease);
      else sent.push({ lease, transaction });
      for (const key of keys) written.add(key);
    }
    if (sent.length === 0) return again;
    const { etcd, guard } = this.#options;
    const success = sent.map(({ transaction }) => ({ kind: 'transaction', transaction }) as const);
    const { succeeded, results, revision } = await etcd.transact({ compare: [guard], success, failure: [] });
    if (!succeeded) throw new OtherGenerationError('the segment has changed while leases were brought up');
    for (const [index, { lease, transaction }] of sent.entries()) {
      const result = results[index];
      if (result?.kind !== 'transaction' || !result.result.succeeded) again.push(lease);
      else {
        this.uploaded += 1;
        for (const operation of transaction.success) this.#note(operation, revision);
      }
    }
    return again;
  }

  #note(operation: Operation, modRevision: Revision): void {
    if (operation.kind === 'delete') this.#found.delete(operation.key);
    if (operation.kind !== 'put') return;
    const { key, value } = operation;
    this.#found.set(key, { key, value, createRevision: 0, modRevision, etcdLease: '0' });
  }

  async #readAgain({ address, client }: KeptLease): Promise<void> {
    const { keys } = this.#options;
    const pointed = await this.#read(keys.ofClient(client));
    await this.#read(keys.ofAddress(address));
    const elsewhere = pointed === undefined ? undefined : ipv4FromText(Buffer.from(pointed.value).toString());
    if (elsewhere !== undefined) await this.#read(keys.ofAddress(elsewhere));
  }

  async #read(key: string): Promise<KeyValue | undefined> {
    const found = await readKey(this.#options.etcd, key);
    if (found === undefined) this.#found.delete(key);
    else this.#found.set(key, found);
    return found;
  }

  #existingFor({ address, client }: KeptLease): Existing {
    const { keys } = this.#options;
    const at = this.#found.get(keys.ofAddress(address));
    const clientKey = this.#found.get(keys.ofClient(client));
    const entry = at === undefined ? undefined : decodeEntry(at);
    return { at, entry, clientKey, elsewhere: this.#elsewhere(address, client, clientKey) };
  }

  #elsewhere(address: Ipv4, client: ClientKey, clientKey: KeyValue | undefined): Existing['elsewhere'] {
    const other = clientKey === undefined ? undefined : ipv4FromText(Buffer.from(clientKey.value).toString());
    if (other === undefined || other === address) return undefined;
    const found = this.#found.get(this.#options.keys.ofAddress(other));
    const entry = found === undefined ? undefined : decodeEntry(found);
    const record = entry?.record;
    if (found === undefined || record?.client !== client) return undefined;
    if (record.state !== 'bound' && record.state !== 'peer') return undefined;
    return { address: other, found, entry: { ...entry, record } as Entry & { readonly record: Claim } };
  }

  /** Undefined: there is nothing to write. */
  #planned(lease: KeptLease, met: Existing): Transaction | undefined {
    const { rule, now } = this.#options;
    const isForeign = met.at !== undefined && met.entry === undefined;
    const verdict: MergeVerdict = isForeign
      ? { conflict: 'what etcd has of the address is no lease', withholdsAddress: false }
      : rule === 'join'
        ? verdictForJoin(lease, met, now)
        : verdictForSeed(lease, met, now, (found, entry) => this.#ageOf(found, entry));
    if (verdict === 'keep') {
      this.kept += 1;
      return undefined;
    }
    if (verdict === 'put') return this.#put(lease, met);
    const address = ipv4ToText(lease.address);
    const isNew = !this.conflicts.some((conflict) => conflict.address === address);
    if (isNew) this.conflicts.push({ address, client: lease.client, cause: verdict.conflict });
    return verdict.withholdsAddress ? this.#withhold(lease, met) : undefined;
  }

  /** The revision that a record had in an earlier generation. */
  #ageOf(found: KeyValue | undefined, entry: Entry | undefined): Revision | 'of this generation' {
    if (found === undefined || entry?.record === undefined) return -1;
    if (entry.seeded !== undefined) return entry.seeded;
    const { generation } = this.#options.snapshot;
    const isSettled =
      generation !== undefined && this.#options.snapshot.found.get(this.#options.keys.seeding) === undefined;
    return isSettled && found.modRevision > generation.revision ? 'of this generation' : found.modRevision;
  }

  #put(lease: KeptLease, met: Existing): Transaction {
    const { keys, rule, now } = this.#options;
    const seeded = rule === 'seed' ? { seeded: lease.version } : {};
    const { offer: _offer, seeded: _seeded, ...rest } = met.entry ?? { op: '' };
    const entry: Entry = {
      ...rest,
      ...seeded,
      record: this.#claimOf(lease, lease.client),
      op: this.#options.newOperationId(),
    };
    const address = keys.ofAddress(lease.address);
    const compare = [revisionOf(address, met.at)];
    const success: Operation[] = [{ kind: 'put', key: address, value: encodeEntry(entry) }];
    const { elsewhere } = met;
    // A client has one lease, and its key says where; a record that is none takes it from none.
    if (lease.state === 'bound' || elsewhere === undefined) {
      const client = keys.ofClient(lease.client);
      compare.push(revisionOf(client, met.clientKey));
      success.push({ kind: 'put', key: client, value: Buffer.from(ipv4ToText(lease.address)) });
    }
    if (lease.state === 'bound' && elsewhere !== undefined) {
      const { leaseSeconds: _leaseSeconds, ...record } = elsewhere.entry.record;
      const freed: Claim = { ...record, state: 'free', expiresAt: now, reason: 'moved' };
      const key = keys.ofAddress(elsewhere.address);
      compare.push(revisionOf(key, elsewhere.found));
      const value = encodeEntry({ ...elsewhere.entry, record: freed, op: this.#options.newOperationId() });
      success.push({ kind: 'put', key, value });
    }
    for (const loser of new Set([met.entry?.record?.client, met.entry?.offer?.client])) {
      if (loser === undefined || loser === lease.client) continue;
      const key = keys.ofClient(loser);
      const found = this.#found.get(key);
      if (found === undefined || Buffer.from(found.value).toString() !== ipv4ToText(lease.address)) continue;
      compare.push(revisionOf(key, found));
      success.push({ kind: 'delete', key });
    }
    return { compare, success, failure: [] };
  }

  /** Nobody gets the address as long as its client may use it. */
  #withhold(lease: KeptLease, met: Existing): Transaction | undefined {
    if (met.at !== undefined) return undefined;
    const { keys } = this.#options;
    const claim = {
      ...this.#claimOf(lease, keyOfClone(lease.client, lease.hardware)),
      state: 'declined' as const,
    };
    const address = keys.ofAddress(lease.address);
    const value = encodeEntry({ record: claim, op: this.#options.newOperationId() });
    return {
      compare: [revisionOf(address, undefined)],
      success: [{ kind: 'put', key: address, value }],
      failure: [],
    };
  }

  #claimOf(lease: KeptLease, client: ClientKey): Claim {
    const { self, rule } = this.#options;
    const isOwn = lease.granter === UNSPECIFIED;
    const granter = isOwn ? self.address : ipv4ToText(lease.granter);
    const node = isOwn || lease.node === '' ? self.node : lease.node;
    return claimOf({ ...lease, client }, granter, node, rule === 'join' ? 'joined' : 'seeded');
  }
}

function revisionOf(
  key: string,
  found: KeyValue | undefined,
): { readonly key: string; readonly modRevision: Revision } {
  return { key, modRevision: found?.modRevision ?? 0 };
}
