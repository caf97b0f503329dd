import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../src/engine/decision/decision.ts';
import { Pace } from '../../../src/exchange/parts/pace.ts';
import { keyOfIdentifier } from '../../../src/lease/client-key.ts';
import type { Instant } from '../../../src/lease/lease.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { FakeClock } from '../../support/clock.ts';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';

/** The least time from one commit to the next: milliseconds. */
const APART = 2;
/** A read that comes between two commits is so long after the first: milliseconds. */
const BETWEEN = 4 / 3;

/** A gateway whose rounds take no time: it reads what has come, commits if it has to, and waits for the next datagram. */
class Rounds {
  readonly clock = new FakeClock();
  /** When the sockets were read, and for which of these reads a commit followed: milliseconds. */
  readonly read: number[] = [];
  readonly committed: number[] = [];
  readonly slept: number[] = [];
  readonly #commits: boolean;
  readonly #pace = new Pace(this.clock, APART, (milliseconds) => {
    this.slept.push(milliseconds);
    this.clock.stall(milliseconds);
  });

  /** @param commits False: nothing of what comes needs a commit. */
  constructor(commits = true) {
    this.#commits = commits;
  }

  /** So many exchanges in a second come at equal distances, for some milliseconds. */
  serve(exchanges: number, milliseconds: number): this {
    const distance = 1000 / (2 * exchanges);
    const start = this.clock.monotonic();
    let next = start + distance;
    const take = () => {
      this.read.push(this.clock.monotonic());
      const count = Math.max(0, Math.floor((this.clock.monotonic() - next) / distance + 1e-6) + 1);
      this.#pace.read(count);
      next += count * distance;
    };
    while (next <= start + milliseconds) {
      this.clock.stall(Math.max(0, next - this.clock.monotonic()));
      this.#pace.wait();
      take();
      if (this.#commits) this.#commit(take);
    }
    return this;
  }

  /** The same, of a gateway that has served as many for some time. */
  static busyWith(exchanges: number, commits = true): Rounds {
    const rounds = new Rounds(commits).serve(exchanges, 500);
    rounds.read.length = 0;
    rounds.committed.length = 0;
    return rounds.serve(exchanges, 100);
  }

  #commit(take: () => void): void {
    const isEarly = this.#pace.isCommitEarly;
    this.#pace.waitForCommit(isEarly);
    if (isEarly) take();
    this.committed.push(this.clock.monotonic());
  }
}

function gapsOf(times: readonly number[]): readonly number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}

