import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { isSameReservation } from '../../lease/reservation/reservation-fields.ts';
import type { ReservationTable } from '../../lease-table/reservation-table.ts';
import type { Say } from '../../log/say.ts';
import type { MirroredReservation } from '../mirror.ts';
import type { Revision } from './client/etcd.ts';
import { remedyForReservation } from './keys/foreign-text.ts';
import type { Keys } from './keys/keys.ts';
import { KnownIdentities } from './keys/known-identities.ts';
import { parseReservation } from './keys/reservation-value.ts';

interface KnownReservation {
  readonly revision: Revision;
  /** undefined: the key is deleted. */
  readonly text: string | undefined;
}

/** The keys of all reservations of a segment, as this gateway knows them. Older revisions than the known one change nothing. */
export class KnownReservations {
  readonly table: ReservationTable;
  readonly identities = new KnownIdentities();
  readonly #keys: Keys;
  readonly #changed: (change: MirroredReservation) => void;
  readonly #say: Say;
  readonly #known = new Map<OutsideId, KnownReservation>();
  /** Ids whose keys hold text that no version of the gateway has written: it is not overwritten. */
  readonly #foreign = new Set<OutsideId>();

  /** @param changed Called with every reservation that differs from the table's. */
  constructor(keys: Keys, table: ReservationTable, changed: (change: MirroredReservation) => void, say: Say) {
    this.#keys = keys;
    this.table = table;
    this.#changed = changed;
    this.#say = say;
  }

  /** Takes what the mirror has, until etcd's are read. */
  load(reservations: Iterable<Reservation>): void {
    for (const reservation of reservations) this.table.put(reservation);
  }

  /** Forgets all revisions: what comes is of another generation. The table stays. */
  forget(): void {
    this.identities.forget();
    this.#known.clear();
    this.#foreign.clear();
  }

  /** The modification revision of its key; 0: no such key. */
  revisionOf(id: OutsideId): Revision {
    const known = this.#known.get(id);
    return known?.text === undefined ? 0 : known.revision;
  }

  entryText(id: OutsideId): string | undefined {
    return this.#known.get(id)?.text;
  }

  isForeign(id: OutsideId): boolean {
    return this.#foreign.has(id);
  }

  /** All ids that are known, in etcd or from the mirror. */
  ids(): Iterable<OutsideId> {
    return new Set([...this.#known.keys(), ...[...this.table.all()].map(({ id }) => id)]);
  }

  /** Takes the text of its key. False: it was known already. */
  learn(id: OutsideId, revision: Revision, text: string): boolean {
    if ((this.#known.get(id)?.revision ?? 0) >= revision) return false;
    this.#known.set(id, { revision, text });
    const value = parseReservation(text, revision);
    if (value === undefined || value.reservation.id !== id) {
      this.#foreign.add(id);
      const key = this.#keys.ofReservation(id);
      this.#say(
        'error',
        { id, revision, key, remedy: remedyForReservation(key, this.table.get(id)) },
        'the key of a reservation in etcd holds text that is none; it holds as before',
      );
      return true;
    }
    this.#foreign.delete(id);
    const { reservation, reason } = value;
    const before = this.table.get(id);
    if (before?.version === revision && isSameReservation(before, reservation)) return true;
    this.table.put(reservation);
    this.#changed({ id, before, after: reservation, reason });
    return true;
  }

  /** Takes that its key did not exist at a revision. False: newer is known. */
  learnGone(id: OutsideId, revision: Revision): boolean {
    if ((this.#known.get(id)?.revision ?? 0) >= revision) return false;
    this.#known.set(id, { revision, text: undefined });
    this.#foreign.delete(id);
    const before = this.table.get(id);
    if (before === undefined) return true;
    this.table.remove(id);
    this.#changed({ id, before, after: undefined, reason: 'reservation-forgotten' });
    return true;
  }

  /** Forgets a deletion, of which nothing older will come. */
  forgetGone(id: OutsideId, revision: Revision): void {
    const known = this.#known.get(id);
    if (known?.text === undefined && known?.revision === revision) this.#known.delete(id);
  }
}
