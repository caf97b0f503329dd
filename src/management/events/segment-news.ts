import { CLOCK_TRUSTED } from '../../lease/history-event.ts';
import { isMirror, newestRow, rowsBehind } from '../../store/sqlite/query/follow-history.ts';
import type { LeaseReading } from '../http/lease-reading.ts';
import type { NewEvent } from './event-log.ts';

/** A change that this gateway ordered is in the log before its row comes. Their times differ by less than this: milliseconds. */
const OWN = 15_000;
/** How many orders of this gateway are remembered, and how many rows are told late: as many as the log keeps. */
const MOST = 10_000;
const OF_RESERVATIONS: Readonly<Record<string, string>> = { reserved: 'put', unreserved: 'remove' };

/** The changes of reservations that this gateway has told already, by id, and when. */
export class ToldReservations {
  readonly #told = new Map<string, number[]>();
  readonly #now: () => number;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(id: string): void {
    const times = this.#told.get(id) ?? [];
    this.#told.delete(id); // It is the newest from now on.
    this.#told.set(id, [...times, this.#now()].slice(-MOST));
    this.#count += 1;
    for (const [oldest, each] of this.#told) {
      if (this.#count <= MOST || oldest === id) break;
      this.#told.delete(oldest);
      this.#count -= each.length;
    }
  }

  /** @param at The time of the change: wall-clock milliseconds. */
  has(id: string, at: number): boolean {
    return (this.#told.get(id) ?? []).some((time) => Math.abs(time - at) < OWN);
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
  /** The last row that was looked at. It stays while nobody follows: whoever comes back is told what happened meanwhile. */
  #last: number | undefined;

  constructor(parts: SegmentNewsParts) {
    this.#parts = parts;
  }

  /** What is new since the last call. A file that cannot be read has no news. */
  async take(): Promise<readonly NewEvent[]> {
    const { leases, node, told } = this.#parts;
    try {
      return await leases.peek(({ database }) => {
        const last = this.#last;
        const newest = newestRow(database);
        // In a file that was made anew the ids begin again.
        if (last === undefined || newest < last || !isMirror(database)) {
          this.#last = newest;
          return [];
        }
        if (newest - last > MOST) {
          this.#last = newest;
          return [{ kind: 'missed', data: { missed: null } }];
        }
        const rows = rowsBehind(database, last);
        this.#last = rows.at(-1)?.id ?? last;
        return rows.flatMap((row): readonly NewEvent[] => {
          const { at, address, mac, client, event, reason, author, reservation_id: id } = row;
          const change = OF_RESERVATIONS[event];
          if (change !== undefined) {
            if (id === null || told.has(id, Date.parse(at))) return [];
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