describe('rounds of datagrams', () => {
  test.each([1, 10, 500, 900])('at %d exchanges a second all begin and commit at once', (exchanges) => {
    const rounds = new Rounds().serve(exchanges, 2000);

    expect(rounds.slept).toEqual([]);
    expect(rounds.committed).toEqual(rounds.read);
  });

  describe.each([1500, 4000, 10_000, 50_000])('at %d exchanges a second', (exchanges) => {
    test('commits are two milliseconds apart, and never further while there is something to commit', () => {
      const gaps = gapsOf(Rounds.busyWith(exchanges).committed);

      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(APART - 1e-6);
      expect(Math.max(...gaps)).toBeLessThan(APART + 1000 / (2 * exchanges) + 1e-6);
    });

    test('the sockets are read once between two commits', () => {
      const { read, committed } = Rounds.busyWith(exchanges);
      const between = committed.slice(1).map((at, index) => {
        const before = committed[index] ?? 0;
        return read.filter((each) => each > before && each < at).map((each) => each - before);
      });

      for (const each of between) {
        expect(each).toHaveLength(1);
        expect(each[0]).toBeGreaterThanOrEqual(BETWEEN - 1e-6);
        expect(each[0]).toBeLessThan(BETWEEN + 1000 / (2 * exchanges) + 1e-6);
      }
    });
  });

  test('that need no commit are held apart too', () => {
    const gaps = gapsOf(Rounds.busyWith(10_000, false).read);

    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(APART - BETWEEN - 1e-6);
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

describe('an exchange that is busy', () => {
  /** So many guests have been offered an address just now; `arriving` comes during each wait from then on. */
  async function busy(options: { readonly soon?: (run: () => void) => void } = {}) {
    const arriving: Uint8Array[][] = [];
    const sendsAtWait: number[] = [];
    const bench = memoryBench({
      ...options,
      pace: (clock) =>
        new Pace(clock, APART, (milliseconds) => {
          clock.stall(milliseconds);
          sendsAtWait.push(bench.transport.sends.length);
          for (const datagram of arriving.shift() ?? []) bench.transport.put(datagram);
        }),
    });
    const guests = Array.from({ length: 220 }, (_, at) => new Guest(hardwareOf(at)));
    await bench.hear(...guests.map((guest) => guest.discover()));
    const requests = bench.replies().map((reply) => {
      const [, address = '', , hardware = ''] = reply.split(' ');
      const guest = guests.find((_, at) => hardwareOf(at) === hardware);
      return guest?.select(address, '10.15.3.10') ?? new Uint8Array();
    });
    return { bench, requests, arriving, sendsAtWait, before: bench.transport.sends.length };
  }

  test('commits what comes while a round is held back with it, and its DHCPACKs leave after that', async () => {
    const { bench, requests, arriving, before } = await busy();
    await bench.hear(requests[0] ?? new Uint8Array());
    arriving.push(requests.slice(1, 6), requests.slice(6, 12));

    await bench.hear(requests[12] ?? new Uint8Array());

    expect(bench.store.commits.map((changes) => changes.length)).toEqual([1, 12]);
    expect(bench.transport.sends.slice(before)).toEqual([1, 12]);
    expect(bench.replies().every((reply) => reply.startsWith('DHCPACK'))).toBe(true);
  });

  test('reads what comes before a commit that takes long', async () => {
    const waiting: (() => void)[] = [];
    const { bench, requests, arriving } = await busy({ soon: (run) => void waiting.push(run) });
    await bench.hear(requests[0] ?? new Uint8Array());
    bench.exchange.submit({ decide: (at) => ordering(9, at), done: () => {} });
    arriving.push([], requests.slice(1, 2));
    await bench.hear(requests[2] ?? new Uint8Array());
    const before = bench.store.commits.length;

    bench.transport.put(new Guest(hardwareOf(250)).discover());
    bench.exchange.receive();

    expect(bench.transport.unread).toBe(0);
    expect(bench.store.commits).toHaveLength(before);
  });

  test('offers addresses before it waits for its commit', async () => {
    const { bench, requests, arriving, sendsAtWait, before } = await busy();
    await bench.hear(requests[0] ?? new Uint8Array());
    const late = new Guest(hardwareOf(250));
    arriving.push([late.discover()], requests.slice(1, 3));
    sendsAtWait.length = 0;

    await bench.hear(requests[3] ?? new Uint8Array());

    expect(bench.transport.sends.slice(before)).toEqual([1, 1, 3]);
    expect(sendsAtWait).toEqual([before + 1, before + 2]);
    expect(bench.store.commits.map((changes) => changes.length)).toEqual([1, 3]);
  });
});

/** A decision that changes so many reservations. */
function ordering(count: number, at: Instant): Decision {
  const reservations = Array.from({ length: count }, (_, index) => ({
    ...{ id: `r${index}` as OutsideId, expectedVersion: 0, next: 'removed' as const },
  }));
  const change = {
    ...{ kind: 'binding' as const, client: keyOfIdentifier(Uint8Array.of(0)), expectedBindingVersion: 0 },
    ...{ writes: [], reservations, at, reason: 'reservation-removed' as const },
  };
  return { kind: 'silence', reason: 'reservation-removed', change };
}

function hardwareOf(at: number): string {
  return `52:54:00:00:00:${at.toString(16).padStart(2, '0')}`;
}
