import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/engine/decision/decision.ts';
import type { DecisionOutcome } from '../../src/exchange/observer/observer.ts';
import { Pace } from '../../src/exchange/parts/pace.ts';
import { WAITING_LIMIT } from '../../src/exchange/pending/pending-queues.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { type Instant, type Lease, later } from '../../src/lease/lease.ts';
import type { LeaseView } from '../../src/lease/lease-view.ts';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { isFinal } from '../../src/reporting/counters.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import type { Message } from '../../src/wire/message.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { ExchangeBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { type Fate, type MemoryStore, memoryStore } from '../support/memory-store.ts';
import { at, planOf, range, segment } from '../support/plan.ts';
import type { Sent } from '../support/simulated-transport.ts';

const SERVER = '10.15.3.10';
const GUESTS = 9;
/** Fewer than guests, so that they compete. */
const POOL = range('10.15.3.20', '10.15.3.27');
const RUNS = 80;

type Kind = 'discover' | 'select' | 'reboot' | 'extend' | 'release' | 'decline' | 'inform';
type Step =
  | { readonly do: 'say'; readonly kind: Kind; readonly guest: number; readonly address: number }
  | { readonly do: 'deliver' }
  | { readonly do: 'pass'; readonly milliseconds: number }
  | { readonly do: 'answer'; readonly question: number; readonly isTaken: boolean }
  | { readonly do: 'commit goes'; readonly fate: Fate; readonly takes: number | undefined }
  | { readonly do: 'another gateway renews'; readonly guest: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('say' as const),
      kind: fc.constantFrom<Kind>(
        'discover',
        'select',
        'select',
        'reboot',
        'extend',
        'extend',
        'release',
        'release',
        'decline',
        'inform',
      ),
      guest: fc.nat(GUESTS - 1),
      address: fc.nat(9),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'deliver' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      milliseconds: fc.constantFrom(1, 20, 20, 400, 400, 1500, 5000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      question: fc.nat(9),
      isTaken: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('commit goes' as const),
      fate: fc.constantFrom<Fate>(
        'compare',
        'compare',
        'compare',
        'conflict',
        'failed',
        'unknown',
        'unknown but written',
      ),
      takes: fc.constantFrom(undefined, 5, 50, 900, 4500),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('another gateway renews' as const), guest: fc.nat(GUESTS - 1) }),
  },
);

/** Drives an exchange by steps, and holds against it what it promises. */
class Trial<Store extends LeaseStore> {
  readonly bench: ExchangeBench<Store>;
  readonly #guests = Array.from({ length: GUESTS }, (_, index) => new Guest(`52:54:00:00:00:0${index}`));
  /** The address that each guest was offered or leased last. */
  readonly #known = new Map<string, string>();
  readonly #applyForeign: (lease: Lease) => void;
  readonly #isPaced: boolean;
  #said = 0;
  #ended = 0;
  /** By xid: the store's revision when the datagram was read. */
  readonly #readAt = new Map<number, number>();
  #unread: number[] = [];
  readonly #foreign = new Map<string, number>();
  readonly #answered = new Set<number>();
  readonly #lastAnswered = new Map<string, number>();
  /** Datagrams that come when the exchange next waits for the time of a commit. */
  readonly #late: (() => void)[] = [];
  readonly acknowledged: { readonly address: Ipv4; readonly hardware: string }[] = [];

  constructor(bench: ExchangeBench<Store>, applyForeign: (lease: Lease) => void, isPaced = false) {
    this.bench = bench;
    this.#isPaced = isPaced;
    this.#applyForeign = applyForeign;
    bench.transport.onSent = (sent) => this.#sent(sent);
    const { record } = bench;
    const decided = record.decided.bind(record);
    record.decided = (message: Message, client, decision: Decision, outcome: DecisionOutcome) => {
      if (isFinal(decision, outcome)) this.#ended += 1;
      if (decision.reason === 'released' && outcome === 'committed') this.#released(message, client);
      decided(message, client, decision, outcome);
    };
  }

  get leases(): LeaseView {
    return this.bench.store.leases;
  }

  async take(step: Step): Promise<void> {
    const { bench } = this;
    if (step.do === 'say') this.#say(step);
    else if (step.do === 'deliver') await this.#deliver();
    else if (step.do === 'pass') await bench.clock.pass(step.milliseconds);
    else if (step.do === 'answer') {
      bench.questions[step.question % Math.max(1, bench.questions.length)]?.answer(
        step.isTaken ? '52:54:00:00:99:99' : undefined,
      );
    } else if (step.do === 'another gateway renews') this.#renewElsewhere(step.guest);
    await settle();
    expect(bench.inFlight.size).toBeLessThanOrEqual(WAITING_LIMIT * 2);
  }

