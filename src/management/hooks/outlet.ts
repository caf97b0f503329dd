import type { Say } from '../../log/say.ts';
import type { SharedEvent } from '../../reporting/shared-events.ts';
import type { Change, ChangeDocument } from './change.ts';

/** Changes that wait; beyond it the oldest are dropped, and counted as missed. */
const MOST_WAITING = 10_000;
/** Changes of one document. */
const MOST_TOGETHER = 256;
/** Time from a failure to the next try; it doubles with each further one: milliseconds. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/** Failures one after the other that are a problem. One alone may be chance. */
const PROBLEM = 3;
/** Failures are said at once, and then after as many of them: 1, 2, 4, 8 ... up to this. */
const SELDOM = 64;

export type DeliveryOutcome =
  | { readonly kind: 'taken' }
  | {
      readonly kind: 'failed';
      readonly cause: string;
      readonly isTimeout: boolean;
      /** True: the same document may be taken later. */
      readonly mayRepeat: boolean;
    };

/** Where documents go. */
export interface Delivery {
  readonly name: 'hook' | 'webhook';
  /** The program, or the server, as it is shown. */
  readonly target: string;
  /** Never rejects, and ends within its time. */
  deliver(document: { readonly id: string; readonly text: string }): Promise<DeliveryOutcome>;
  /** Ends what is under way. */
  end(): void;
}

export interface OutletParts {
  readonly delivery: Delivery;
  readonly segment: string;
  readonly node: string;
  /** The changes with all that is told of them. */
  readonly changesOf: (events: readonly SharedEvent[]) => Promise<readonly Change[]>;
  readonly say: Say;
  /** Tells the beginning of all ids from those of another process or thread. */
  readonly start: string;
  /** Runs something later; returns what cancels it. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
}

export interface OutletFigures {
  readonly name: Delivery['name'];
  readonly target: string;
  readonly waiting: number;
  /** Documents by what became of them. */
  readonly outcomes: Readonly<Record<'taken' | 'failed' | 'timeout', number>>;
  readonly changes: number;
  readonly missed: number;
  /** What is wrong; undefined: nothing. */
  readonly trouble: string | undefined;
}

interface Prepared extends Pick<ChangeDocument, 'id' | 'missed'> {
  readonly text: string;
  /** How many it has. */
  readonly changes: number;
}

/**
 * Tells changes to one program or server: one document at a time, in their order. A document that is refused is not told again:
 * the next one says how many changes were missed. At the start nobody knows how many.
 */
export class Outlet {
  readonly #parts: OutletParts;
  #queue: SharedEvent[] = [];
  #missed: number | null = null;
  /** It is to be told again. */
  #repeated: Prepared | undefined;
  #isBusy = false;
  #isEnded = false;
  #number = 0;
  #failures = 0;
  #cause = '';
  #isOverflowing = false;
  #cancel: (() => void) | undefined;
  readonly #outcomes = { taken: 0, failed: 0, timeout: 0 };
  #changes = 0;
  #allMissed = 0;

  constructor(parts: OutletParts) {
    this.#parts = parts;
  }

