import type { ClientKey } from '../../../lease/client-key.ts';
import type { HistoryEvent } from '../../../lease/history-event.ts';
import type { Instant, LeaseRecord } from '../../../lease/lease.ts';
import type { LeaseChange } from '../../../lease/lease-view.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';
import type { Replaced } from '../../mirror.ts';

/** If a client gets its address back within this time, the history has neither its release nor the new lease: milliseconds. */
const RETURN_TIME = 60_000;
/** The most released addresses that are remembered for that. */
const MOST_RELEASED = 65_536;

/** These reasons of an end are events of the history too. */
const ENDINGS: readonly HistoryEvent[] = ['moved', 'released', 'expired'];

/** What one change does to the history. */
export interface HistoryChange {
  readonly event: HistoryEvent | undefined;
  /** The id of the row that is added or deleted; 0: there is none. */
  readonly eventId: number;
}

/** Gives ids to the rows of the history, and leaves out a release that is undone at once: a guest may repeat it very fast. */
export class HistoryRows {
  #last: number;
  readonly #released = new Map<
    Ipv4,
    { readonly client: ClientKey; readonly at: Instant; readonly id: number }
  >();

  /** `last`: the id of the newest row. */
  constructor(last: number) {
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  /** Goes back to a row: the transaction with those behind it has failed. */
  goBack(last: number): void {
    this.#last = last;
    this.#released.clear();
  }

  /** The id of a row for what is no lease. */
  add(): number {
    this.#last += 1;
    return this.#last;
  }

  next(
    address: Ipv4,
    before: Replaced | undefined,
    next: Pick<LeaseRecord, 'client' | 'state'>,
    change: Pick<LeaseChange, 'at' | 'reason'>,
  ): HistoryChange {
    const event = historyEventOf(before, next, change);
    if (event === undefined) return { event, eventId: 0 };
    const released = this.#released.get(address);
    this.#released.delete(address);
    if (event === 'bound' && released !== undefined && released.client === next.client) {
      const away = change.at - released.at;
      if (away >= 0 && away < RETURN_TIME) return { event: 'returned', eventId: released.id };
    }
    this.#last += 1;
    if (event === 'released') this.#remember(address, next.client, change.at);
    return { event, eventId: this.#last };
  }

  #remember(address: Ipv4, client: ClientKey, at: Instant): void {
    if (this.#released.size >= MOST_RELEASED) {
      const [oldest] = this.#released.keys();
      if (oldest !== undefined) this.#released.delete(oldest);
    }
    this.#released.set(address, { client, at, id: this.#last });
  }
}

/** The event of a record that replaces another; undefined: only its times have changed, and it gets no row. */
export function historyEventOf(
  before: Replaced | undefined,
  next: Pick<LeaseRecord, 'client' | 'state'>,
  change: Pick<LeaseChange, 'at' | 'reason'>,
): HistoryEvent | undefined {
  const isSame = before !== undefined && before.state === next.state && before.client === next.client;
  if (next.state === 'free') {
    if (before === undefined || before.state === 'free') return undefined;
    return ENDINGS.find((event) => event === change.reason) ?? 'freed';
  }
  if (isSame && before.expiresAt > change.at) return undefined;
  if (next.state === 'bound') return 'bound';
  if (next.state === 'declined') return 'declined';
  return isSame ? undefined : 'peer';
}
