import { NOBODY } from '../../../lease/client-key.ts';
import { type Instant, instant, type Lease, NEVER } from '../../../lease/lease.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import type { Say } from '../../../log/say.ts';
import { NO_HARDWARE } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { Revision } from '../client/etcd.ts';
import { type Entry, etcdRecordOf, formatEntry, parseEntry } from './entry.ts';
import { formatReservation } from './reservation-value.ts';

/** Characters of the text that are shown. */
const SHOWN = 64;
/** The operation id of an entry that an operator puts. */
const OPERATOR = 'put by hand';

/** A value of an address's key that no version of the gateway has written, and what was known of the address before. */
export interface ForeignText {
  readonly key: string;
  readonly revision: Revision;
  readonly text: string;
  /** What was known before: the lease, and the entry as text. */
  readonly lease: Lease | undefined;
  readonly entry: string | undefined;
}

/** A record that gives an address to nobody, while its key cannot be read. */
export function withheld(address: Ipv4, version: Revision): Lease {
  return nobodys(address, version, 'declined', NEVER);
}

/** A record of an address without a known lease, whose key could not be read before. */
export function unused(address: Ipv4, version: Revision): Lease {
  return nobodys(address, version, 'free', instant(0));
}

function nobodys(address: Ipv4, version: Revision, state: Lease['state'], expiresAt: Instant): Lease {
  const nobody = { client: NOBODY, hardware: NO_HARDWARE, granter: UNSPECIFIED };
  return { address, ...nobody, state, expiresAt, updatedAt: instant(0), leaseSeconds: 0, version };
}

/** Logs one warning for each revision of a key with foreign text. The text stays until an operator corrects it. */
export class ForeignTextWarnings {
  readonly #say: Say;
  readonly #said = new Map<string, Revision>();

  constructor(say: Say) {
    this.#say = say;
  }

  note(foreign: ForeignText): void {
    const { key, revision, text } = foreign;
    if (this.#said.get(key) === revision) return;
    this.#said.set(key, revision);
    this.#say(
      'warn',
      { key, revision, found: shown(text), remedy: remedyFor(foreign) },
      'the key of an address in etcd holds no lease: the address is given to nobody, and the key is not overwritten',
    );
  }
}

/**
 * The remedy is never a deletion: a gateway that was away would miss the key of a lease that it knows, and would conclude
 * that etcd was restored from a backup.
 */
export function remedyFor({ key, lease, entry }: Pick<ForeignText, 'key' | 'lease' | 'entry'>): string {
  const before = entry === undefined ? entryOf(lease) : withoutOffer(entry);
  const known = `puts back what this node knew of it at revision ${lease?.version} (take the newest that a gateway's log has)`;
  const effect = before.record === undefined ? 'frees the address' : known;
  const put = `etcdctl put ${quoted(key)} ${quoted(ascii(formatEntry(before)))}`;
  return `see what it is by: etcdctl get ${quoted(key)}; if no newer version of the gateway wrote it, this ${effect}: ${put}`;
}

/**
 * The same for the key of a reservation. Without it a gateway that was away misses nothing: it may be deleted.
 *
 * @param known What holds here as before; undefined: nothing.
 */
export function remedyForReservation(key: string, known: Reservation | undefined): string {
  const see = `see what it is by: etcdctl get ${quoted(key)}; if no newer version of the gateway wrote it, this`;
  if (known === undefined) return `${see} removes it: etcdctl del ${quoted(key)}`;
  const text = ascii(formatReservation(known, OPERATOR, 'reservation-changed', undefined));
  return `${see} puts back what this node knows of it: etcdctl put ${quoted(key)} ${quoted(text)}`;
}

function withoutOffer(text: string): Entry {
  const { offer: _offer, ...rest } = parseEntry(text) ?? { op: OPERATOR };
  return { ...rest, op: OPERATOR };
}

function entryOf(lease: Lease | undefined): Entry {
  if (lease === undefined || lease.client === NOBODY) return { op: OPERATOR };
  return { record: etcdRecordOf(lease, ipv4ToText(lease.granter), ''), op: OPERATOR };
}

/** The beginning of a text, in printable ASCII. */
export function shown(text: string): string {
  const begin = text.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, '?');
  return text.length > SHOWN ? `${begin}... (${text.length} characters)` : begin;
}

/** The same JSON in ASCII. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The text as one word for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
