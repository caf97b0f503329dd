import { type ClientKey, keyOfClone } from '../../../lease/client-key.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { KeptLease } from '../../mirror.ts';
import {
  type Compare,
  type Etcd,
  EtcdError,
  type EtcdOperation,
  type KeyValue,
  type Revision,
  type Transaction,
} from '../client/etcd.ts';
import { decodeEntry, type Entry, type EtcdRecord, encodeEntry, etcdRecordOf } from '../keys/entry.ts';
import { OtherGenerationError } from '../keys/generation.ts';
import type { Keys } from '../keys/keys.ts';
import { readKey, type Snapshot } from '../keys/snapshot.ts';
import { type Existing, type MergeVerdict, verdictForJoin, verdictForSeed } from './merge-verdict.ts';

/** The most leases in one transaction. Each needs at most two comparisons and three writes. */
const BATCH = 32;
/** The most attempts in turn without progress, while others write the same keys. */
const ATTEMPTS = 5;

/** A lease that could not be merged. */
export interface MergeConflict {
  readonly address: string;
  readonly client: string;
  /** The record in etcd that stands against it. */
  readonly cause: string;
}

export interface MergeReport {
  /** The number of leases that were written to etcd. */
  readonly uploaded: number;
  /** The number of leases that etcd had already, or newer ones. */
  readonly kept: number;
  readonly conflicts: readonly MergeConflict[];
}

export interface MergeOptions {
  readonly etcd: Etcd;
  readonly keys: Keys;
  /** The segment as it was read just before. */
  readonly snapshot: Snapshot;
  /** A comparison that every write makes: the reason for the merge still holds. */
  readonly guard: Compare;
  /** The leases of the file. */
  readonly leases: readonly KeptLease[];
  /**
   * join: leases of a gateway that shared none; no running lease is overwritten. seed: a mirror of an earlier generation;
   * of two mirrors the newer revision counts, and what was written since this generation began counts more than both.
   */
  readonly rule: 'join' | 'seed';
  /** The granter of leases that name none. */
  readonly self: { readonly address: string; readonly node: string };
  readonly now: number;
  readonly newOperationId: () => string;
}

/**
 * Merges the leases of a lease file into etcd. A second run after an error does nothing twice.
 * @throws EtcdError
 */
export async function mergeLeases(options: MergeOptions): Promise<MergeReport> {
  const merge = new Merge(options);
  // The newest last: of several addresses of a client, that one counts.
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

  /**
   * Merges some leases. Returns those whose keys were written by others meanwhile.
   *
   * @throws OtherGenerationError if the segment has another generation by now; EtcdError.
   */
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
    if (!succeeded) throw new OtherGenerationError('the segment has changed while leases were merged');
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

  #note(operation: EtcdOperation, modRevision: Revision): void {
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
    return { address: other, found, entry: { ...entry, record } as Entry & { readonly record: EtcdRecord } };
  }

  /** The transaction for a lease; undefined: nothing is to be written. */
  #planned(lease: KeptLease, met: Existing): Transaction | undefined {
    const { rule, now } = this.#options;
    const isForeign = met.at !== undefined && met.entry === undefined;
    const verdict: MergeVerdict = isForeign
      ? { conflict: 'the key of the address in etcd holds no lease', withholdsAddress: false }
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
      record: this.#recordOf(lease, lease.client),
      op: this.#options.newOperationId(),
    };
    const address = keys.ofAddress(lease.address);
    const compare = [revisionOf(address, met.at)];
    const success: EtcdOperation[] = [{ kind: 'put', key: address, value: encodeEntry(entry) }];
    const { elsewhere } = met;
    // A client has one lease, and its key names the address. A record that is not a lease does not change the key of one.
    if (lease.state === 'bound' || elsewhere === undefined) {
      const client = keys.ofClient(lease.client);
      compare.push(revisionOf(client, met.clientKey));
      success.push({ kind: 'put', key: client, value: Buffer.from(ipv4ToText(lease.address)) });
    }
    if (lease.state === 'bound' && elsewhere !== undefined) {
      const { leaseSeconds: _leaseSeconds, ...record } = elsewhere.entry.record;
      const freed: EtcdRecord = { ...record, state: 'free', expiresAt: now, reason: 'moved' };
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

  /** Keeps the address from everybody as long as its client may use it. */
  #withhold(lease: KeptLease, met: Existing): Transaction | undefined {
    if (met.at !== undefined) return undefined;
    const { keys } = this.#options;
    const record = {
      ...this.#recordOf(lease, keyOfClone(lease.client, lease.hardware)),
      state: 'declined' as const,
    };
    const address = keys.ofAddress(lease.address);
    const value = encodeEntry({ record, op: this.#options.newOperationId() });
    return {
      compare: [revisionOf(address, undefined)],
      success: [{ kind: 'put', key: address, value }],
      failure: [],
    };
  }

  #recordOf(lease: KeptLease, client: ClientKey): EtcdRecord {
    const { self, rule } = this.#options;
    const isOwn = lease.granter === UNSPECIFIED;
    const granter = isOwn ? self.address : ipv4ToText(lease.granter);
    const node = isOwn || lease.node === '' ? self.node : lease.node;
    return etcdRecordOf({ ...lease, client }, granter, node, rule === 'join' ? 'joined' : 'seeded');
  }
}

function revisionOf(
  key: string,
  found: KeyValue | undefined,
): { readonly key: string; readonly modRevision: Revision } {
  return { key, modRevision: found?.modRevision ?? 0 };
}
