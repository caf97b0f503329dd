import { type Instant, instant, type Lease } from '../../lease/lease.ts';
import { sameIds } from '../../lease/outside-ids.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Say } from '../../log/say.ts';
import { type Ipv4, ipv4FromText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { KeptLease, Mirror, MirroredChange } from '../mirror.ts';
import type { KeyValue, Revision, WatchEvent } from './client/etcd.ts';
import {
  type Claim,
  type Entry,
  type Keys,
  leaseOfClaim,
  parseEntry,
  textIn,
  utf8ToText,
} from './keys/entry.ts';
import { ForeignTextWarnings, unused, withheld } from './keys/foreign-text.ts';
import type { PlannedChange, PlannedWrite } from './planned-write.ts';
import type { Reckoning } from './reckoning.ts';

/** As text, which is parsed when it is needed: a string is a tenth of the objects for the garbage collector. */
interface KnownEntry {
  readonly revision: Revision;
  /** Undefined: the key is gone, or holds foreign text. */
  readonly text: string | undefined;
}

/** What the table had of an address before its key was found to hold foreign text. */
interface Before {
  readonly lease: Lease | undefined;
  readonly entry: string | undefined;
}

interface KnownClient {
  readonly revision: Revision;
  /** Where the key points; UNSPECIFIED: it says no address. Undefined: it is gone. */
  readonly address: Ipv4 | undefined;
}

/**
 * All keys of a segment as they were last seen: by the snapshot, the watch, a commit of one's own or the answer to one
 * that conflicted. Whatever is older than what is known changes nothing. The table follows, and so does the mirror.
 */
export class KnownKeys {
  readonly #keys: Keys;
  readonly #table: LeaseTable;
  readonly #reckoning: Pick<Reckoning, 'offer' | 'isOfEarlier'>;
  readonly #changed: (change: MirroredChange) => void;
  readonly #entries = new Map<Ipv4, KnownEntry>();
  readonly #clients = new Map<string, KnownClient>();
  /** Keys that are gone, in the order in which that was learnt. */
  readonly #gone: { readonly revision: Revision; readonly forget: () => void }[] = [];
  /** Addresses that the table has from the mirror alone. */
  readonly #mirrored = new Set<Ipv4>();
  /** Addresses whose keys hold what no version of us has written. The mirror keeps what it had of them. */
  readonly #foreign = new Map<Ipv4, Before>();
  readonly #warnings: ForeignTextWarnings;
  /** Bound addresses that a change sent from here frees or gives away, as long as it finds their keys as it compares them. */
  readonly #leaving = new Set<Ipv4>();

  /** `changed` hears of every record that is not what the table had. */
  constructor(
    keys: Keys,
    table: LeaseTable,
    reckoning: Pick<Reckoning, 'offer' | 'isOfEarlier'>,
    changed: (change: MirroredChange) => void,
    say: Say,
  ) {
    this.#keys = keys;
    this.#table = table;
    this.#reckoning = reckoning;
    this.#changed = changed;
    this.#warnings = new ForeignTextWarnings(say);
    table.mayBeLost = (address) => this.#leaving.has(address);
  }

  /** What the mirror has, until it is known better; returns when this node wrote last, after its clock was noted. */
  loadMirror(mirror: Mirror, ownNode: string): Instant {
    const noted = mirror.clockNote?.revision ?? 0;
    let last = instant(0);
    for (const lease of mirror.leases()) {
      this.#table.load(lease);
      this.#mirrored.add(lease.address);
      const isNew = lease.node === ownNode && lease.version > noted;
      if (isNew && lease.updatedAt > last) last = lease.updatedAt;
    }
    return last;
  }

  /** Forgets all revisions: what comes is of another generation, whose revisions count anew. The table stays, as mirrored. */
  forget(): void {
    for (const address of this.#entries.keys()) this.#mirrored.add(address);
    for (const [address, { lease }] of this.#foreign) this.#table.load(lease ?? unused(address, 0));
    this.#foreign.clear();
    this.#leaving.clear();
    this.#entries.clear();
    this.#clients.clear();
    this.#gone.length = 0;
  }

  entryAt(address: Ipv4): Entry | undefined {
    const text = this.#entries.get(address)?.text;
    return text === undefined ? undefined : parseEntry(text);
  }

  /** The modification revision of an address's key; 0: there is none. */
  revisionAt(address: Ipv4): Revision {
    const known = this.#entries.get(address);
    const isThere = known?.text !== undefined || this.#foreign.has(address);
    return isThere ? (known?.revision ?? 0) : 0;
  }

  /** Its key holds what no version of us has written, and what may not be written over. */
  isForeign(address: Ipv4): boolean {
    return this.#foreign.has(address);
  }

  /** The modification revision of a client's key; 0: there is none. */
  revisionOf(client: string): Revision {
    const known = this.#clients.get(client);
    return known?.address === undefined ? 0 : known.revision;
  }

  /** Where a client's key points; UNSPECIFIED: nowhere. */
  addressOf(client: string): Ipv4 {
    return this.#clients.get(client)?.address ?? UNSPECIFIED;
  }

  learn(event: WatchEvent): void {
    if (event.kind === 'put') this.learnEntry(event.entry);
    else this.learnGone(event.key, event.modRevision);
  }

  learnEntry(found: KeyValue): void {
    const address = this.#keys.addressOf(found.key);
    if (address !== undefined) {
      if (!this.#isNewAt(address, found.modRevision)) return;
      const text = utf8ToText(found.value);
      const entry = parseEntry(text);
      if (entry === undefined) this.#learnForeign(found.key, address, found.modRevision, text);
      else this.#learnAddress(address, found.modRevision, entry, text);
      return;
    }
    const client = this.#keys.clientOf(found.key);
    if (client === undefined) return;
    this.#learnClient(client, found.modRevision, ipv4FromText(utf8ToText(found.value)) ?? UNSPECIFIED);
  }

  /** A change is sent: whatever its answer is, or if there is none, it may be written as long as its keys have not moved. */
  noteSent({ writes }: PlannedChange): void {
    for (const write of writes) {
      if ('client' in write) continue;
      const held = this.#table.storedAt(write.address);
      const next = write.entry?.record;
      const isKept = next?.state === 'bound' && next.client === held?.client;
      if (held?.state === 'bound' && !isKept) this.#leaving.add(write.address);
    }
  }

  /** What this gateway has written itself. */
  learnWrite(write: PlannedWrite, revision: Revision): void {
    if ('client' in write) {
      const address = write.pointsTo === UNSPECIFIED ? undefined : write.pointsTo;
      this.#learnClient(write.client, revision, address);
    } else this.#learnAddress(write.address, revision, write.entry, write.text);
  }

  /** A key was not there at a revision. */
  learnGone(key: string, revision: Revision): void {
    const address = this.#keys.addressOf(key);
    if (address !== undefined) this.#learnAddress(address, revision, undefined, undefined);
    const client = this.#keys.clientOf(key);
    if (client !== undefined) this.#learnClient(client, revision, undefined);
  }

  /** The watch has come to here: what was gone before needs no memory, for nothing older will come. */
  seenUpTo(revision: Revision): void {
    let count = 0;
    for (const { revision: at, forget } of this.#gone) {
      if (at > revision) break;
      forget();
      count += 1;
    }
    this.#gone.splice(0, count);
  }

  /** A whole snapshot was learnt, of these keys: what was seen before it and is not in it is gone. */
  keepOnly(found: ReadonlySet<string>, snapshot: Revision): void {
    const addresses = new Set([...this.#entries.keys(), ...this.#mirrored]);
    const keys = [
      ...[...addresses].map((address) => this.#keys.ofAddress(address)),
      ...[...this.#clients.keys()].map((client) => this.#keys.ofClient(client)),
    ];
    for (const key of keys) if (!found.has(key)) this.learnGone(key, snapshot);
  }

  /** What is known already is not read again: the watch tells of every change of one's own too. */
  #isNewAt(address: Ipv4, revision: Revision): boolean {
    return (this.#entries.get(address)?.revision ?? 0) < revision;
  }

  #learnClient(client: string, revision: Revision, address: Ipv4 | undefined): void {
    if ((this.#clients.get(client)?.revision ?? 0) >= revision) return;
    this.#clients.set(client, { revision, address });
    if (address === undefined)
      this.#gone.push({ revision, forget: () => this.#forgetClient(client, revision) });
  }

  #forgetClient(client: string, revision: Revision): void {
    if (this.#clients.get(client)?.revision === revision) this.#clients.delete(client);
  }

  #forgetAddress(address: Ipv4, revision: Revision): void {
    if (this.#entries.get(address)?.revision === revision) this.#entries.delete(address);
  }

  #learnAddress(address: Ipv4, revision: Revision, entry: Entry | undefined, text: string | undefined): void {
    if (!this.#isNewAt(address, revision)) return;
    this.#entries.set(address, { revision, text });
    this.#leaving.delete(address);
    if (entry === undefined)
      this.#gone.push({ revision, forget: () => this.#forgetAddress(address, revision) });
    this.#table.withdrawOffer(address);
    this.#learnRecord(address, revision, entry, this.#mirrored.delete(address));
    if (entry?.offer !== undefined)
      this.#table.loadOffer(this.#reckoning.offer(leaseOfClaim(address, entry.offer, revision)));
    this.#table.reached(revision);
  }

  /** Whoever had the address may have it still: nobody gets it before somebody has mended its key. */
  #learnForeign(key: string, address: Ipv4, revision: Revision, text: string): void {
    const before = this.#foreign.get(address) ?? {
      lease: this.#table.storedAt(address),
      entry: this.#entries.get(address)?.text,
    };
    this.#entries.set(address, { revision, text: undefined });
    this.#leaving.delete(address);
    this.#foreign.set(address, before);
    this.#table.load(withheld(address, revision));
    this.#warnings.note({ key, revision, text, ...before });
  }

  /** What the address had, as far as the table and the mirror know. */
  #before(address: Ipv4, revision: Revision): Lease | undefined {
    const foreign = this.#foreign.get(address);
    if (foreign === undefined) return this.#table.storedAt(address);
    const { lease = unused(address, revision) } = foreign;
    this.#foreign.delete(address);
    this.#table.load({ ...lease, version: revision }, this.#reckoning.isOfEarlier(lease.granter, ''));
    return foreign.lease;
  }

  /**
   * An offer over a record rewrites the key, and with it the record's revision; the mirror need not know. But what the
   * mirror had from before may have a revision of another generation.
   */
  #learnRecord(address: Ipv4, revision: Revision, entry: Entry | undefined, isFirst: boolean): void {
    const record = entry?.record;
    const before = this.#before(address, revision);
    if (entry === undefined || record === undefined) {
      if (before === undefined || (before.state === 'free' && !isFirst)) return;
      const lease = { ...before, state: 'free', version: revision } as const;
      this.#table.load(lease);
      this.#changed({ before, after: { ...lease, hostname: undefined, node: '' }, reason: 'freed' });
      return;
    }
    const lease = leaseOfClaim(address, record, revision);
    this.#table.load(lease, this.#reckoning.isOfEarlier(lease.granter, entry.op));
    const isKnown = before?.version === revision || !isFirst;
    const isSame = before !== undefined && isKnown && sameLease(before, lease);
    if (!isSame) this.#changed({ before, after: keptOf(lease, record), reason: textIn(record.reason) ?? '' });
  }
}

function sameLease(one: Lease, other: Lease): boolean {
  return (
    one.client === other.client &&
    one.state === other.state &&
    one.expiresAt === other.expiresAt &&
    one.updatedAt === other.updatedAt &&
    one.leaseSeconds === other.leaseSeconds &&
    one.hardware === other.hardware &&
    one.granter === other.granter &&
    sameIds(one.ids, other.ids)
  );
}

function keptOf(lease: Lease, claim: Claim): KeptLease {
  return { ...lease, hostname: textIn(claim.hostname), node: claim.node };
}
