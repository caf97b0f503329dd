import type { Clock } from '../../../lease/clock.ts';
import type { Etcd, KeyValue, Revision } from '../client/etcd.ts';
import { decodeHeartbeat, type Heartbeat } from '../keys/heartbeat.ts';

/** etcd deletes a heartbeat this long after its gateway last renewed it: seconds. */
const HEARTBEAT_TTL_SECONDS = 10;
/** Time between two renewals of a heartbeat: milliseconds. */
const HEARTBEAT_EVERY = 3000;
/** After this many overwrites in turn, another gateway has this node's name; fewer may be a previous process. */
const MOST_OVERWRITES = 3;

export interface OwnHeartbeatParts {
  readonly etcd: Etcd;
  readonly clock: Clock;
  /** Of this gateway's heartbeat. */
  readonly key: string;
  readonly instance: string;
}

/** What one renewal came to. overwritten: another process has written the key; `other` has this gateway's name by now. */
export type Renewal =
  | { readonly kind: 'failed' | 'again' | 'accepted' | 'reclaimed' }
  | { readonly kind: 'overwritten'; readonly other: Heartbeat | undefined };

/** Writes this gateway's own heartbeat, a key that etcd deletes soon after it was not renewed. */
export class OwnHeartbeat {
  readonly #parts: OwnHeartbeatParts;
  #etcdLease: string | undefined;
  /** The expected revision of the key at its next write; 0: there is no key. */
  #written: Revision = 0;
  #overwrites = 0;
  /** The revision of another process's heartbeat under this name, when it was found last. */
  #otherRevision: Revision = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #isRenewing = false;

  constructor(parts: OwnHeartbeatParts) {
    this.#parts = parts;
  }

  /** What etcd deletes the heartbeat with; undefined: none was granted. */
  get etcdLease(): string | undefined {
    return this.#etcdLease;
  }

  /** True: another gateway has this one's name. */
  get isTaken(): boolean {
    return this.#overwrites >= MOST_OVERWRITES;
  }

  /** Goes on from what a previous process has left; undefined: it has left nothing. */
  take(before: KeyValue | undefined): void {
    this.#written = before?.modRevision ?? 0;
    // Keeps the previous process's etcd lease: a full etcd grants no new one.
    if (before !== undefined && before.etcdLease !== '0') this.#etcdLease ??= before.etcdLease;
  }

  /** It is due now. */
  hurry(): void {
    this.#renewedAt = Number.NEGATIVE_INFINITY;
  }

  /** @param isOther It would say something else than the last one. */
  isDue(isOther: boolean): boolean {
    if (this.#isRenewing) return false;
    return isOther || this.#parts.clock.monotonic() - this.#renewedAt >= HEARTBEAT_EVERY;
  }

  /** Writes it; call it where that is due. Never rejects. */
  async renew(make: () => Heartbeat): Promise<Renewal> {
    this.#renewedAt = this.#parts.clock.monotonic();
    this.#isRenewing = true;
    try {
      return await this.#put(make);
    } catch {
      return { kind: 'failed' }; // Try with the same etcd lease again: a full etcd grants no new one, and keeps this one alive.
    } finally {
      this.#isRenewing = false;
    }
  }

  async #put(make: () => Heartbeat): Promise<Renewal> {
    const { etcd, key } = this.#parts;
    const isKept = this.#etcdLease !== undefined && (await etcd.keepAlive(this.#etcdLease));
    if (!isKept) this.#etcdLease = await etcd.grantEtcdLease(HEARTBEAT_TTL_SECONDS);
    const etcdLease = this.#etcdLease;
    if (etcdLease === undefined) return { kind: 'failed' };
    const value = Buffer.from(JSON.stringify(make()), 'utf8');
    // Nested as leases are, so that a full etcd takes both or neither.
    const put = { compare: [], success: [{ kind: 'put', key, value, etcdLease }], failure: [] } as const;
    const { succeeded, revision, results } = await etcd.transact({
      compare: [{ key, modRevision: this.#written }],
      success: [{ kind: 'transaction', transaction: put }],
      failure: [{ kind: 'get', key }],
    });
    if (!succeeded) {
      const [read] = results;
      return this.#refused(read?.kind === 'get' ? read.found : undefined);
    }
    const wasTaken = this.isTaken;
    this.#written = revision;
    this.#overwrites = 0;
    return { kind: wasTaken ? 'reclaimed' : 'accepted' };
  }

  /** Another process has written the key, or etcd has deleted it; nothing was written. */
  #refused(found: KeyValue | undefined): Renewal {
    const other = found === undefined ? undefined : decodeHeartbeat(found.value);
    const isSilent = found?.modRevision === this.#otherRevision;
    this.#otherRevision = found?.modRevision ?? 0;
    if (found === undefined || other === undefined || other.instance === this.#parts.instance || isSilent) {
      // The key expired, or the answer to our last write was lost, or a previous process left it.
      this.#written = this.#otherRevision;
      this.hurry(); // Again within a second.
      return { kind: 'again' };
    }
    this.#overwrites += 1;
    return { kind: 'overwritten', other: this.isTaken ? other : undefined };
  }
}
