/** What an event is about. */
export const EVENT_KINDS = [
  'lease',
  'reservation',
  'decision',
  'conflict',
  'rogue',
  'unknown_mac',
  'pool',
  'peer',
  'store',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** An event as it is sent, and what it is filtered by. */
export interface LoggedEvent {
  readonly number: number;
  /** missed: so many decisions were lost before they could be read. */
  readonly kind: EventKind | 'missed';
  readonly reason: string | undefined;
  readonly mac: string | undefined;
  readonly address: string | undefined;
  /** True: it happened while nobody followed the events. A reader that begins with what happens from now on does not get it. */
  readonly wasUnfollowed: boolean;
  /** Its frame of server-sent events. */
  readonly frame: string;
}

export interface NewEvent {
  /** missed: so many decisions were lost before they could be read. */
  readonly kind: EventKind | 'missed';
  readonly reason?: string | undefined;
  readonly mac?: string | undefined;
  readonly address?: string | undefined;
  readonly wasUnfollowed?: boolean;
  readonly data: object;
}

/** The newest events, for readers that each have a position of their own: none costs memory but its position. */
export class EventLog {
  readonly #start: string;
  readonly #size: number;
  readonly #events: LoggedEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #next = 1;

  /** @param start Tells this log from one of an earlier process or thread. */
  constructor(start: string, size = 10_000) {
    this.#start = start;
    this.#size = size;
  }

  /** The number of the next event. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest one that is kept. */
  get first(): number {
    return Math.max(1, this.#next - this.#size);
  }

  /** The id of an event. That of the number 0 says that its reader has had none yet. */
  idOf(number: number): string {
    return `${this.#start}-${number}`;
  }

  add({ kind, reason, mac, address, wasUnfollowed = false, data }: NewEvent): void {
    const number = this.#next;
    const frame = `id: ${this.idOf(number)}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#events[number % this.#size] = { number, kind, reason, mac, address, wasUnfollowed, frame };
    this.#next += 1;
  }

  /** Tells those that wait for more. Call it when some were added. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const run of waiting) run();
  }

  /** Calls `run` once, when there is more. Returns a function that forgets it. */
  whenMore(run: () => void): () => void {
    this.#waiting.add(run);
    return () => this.#waiting.delete(run);
  }

  /** Undefined: it is not kept any more, or not there yet. */
  at(number: number): LoggedEvent | undefined {
    return number >= this.first && number < this.#next ? this.#events[number % this.#size] : undefined;
  }

  /** Where a reader goes on that had this id last, and what it has missed; null: it is not known how many. */
  resume(lastId: string): { readonly from: number; readonly missed: number | null } {
    const [, start, number] = /^(.{1,64})-(\d{1,15})$/.exec(lastId) ?? [];
    const wanted = Number(number) + 1;
    if (start !== this.#start || !(wanted <= this.#next)) return { from: this.first, missed: null };
    return { from: Math.max(wanted, this.first), missed: Math.max(0, this.first - wanted) };
  }
}
