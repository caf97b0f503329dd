import { test } from 'vitest';
import { type GuestKind, obstacleTo } from './guest-kind.ts';

/** What one situation brought to each of several guests. Whose look failed fails its own test only. */
export class Seen<Value> {
  readonly #results: ReadonlyMap<string, PromiseSettledResult<Value>>;

  private constructor(results: ReadonlyMap<string, PromiseSettledResult<Value>>) {
    this.#results = results;
  }

  /** All at the same time. Those whose program is not installed are left out. */
  static async together<Value>(
    guests: readonly GuestKind[],
    look: (guest: GuestKind) => Promise<Value>,
  ): Promise<Seen<Value>> {
    const present = guests.filter((guest) => obstacleTo(guest) === undefined);
    const results = await Promise.allSettled(present.map(look));
    return new Seen(new Map(present.map(({ name }, place) => [name, results[place] ?? NOT_SEEN])));
  }

  /** Throws what its look threw. */
  by(name: string): Value {
    const result = this.#results.get(name) ?? NOT_SEEN;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }
}

const NOT_SEEN = { status: 'rejected', reason: new Error('there was no such guest') } as const;

/** A test for each guest, its name for %s in the title; where its program is missing it is skipped, and says so. */
export function testEach(guests: readonly GuestKind[], title: string, check: (name: string) => void): void {
  const rows = guests.map((guest) => [guest.name, guest] as const);
  test.for(rows)(title, ([name, guest], { skip }) => {
    const missing = obstacleTo(guest);
    if (missing !== undefined) skip(missing);
    check(name);
  });
}