  get figures(): OutletFigures {
    const { name, target } = this.#parts.delivery;
    return {
      ...{ name, target, waiting: this.#queue.length, changes: this.#changes, missed: this.#allMissed },
      outcomes: { ...this.#outcomes },
      trouble: this.#trouble,
    };
  }

  get #trouble(): string | undefined {
    if (this.#failures >= PROBLEM) return `it failed ${this.#failures} times in a row: ${this.#cause}`;
    return this.#isOverflowing ? 'changes come faster than it takes them, and some are dropped' : undefined;
  }

  /** The first document tells nothing but that what was before is not known. */
  begin(): void {
    this.#next();
  }

  end(): void {
    this.#isEnded = true;
    this.#cancel?.();
    this.#parts.delivery.end();
  }

  /** @param lost Changes that may have been among as many decisions that were lost before; 0: none. */
  push(events: readonly SharedEvent[], lost: number): void {
    if (lost > 0) this.#missed = null;
    for (const event of events) this.#queue.push(event);
    const over = this.#queue.length - MOST_WAITING;
    if (over > 0) this.#overflow(over);
    if (events.length > 0 || lost > 0) this.#next();
  }

  #overflow(over: number): void {
    this.#queue.splice(0, over);
    this.#miss(over);
    if (this.#isOverflowing) return;
    this.#isOverflowing = true;
    const { name, target } = this.#parts.delivery;
    const fields = { [name]: target, waiting: MOST_WAITING };
    this.#parts.say(
      'warn',
      fields,
      'changes of leases come faster than they are taken; the oldest are dropped',
    );
  }

  #miss(count: number): void {
    this.#allMissed += count;
    if (this.#missed !== null) this.#missed += count;
  }

  #next(): void {
    const isDue = this.#queue.length > 0 || this.#missed !== 0 || this.#repeated !== undefined;
    if (!isDue || this.#isBusy || this.#isEnded || this.#cancel !== undefined) return;
    this.#isBusy = true;
    void this.#deliver().finally(() => {
      this.#isBusy = false;
      this.#next();
    });
  }

  async #deliver(): Promise<void> {
    const prepared = this.#repeated ?? (await this.#prepare());
    if (prepared === undefined || this.#isEnded) return;
    const outcome = await this.#parts.delivery.deliver(prepared);
    if (this.#isEnded) return;
    if (outcome.kind === 'taken') this.#taken(prepared);
    else this.#failed(prepared, outcome);
  }

  /** Undefined: the lease file cannot be read now. */
  async #prepare(): Promise<Prepared | undefined> {
    const { changesOf, segment, node, start } = this.#parts;
    const events = this.#queue.slice(0, MOST_TOGETHER);
    const before = this.#allMissed;
    let changes: readonly Change[];
    try {
      changes = await changesOf(events);
    } catch (error) {
      this.#cause = error instanceof Error ? error.message : String(error);
      this.#wait(FIRST_WAIT);
      return undefined;
    }
    // Some of them may have been dropped meanwhile.
    const dropped = Math.min(this.#allMissed - before, events.length);
    this.#queue.splice(0, events.length - dropped);
    this.#number += 1;
    const document: ChangeDocument = {
      ...{ id: `${start}-${this.#number}`, segment, node },
      ...{ missed: this.#missed, changes: changes.slice(dropped) },
    };
    this.#missed = 0;
    const { id, missed, changes: told } = document;
    return { id, missed, text: `${JSON.stringify(document)}\n`, changes: told.length };
  }

  #taken({ changes }: Prepared): void {
    this.#repeated = undefined;
    this.#outcomes.taken += 1;
    this.#changes += changes;
    const { say, delivery } = this.#parts;
    const fields = { [delivery.name]: delivery.target, failures: this.#failures, missed: this.#allMissed };
    if (this.#failures > 0) say('info', fields, 'changes of leases are taken again');
    this.#failures = 0;
    if (this.#queue.length < MOST_WAITING / 2) this.#isOverflowing = false;
  }

  #failed(
    prepared: Prepared,
    { cause, isTimeout, mayRepeat }: Extract<DeliveryOutcome, { kind: 'failed' }>,
  ): void {
    this.#outcomes[isTimeout ? 'timeout' : 'failed'] += 1;
    this.#failures += 1;
    this.#cause = cause;
    this.#repeated = mayRepeat ? prepared : undefined;
    if (!mayRepeat) this.#giveUp(prepared);
    const { say, delivery } = this.#parts;
    const wait = Math.min(FIRST_WAIT * 2 ** Math.min(this.#failures - 1, 16), LONGEST_WAIT);
    const isSaid = this.#failures % SELDOM === 0 || (this.#failures & (this.#failures - 1)) === 0;
    const fields = {
      [delivery.name]: delivery.target,
      cause,
      failures: this.#failures,
      againInMilliseconds: wait,
    };
    if (isSaid) say('warn', fields, 'changes of leases were not taken');
    this.#wait(wait);
  }

  /** What a refused document had missed, the next one has missed too. */
  #giveUp({ missed, changes }: Prepared): void {
    this.#miss(changes);
    if (missed === null) this.#missed = null;
    else if (this.#missed !== null) this.#missed += missed;
  }

  #wait(milliseconds: number): void {
    this.#cancel = this.#parts.after(milliseconds, () => {
      this.#cancel = undefined;
      this.#next();
    });
  }
}
