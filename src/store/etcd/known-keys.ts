import type { Ipv4 } from '../../net/ipv4.ts';
import type { LeaseTable } from '../lease-table.ts';
import { decodeEntry, type Entry, type Keys, leaseOf } from './entry.ts';
import type { KeyValue, Revision, WatchEvent } from './etcd.ts';

interface KnownEntry {
  readonly revision: Revision;
  /** Undefined: the key is gone. */
  readonly entry: Entry | undefined;
}

interface KnownClient {
  readonly revision: Revision;
  /** What the key says: a dotted address; '' if it is gone. */
  readonly address: string;
}

/**
 * All keys of a segment as they were last seen: by the snapshot, the watch, a commit of one's own or the answer to one
 * that conflicted. Whatever is older than what is known changes nothing. The table follows.
 */
export class KnownKeys {
  readonly #keys: Keys;
  readonly #table: LeaseTable;
  readonly #self: Ipv4;
  readonly #entries = new Map<Ipv4, KnownEntry>();
  readonly #clients = new Map<string, KnownClient>();

  constructor(keys: Keys, table: LeaseTable, self: Ipv4) {
    this.#keys = keys;
    this.#table = table;
    this.#self = self;
  }

  entryAt(address: Ipv4): Entry | undefined {
    return this.#entries.get(address)?.entry;
  }

  /** The modification revision of an address's key; 0: there is none. */
  revisionAt(address: Ipv4): Revision {
    const known = this.#entries.get(address);
    return known?.entry === undefined ? 0 : known.revision;
  }

  /** The modification revision of a client's key; 0: there is none. */
  revisionOf(client: string): Revision {
    const known = this.#clients.get(client);
    return known === undefined || known.address === '' ? 0 : known.revision;
  }

  /** Where a client's key points, dotted; '': nowhere. */
  addressOf(client: string): string {
    return this.#clients.get(client)?.address ?? '';
  }

  learn(event: WatchEvent): void {
    if (event.kind === 'put') this.learnEntry(event.entry);
    else this.learnGone(event.key, event.modRevision);
  }

  learnEntry(found: KeyValue): void {
    const address = this.#keys.addressOf(found.key);
    if (address !== undefined) this.#learnAddress(address, found.modRevision, decodeEntry(found));
    const client = this.#keys.clientOf(found.key);
    if (client !== undefined) {
      this.#learnClient(client, found.modRevision, new TextDecoder().decode(found.value));
    }
  }

  /** A key was not there at a revision. */
  learnGone(key: string, revision: Revision): void {
    const address = this.#keys.addressOf(key);
    if (address !== undefined) this.#learnAddress(address, revision, undefined);
    const client = this.#keys.clientOf(key);
    if (client !== undefined) this.#learnClient(client, revision, '');
  }

  /** A whole snapshot was learnt, of these keys: what was seen before it and is not in it is gone. */
  keepOnly(found: ReadonlySet<string>, snapshot: Revision): void {
    const keys = [
      ...[...this.#entries.keys()].map((address) => this.#keys.ofAddress(address)),
      ...[...this.#clients.keys()].map((client) => this.#keys.ofClient(client)),
    ];
    for (const key of keys) if (!found.has(key)) this.learnGone(key, snapshot);
  }

  #learnClient(client: string, revision: Revision, address: string): void {
    if ((this.#clients.get(client)?.revision ?? 0) < revision)
      this.#clients.set(client, { revision, address });
  }

  #learnAddress(address: Ipv4, revision: Revision, entry: Entry | undefined): void {
    if ((this.#entries.get(address)?.revision ?? 0) >= revision) return;
    this.#entries.set(address, { revision, entry });
    this.#table.withdrawOffer(address);
    if (entry?.record !== undefined) this.#table.load(leaseOf(address, entry.record, revision, this.#self));
    if (entry?.offer !== undefined)
      this.#table.loadOffer(leaseOf(address, entry.offer, revision, this.#self));
    this.#table.reached(revision);
  }
}