  /** What is late arrives. */
  arrive(): void {
    for (const put of this.#late.splice(0)) put();
  }

  /** All that is under way ends, and then nothing may be left of it. */
  async end(): Promise<void> {
    const { bench } = this;
    await this.#deliver();
    for (let round = 0; round < 20; round += 1) {
      for (const question of [...bench.questions]) question.answer(undefined);
      await bench.clock.pass(5000);
    }
    expect(bench.record.errors).toEqual([]);
    expect(bench.exchange.isIdle).toBe(true);
    expect([...bench.inFlight]).toEqual([]);
    expect(bench.questions).toEqual([]);
    expect(bench.clock.pending).toBe(0);
    expect(bench.transport.arenas).toBe(this.#isPaced ? 2 * bench.store.depth + 1 : bench.store.depth + 1);
    bench.record.drops.delete('stale-reply'); // Its message has met its decision.
    const dropped = [...bench.record.drops].reduce((sum, [, count]) => sum + count, 0);
    expect(this.#ended + dropped).toBe(this.#said);
  }

  #say({ kind, guest: number, address: place }: Extract<Step, { do: 'say' }>): void {
    const guest = this.#guests[number % GUESTS];
    if (guest === undefined) return;
    this.#said += 1;
    guest.xid = this.#said;
    const address = place < 2 ? `10.15.3.2${place}` : (this.#known.get(guest.mac) ?? `10.15.3.2${number}`);
    const say = {
      discover: () => guest.discover(),
      select: () => guest.select(address, SERVER),
      reboot: () => guest.reboot(address),
      extend: () => guest.extend(address),
      release: () => guest.release(address, SERVER),
      decline: () => guest.decline(address, SERVER),
      inform: () => guest.inform(address),
    };
    this.#unread.push(guest.xid);
    const bytes = say[kind]();
    const put = () => this.bench.transport.put(bytes, kind === 'release' ? at(address) : undefined);
    // The order stays: behind one that is late all are.
    if (this.#isPaced && (this.#late.length > 0 || this.#said % 4 === 0)) this.#late.push(put);
    else put();
  }

  async #deliver(): Promise<void> {
    for (const xid of this.#unread.splice(0)) this.#readAt.set(xid, this.leases.revision);
    this.bench.transport.deliver();
    await settle();
    if (this.#late.length === 0) return;
    this.arrive();
    this.bench.transport.deliver();
    await settle();
  }

  /** Another gateway of the cluster confirms the client's lease. */
  #renewElsewhere(number: number): void {
    const client = `015254000000${String(number).padStart(2, '0')}`;
    for (let place = 0; place <= POOL.last - POOL.first; place += 1) {
      const lease = this.leases.at(ipv4(POOL.first + place));
      if (lease?.state !== 'bound' || lease.client !== client) continue;
      this.#applyForeign(lease);
      this.#foreign.set(client, this.leases.revision);
    }
  }

  /** What waited may not undo what came after it. */
  #released(message: Message, client: string): void {
    const readAt = this.#readAt.get(message.xid) ?? 0;
    expect(this.#foreign.get(client) ?? 0).toBeLessThanOrEqual(readAt);
  }

  #sent({ bytes }: Sent): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const xid = view.getUint32(4);
    const mac = [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    // One reply at most to each datagram, and to one client in the order of arrival.
    expect(this.#answered.has(xid)).toBe(false);
    this.#answered.add(xid);
    expect(xid).toBeGreaterThan(this.#lastAnswered.get(mac) ?? 0);
    this.#lastAnswered.set(mac, xid);

    const yiaddr = view.getUint32(16) as Ipv4;
    if (yiaddr === 0) return;
    this.#known.set(mac, [...bytes.subarray(16, 20)].join('.'));
    if (bytes[242] !== 5) return;
    // RFC 2131 §3.1 (4): the binding is committed before its DHCPACK leaves.
    const lease = this.leases.at(yiaddr);
    expect(lease?.state).toBe('bound');
    expect(lease?.client).toBe(`01${mac.replaceAll(':', '')}`);
    this.acknowledged.push({ address: yiaddr, hardware: mac });
  }
}

function plan(probeMilliseconds: number): Plan {
  const leaseTimes = { default: 60, minimum: 30, maximum: 60 };
  return { ...planOf({ probeMilliseconds }), subnet: segment({ pools: [POOL], leaseTimes }) };
}

/** Six of the guests have leases. */
function leasesAt(now: Instant): Lease[] {
  return Array.from({ length: 6 }, (_, index) => ({
    address: ipv4(POOL.first + index),
    client: keyOfIdentifier(Uint8Array.of(1, 0x52, 0x54, 0, 0, 0, index)),
    hardware: hardwareFromText(`52:54:00:00:00:0${index}`) ?? NO_HARDWARE,
    granter: UNSPECIFIED,
    state: 'bound',
    expiresAt: later(now, 60),
    updatedAt: now,
    leaseSeconds: 0,
    version: index + 1,
  }));
}

interface TrialOptions {
  readonly depth: number;
  readonly resolves: boolean;
  readonly batchLimit: number;
  readonly probe: number;
  readonly isPaced?: boolean;
}

/** The pace of an exchange that is always busy: each commit waits, and more comes meanwhile. */
class BusyPace extends Pace {
  readonly #arrive: () => void;

  constructor(clock: FakeClock, arrive: () => void) {
    super(clock, 2, (milliseconds) => clock.stall(milliseconds));
    this.#arrive = arrive;
  }

  override get isCommitEarly(): boolean {
    return true;
  }

  override waitForCommit(waits: boolean): void {
    super.waitForCommit(waits);
    if (waits) this.#arrive();
  }
}

function memoryTrial(options: TrialOptions) {
  const clock = new FakeClock();
  const inFlight = new Set<Ipv4>();
  const store: MemoryStore = memoryStore({ ...options, inFlight, clock, leases: leasesAt(clock.now()) });
  const { isPaced = false } = options;
  const bench = new ExchangeBench(store, inFlight, clock, {
    ...{ plan: plan(options.probe), questions: 4 },
    ...(isPaced && { pace: () => new BusyPace(clock, () => trial.arrive()) }),
  });
  const renew = (lease: Lease) => {
    const next = { ...lease, expiresAt: later(clock.now(), 60), hostname: undefined };
    const expectedBindingVersion = store.leases.bindingOf(lease.client)?.version ?? 0;
    const writes = [{ address: lease.address, expectedVersion: lease.version, next }];
    const { client } = lease;
    store.applyForeign({
      kind: 'binding',
      client,
      expectedBindingVersion,
      writes,
      at: clock.now(),
      reason: 'renewed',
    });
  };
  const trial = new Trial(bench, renew, isPaced);
  return { store, trial };
}

describe('whatever comes, in whatever order', () => {
  test.each([
    { depth: 1, resolves: true, batchLimit: 512, probe: 300 },
    { depth: 1, resolves: true, batchLimit: 2, probe: 0 },
    { depth: 1, resolves: false, batchLimit: 3, probe: 0 },
    { depth: 2, resolves: true, batchLimit: 2, probe: 300 },
    { depth: 2, resolves: false, batchLimit: 64, probe: 0 },
    { depth: 1, resolves: true, batchLimit: 512, probe: 0, isPaced: true },
    { depth: 1, resolves: true, batchLimit: 2, probe: 300, isPaced: true },
  ])(
    'an exchange over a store of %o keeps its promises',
    async (options) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
          const { store, trial } = memoryTrial(options);

          for (const each of steps) {
            if (each.do === 'commit goes') {
              const { fate, takes } = each;
              store.script(takes === undefined ? { fate } : { fate, takes });
            } else await trial.take(each);
          }

          await trial.end();
        }),
        { numRuns: RUNS, seed: 20_260_101 },
      );
    },
    60_000,
  );

  test.each([
    ['an exchange', false],
    ['a paced exchange', true],
  ])(
    '%s over the SQLite store keeps its promises, and every DHCPACK is found after a restart',
    async (_, isPaced) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
          const directory = mkdtempSync(join(tmpdir(), 'exchange-'));
          try {
            const clock = new FakeClock();
            const inFlight = new Set<Ipv4>();
            const store = openSqliteStore({ directory, inFlight, now: clock.now(), seed: 1 });
            const bench = new ExchangeBench(store, inFlight, clock, {
              ...{ plan: plan(300), questions: 4 },
              ...(isPaced && { pace: () => new BusyPace(clock, () => trial.arrive()) }),
            });
            const trial = new Trial(bench, () => {}, isPaced);

            for (const each of steps) if (each.do !== 'another gateway renews') await trial.take(each);
            await trial.end();

            const last = new Map(trial.acknowledged.map((each) => [each.address, each]));
            const bindings = [...last.keys()].map((address) => ({ ...store.leases.at(address) }));
            await store.close();
            const again = openSqliteStore({ directory, inFlight: new Set(), now: clock.now(), seed: 2 });
            const found = [...last.keys()].map((address) => ({ ...again.leases.at(address) }));
            await again.close();
            expect(found).toEqual(bindings);
          } finally {
            rmSync(directory, { recursive: true, force: true });
          }
        }),
        { numRuns: 15, seed: 20_260_101 },
      );
    },
    60_000,
  );
});
