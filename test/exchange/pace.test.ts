import { describe, expect, test } from 'vitest';
import { Pace } from '../../src/exchange/pace.ts';
import { FakeClock } from '../support/clock.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';

const APART = 1;

/** A gateway whose rounds take no time: it reads what has come, and then waits for the next datagram. */
class Rounds {
  readonly clock = new FakeClock();
  /** When each round has begun: milliseconds. */
  readonly begun: number[] = [];
  readonly slept: number[] = [];
  readonly #pace = new Pace(this.clock, APART, (milliseconds) => {
    this.slept.push(milliseconds);
    this.clock.stall(milliseconds);
  });

  /** So many exchanges in a second come at equal distances, for some milliseconds. */
  serve(exchanges: number, milliseconds: number): this {
    const distance = 1000 / (2 * exchanges);
    const start = this.clock.monotonic();
    for (let next = start + distance; next <= start + milliseconds; ) {
      this.clock.stall(Math.max(0, next - this.clock.monotonic()));
      this.#pace.wait();
      this.begun.push(this.clock.monotonic());
      const count = Math.floor((this.clock.monotonic() - next) / distance + 1e-6) + 1;
      this.#pace.read(count);
      next += count * distance;
    }
    return this;
  }

  get gaps(): readonly number[] {
    return this.begun.slice(1).map((at, index) => at - (this.begun[index] ?? 0));
  }
}

describe('rounds of datagrams', () => {
  test.each([1, 10, 500, 900])('at %d exchanges a second all begin at once', (exchanges) => {
    expect(new Rounds().serve(exchanges, 2000).slept).toEqual([]);
  });

  test.each([1500, 4000, 10_000, 50_000])(
    'at %d exchanges a second are a millisecond apart, as soon as it is known that so many come',
    (exchanges) => {
      const rounds = new Rounds().serve(exchanges, 500);
      rounds.begun.length = 0;

      expect(Math.min(...rounds.serve(exchanges, 100).gaps)).toBeGreaterThanOrEqual(APART - 1e-6);
    },
  );

  test('are never further apart than that while there is something to read', () => {
    const rounds = new Rounds().serve(4000, 500);
    rounds.begun.length = 0;

    expect(Math.max(...rounds.serve(4000, 100).gaps)).toBeLessThan(APART + 1000 / 8000 + 1e-6);
  });

  test('begin at once again when fewer come', () => {
    const rounds = new Rounds().serve(10_000, 500).serve(500, 300);
    rounds.slept.length = 0;

    expect(rounds.serve(500, 1000).slept).toEqual([]);
  });

  test('of a few guests that come at one moment are not held apart', () => {
    const rounds = new Rounds().serve(1, 1000).serve(20_000, 4);

    expect(rounds.slept).toEqual([]);
  });
});

test('what comes while a round is held back is committed with it, and its DHCPACKs leave after that', async () => {
  let arriving: readonly Uint8Array[] = [];
  const bench = memoryBench({
    pace: (clock) =>
      new Pace(clock, APART, (milliseconds) => {
        clock.stall(milliseconds);
        for (const datagram of arriving) bench.transport.put(datagram);
      }),
  });
  const guests = Array.from({ length: 220 }, (_, at) => new Guest(hardwareOf(at)));
  await bench.hear(...guests.map((guest) => guest.discover()));
  const offered = bench.replies().map((reply) => reply.split(' '));
  const requests = offered.slice(0, 11).map(([, address = '', , hardware = '']) => {
    const guest = guests.find((_, at) => hardwareOf(at) === hardware);
    return guest?.select(address, '10.15.3.10') ?? new Uint8Array();
  });

  arriving = requests.slice(1);
  const sentBefore = bench.transport.sends.length;
  await bench.hear(...requests.slice(0, 1));

  expect(bench.store.commits.map((changes) => changes.length)).toEqual([11]);
  expect(bench.transport.sends.slice(sentBefore)).toEqual([11]);
  expect(bench.replies().every((reply) => reply.startsWith('DHCPACK'))).toBe(true);
});

function hardwareOf(at: number): string {
  return `52:54:00:00:00:${at.toString(16).padStart(2, '0')}`;
}
