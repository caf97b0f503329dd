import { type Instant, instant, type Lease } from '../../lease/lease.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import { sameIds } from '../../lease/outside-ids.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Say } from '../../log/say.ts';
import { type Ipv4, ipv4FromText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { KeptLease, Mirror, MirroredChange } from '../mirror.ts';
import type { KeyValue, Revision, WatchEvent } from './client/etcd.ts';
import { type Entry, type EtcdRecord, leaseOfRecord, parseEntry, textIn, utf8ToText } from './keys/entry.ts';
import { ForeignTextWarnings, unused, withheld } from './keys/foreign-text.ts';
import type { Keys } from './keys/keys.ts';
import { KnownClients } from './keys/known-clients.ts';
import type { KnownReservations } from './known-reservations.ts';
import type { PlannedChange, PlannedWrite } from './planned-write.ts';
import type { Reckoning } from './reckoning.ts';

/** An entry as text, parsed when it is needed: for the garbage collector a string is a tenth of the objects. */
interface KnownEntry {
  readonly revision: Revision;
  /** undefined: the key is deleted, or holds foreign text. */
  readonly text: string | undefined;
}

/** What was known of an address before its key was found to hold foreign text. */
export interface Before {
  readonly lease: Lease | undefined;
  readonly entry: string | undefined;
}

/**
 * All keys of a segment as this gateway knows them: from the snapshot, the watch, its own commits and the answers to
 * conflicts. Older revisions than the known one change nothing. Every change goes on to the table and the mirror.
 */
export class KnownKeys {
  readonly #keys: Keys;
  readonly #table: LeaseTable;
  readonly #reckoning: Pick<Reckoning, 'offer' | 'isOfEarlier'>;
  readonly #changed: (change: MirroredChange) => void;
  readonly reservations: KnownReservations;
  readonly #entries = new Map<Ipv4, KnownEntry>();
  readonly clients = new KnownClients();
  /** Deleted keys, in the order in which that was learnt. */
  readonly #gone: { readonly revision: Revision; readonly forget: () => void }[] = [];
  /** Addresses that the table knows only from the mirror. */
  readonly #mirrored = new Set<Ipv4>();
  /** Addresses whose keys hold foreign text. The mirror keeps its records of them. */
  readonly #foreign = new Map<Ipv4, Before>();
  readonly #warnings: ForeignTextWarnings;
  /** Bound addresses that a sent change frees or gives to others, as long as its outcome is not known. */
  readonly #leaving = new Set<Ipv4>();

  /** @param changed Called with every record that differs from the table's. */
  constructor(
    keys: Keys,
    table: LeaseTable,
    reckoning: Pick<Reckoning, 'offer' | 'isOfEarlier'>,
    changed: (change: MirroredChange) => void,
    reservations: KnownReservations,
    say: Say,
  ) {
    this.reservations = reservations;
    this.#keys = keys;
    this.#table = table;
    this.#reckoning = reckoning;
    this.#changed = changed;
    this.#warnings = new ForeignTextWarnings(say);
    table.mayBeLost = (address) => this.#leaving.has(address);
  }

  /** Loads the mirror's records, until etcd's are read. Returns when this node wrote last after its clock was noted; 0: never. */
  loadMirror(mirror: Mirror, ownNode: string): Instant {
    const noted = mirror.clockNote?.revision ?? 0;
    let last = instant(0);
    this.reservations.load(mirror.reservations());
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
    this.reservations.forget();
    this.#entries.clear();
    this.clients.forget();
    this.#gone.length = 0;
  }

  entryAt(address: Ipv4): Entry | undefined {
    const text = this.#entries.get(address)?.text;
    return text === undefined ? undefined : parseEntry(text);
  }

  /** The modification revision of an address's key; 0: no such key. */
  revisionAt(address: Ipv4): Revision {
    const known = this.#entries.get(address);
    const isThere = known?.text !== undefined || this.#foreign.has(address);
    return isThere ? (known?.revision ?? 0) : 0;
  }

  /**
   * What was known of an address before its key got text that no version of the gateway has written. Such a key must not be
   * overwritten. Undefined: the key has no such text.
   */
  foreignAt(address: Ipv4): Before | undefined {
    return this.#foreign.get(address);
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
    const reservation = this.#keys.reservationOf(found.key);
    const identity = this.#keys.identityOf(found.key);
    const client = this.#keys.clientOf(found.key);
    const text = utf8ToText(found.value);
    if (reservation !== undefined) this.reservations.learn(reservation, found.modRevision, text);
    else if (identity !== undefined) this.#learnIdentity(identity, found.modRevision, text);
    else if (client !== undefined)
      this.#learnClient(client, found.modRevision, ipv4FromText(text) ?? UNSPECIFIED);
  }

  /** Call it when a change is sent: it may be written, whatever its answer, until newer values of its keys are known. */
  noteSent({ writes }: PlannedChange): void {
    for (const write of writes) {
      if (!('address' in write)) continue;
      const held = this.#table.storedAt(write.address);
      const next = write.entry?.record;
      const isKept = next?.state === 'bound' && next.client === held?.client;
      if (held?.state === 'bound' && !isKept) this.#leaving.add(write.address);
    }
  }

  /** Takes a write of this gateway that etcd has committed. */
  learnWrite(write: PlannedWrite, revision: Revision): void {
    if ('reservation' in write) {
      if (write.text === undefined) this.#learnReservationGone(write.reservation, revision);
      else this.reservations.learn(write.reservation, revision, write.text);
    } else if ('identity' in write) this.#learnIdentity(write.identity, revision, write.holder);
    else if ('client' in write) {
      const address = write.pointsTo === UNSPECIFIED ? undefined : write.pointsTo;
      this.#learnClient(write.client, revision, address);
    } else this.#learnAddress(write.address, revision, write.entry, write.text);
  }

  /** Takes that a key did not exist at a revision. */
  learnGone(key: string, revision: Revision): void {
    const address = this.#keys.addressOf(key);
    if (address !== undefined) this.#learnAddress(address, revision, undefined, undefined);
    const client = this.#keys.clientOf(key);
    if (client !== undefined) this.#learnClient(client, revision, undefined);
    const reservation = this.#keys.reservationOf(key);
    if (reservation !== undefined) this.#learnReservationGone(reservation, revision);
    const identity = this.#keys.identityOf(key);
    if (identity !== undefined) this.#learnIdentity(identity, revision, undefined);
  }

  /** Call it when the watch has told all up to a revision. Deletions before it are forgotten: nothing older will come. */
  seenUpTo(revision: Revision): void {
    let count = 0;
    for (const { revision: at, forget } of this.#gone) {
      if (at > revision) break;
      forget();
      count += 1;
    }
    this.#gone.splice(0, count);
  }

  /** Call it after a whole snapshot, with its keys: known keys that are not among them are deleted. */
  keepOnly(found: ReadonlySet<string>, snapshot: Revision): void {
    const addresses = new Set([...this.#entries.keys(), ...this.#mirrored]);
    const keys = [
      ...[...addresses].map((address) => this.#keys.ofAddress(address)),
      ...[...this.clients.all()].map((client) => this.#keys.ofClient(client)),
      ...[...this.reservations.ids()].map((id) => this.#keys.ofReservation(id)),
      ...[...this.reservations.identities.all()].map((identity) => this.#keys.ofIdentity(identity)),
    ];
    for (const key of keys) if (!found.has(key)) this.learnGone(key, snapshot);
  }

  #learnReservationGone(id: OutsideId, revision: Revision): void {
    if (!this.reservations.learnGone(id, revision)) return;
    this.#gone.push({ revision, forget: () => this.reservations.forgetGone(id, revision) });
  }

  /** @param text undefined: its key is gone. */
  #learnIdentity(identity: string, revision: Revision, text: string | undefined): void {
    const { identities } = this.reservations;
    if (!identities.learn(identity, revision, text) || text !== undefined) return;
    this.#gone.push({ revision, forget: () => identities.forgetGone(identity, revision) });
  }

  /** False for a revision that is known already: the watch brings this gateway's own changes too. */
  #isNewAt(address: Ipv4, revision: Revision): boolean {
    return (this.#entries.get(address)?.revision ?? 0) < revision;
  }

  #learnClient(client: string, revision: Revision, address: Ipv4 | undefined): void {
    if (!this.clients.learn(client, revision, address) || address !== undefined) return;
    this.#gone.push({ revision, forget: () => this.clients.forgetGone(client, revision) });
  }

  #forgetAddress(address: Ipv4, revision: Revision): void {
    if (this.#entries.get(address)?.revision === revision) this.#entries.delete(address);
  }

  #learnAddress(address: Ipv4, revision: Revision, entry: Entry | undefined, text: string | undefined): void {
    if (!this.#isNewAt(address, revision)) return;
    const hadEntry = this.#entries.get(address)?.text !== undefined;
    this.#entries.set(address, { revision, text });
    this.#leaving.delete(address);
    if (entry === undefined)
      this.#gone.push({ revision, forget: () => this.#forgetAddress(address, revision) });
    if (hadEntry || entry !== undefined) this.#table.withdrawOffer(address);
    this.#learnRecord(address, revision, entry, this.#mirrored.delete(address));
    if (entry?.offer !== undefined)
      this.#table.loadOffer(this.#reckoning.offer(leaseOfRecord(address, entry.offer, revision)));
    this.#table.reached(revision);
  }

  /** Its holder may still use the address, so nobody gets it until an operator has corrected the key. */
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

  /** The address's lease before this change, as far as the table and the mirror know it. */
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
    const lease = leaseOfRecord(address, record, revision);
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

function keptOf(lease: Lease, record: EtcdRecord): KeptLease {
  return { ...lease, hostname: textIn(record.hostname), node: record.node };
}
