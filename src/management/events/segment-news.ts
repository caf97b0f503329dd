import { CLOCK_TRUSTED } from '../../lease/history-event.ts';
import { isMirror, newestRow, rowsBehind } from '../../store/sqlite/query/follow-history.ts';
import type { LeaseReading } from '../lease-reading.ts';
import type { NewEvent } from './event-log.ts';

/** An order of this gateway is in the log already; its row follows within this time: milliseconds. */
const OWN = 15_000;
const OF_RESERVATIONS: Readonly<Record<string, string>> = { reserved: 'put', unreserved: 'remove' };

/** The reservations whose change this gateway has told already, by id, and when. */
export class ToldReservations {
  readonly #told = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(id: string): void {
    const now = this.#now();
    for (const [other, at] of this.#told) if (now - at >= OWN) this.#told.delete(other);
    this.#told.set(id, now);
  }

  has(id: string): boolean {
    return this.#now() - (this.#told.get(id) ?? Number.NEGATIVE_INFINITY) < OWN;
  }
}

export interface SegmentNewsParts {
  readonly leases: Pick<LeaseReading, 'peek'>;
  readonly node: string;
  readonly told: ToldReservations;
}

/**
 * What other gateways do with the leases that all share. It is read from the history of the lease file, which follows within
 * a second; the packets' thread has nothing to do with it.
 */
export class SegmentNews {
  readonly #parts: SegmentNewsParts;
  /** The last row that was looked at; undefined: what comes from now on is new. */
  #last: number | undefined;

  constructor(parts: SegmentNewsParts) {
    this.#parts = parts;
  }

  /** Nobody follows: what happens meanwhile is told to nobody. */
  pause(): void {
    this.#last = undefined;
  }

  /** What is new since the last call. A file that cannot be read has no news. */
  async take(): Promise<readonly NewEvent[]> {
    const { leases, node, told } = this.#parts;
    try {
      return await leases.peek(({ database }) => {
        const last = this.#last;
        if (last === undefined || !isMirror(database)) {
          this.#last = newestRow(database);
          return [];
        }
        const rows = rowsBehind(database, last);
        this.#last = rows.at(-1)?.id ?? last;
        return rows.flatMap((row): readonly NewEvent[] => {
          const { at, address, mac, client, event, reason, author, reservation_id: id } = row;
          const change = OF_RESERVATIONS[event];
          if (change !== undefined) {
            if (id === null || told.has(id)) return [];
            return [{ kind: 'reservation', address, data: { at, id, address, author, change } }];
          }
          if (row.node === null || row.node === node || event === CLOCK_TRUSTED) return [];
          const about = { reason, mac: mac ?? undefined, address };
          return [{ ...about, kind: 'lease', data: { at, address, mac, client, reason, node: row.node } }];
        });
      });
    } catch {
      return [];
    }
  }
}
