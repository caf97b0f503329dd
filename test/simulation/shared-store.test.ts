import { expect, test } from 'vitest';
import { decide } from '../../src/engine/decide.ts';
import type { Decide } from '../../src/engine/decision.ts';
import { instant, type Lease } from '../../src/lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../src/lease/lease-view.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { optionOf } from '../support/conversation.ts';
import { ExchangeBench, replyToText } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { MemoryMirror } from '../support/memory-mirror.ts';
import { ip } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';
import { SeededRandom } from '../support/random.ts';
import { giveBirth, openSharedStore } from '../support/shared-store.ts';

const PLACES = [10, 11, 12];
const GUESTS = 40;
/** Fewer than guests: addresses change hands. */
const POOL = range('10.15.3.20', '10.15.3.49');
const LEASE_SECONDS = 600;
const STEPS = 400;
const SEEDS = 100;

/** A guest as RFC 2131 §4.4 has it, as far as who holds what goes. */
interface GuestState {
  readonly guest: Guest;
  /** By its own reckoning; '' without one. */
  address: string;
  /** What it had last, and asks for again. */
  last: string;
  server: string;
  /** When it sent its last DHCPREQUEST, from which a lease runs (RFC 2131 §4.4.1), and when that lease ends: milliseconds. */
  askedAt: number;
  until: number;
}

/** A mistake made on purpose, which the checks must find. */
type Mutation =
  | 'nothing is compared'
  | 'unknown is taken for done'
  | 'a refusal is not confirmed'
  | 'expiry is ignored';

/** Gateways with the real engine, exchange and store on one etcd whose answers are lost, late or never come. */
class World {
  readonly clock = new FakeClock();
  readonly cluster = new MemoryCluster();
  readonly random: SeededRandom;
  readonly guests: GuestState[];
  readonly faults: string[] = [];
  readonly trace: string[] = [];
  #gateways: { readonly address: string; readonly bench: ExchangeBench<EtcdStore> }[] = [];

  readonly #mutation: Mutation | undefined;
  readonly #mirrors = new Map<number, MemoryMirror>();

  constructor(seed: number, mutation?: Mutation) {
    this.random = new SeededRandom(seed);
    this.#mutation = mutation;
    this.cluster.isBlind = mutation === 'nothing is compared';
    this.guests = Array.from({ length: GUESTS }, (_, index) => ({
      guest: new Guest(`52:54:00:00:02:${index.toString(16).padStart(2, '0')}`),
      address: '',
      last: '',
      server: '',
      askedAt: 0,
      until: 0,
    }));
  }

  async start(): Promise<void> {
    await giveBirth(this.cluster.connect());
    for (const place of PLACES) this.#gateways.push(await this.#gateway(place));
  }

  async step(): Promise<void> {
    const state = this.random.pick(this.guests as [GuestState, ...GuestState[]]);
    this.#misfortune();
    if (state.until <= this.clock.now()) state.address = '';
    if (state.address === '') await this.#boot(state);
    else if (this.random.chance(20)) await this.#leave(state);
    else await this.#goOn(state);
    await this.clock.pass(this.random.below(20_000));
    for (const { bench } of this.#gateways) bench.store.idle();
    await settle();
    this.#read();
  }

  /** All is well again: every guest that asks is served. */
  async recover(): Promise<number> {
    this.cluster.mishaps.length = 0;
    this.cluster.isDown = false;
    this.cluster.isWatchStalled = false;
    this.cluster.deliver();
    for (let second = 0; second < 10; second += 1) {
      await this.clock.pass(1000);
      for (const { bench } of this.#gateways) bench.store.idle();
      await settle();
    }
    await this.clock.pass(LEASE_SECONDS * 2000);
    for (const state of this.guests) state.address = '';
    for (let round = 0; round < 10; round += 1) {
      for (const state of this.guests) if (state.address === '') await this.#boot(state);
    }
    return this.guests.filter(({ address }) => address !== '').length;
  }

  async #gateway(place: number) {
    const address = `10.15.3.${place}`;
    const inFlight = new Set<Ipv4>();
    const etcd = this.cluster.connect();
    const random = () => this.random.below(0x1_0000_0000) / 0x1_0000_0000;
    const mirror = this.#mirrors.get(place) ?? new MemoryMirror();
    this.#mirrors.set(place, mirror);
    const store = await openSharedStore({ etcd, clock: this.clock, place, inFlight, random, mirror });
    mutate(store, this.#mutation);
    const leaseTimes = { default: LEASE_SECONDS, minimum: 60, maximum: LEASE_SECONDS };
    const bench = new ExchangeBench(store, inFlight, this.clock, {
      plan: { serverIdentifier: at(address), subnets: [segment({ pools: [POOL], leaseTimes })] },
      transport: { local: at(address) },
      decide: this.#mutation === 'expiry is ignored' ? hastily : decide,
    });
    return { address, bench };
  }

  #misfortune(): void {
    if (this.random.chance(10)) this.cluster.mishaps.push('answer lost');
    if (this.random.chance(10)) this.cluster.mishaps.push('never happens');
    if (this.random.chance(10)) this.cluster.isWatchStalled = !this.cluster.isWatchStalled;
    if (this.random.chance(5)) this.cluster.loseWatches();
    if (this.random.chance(3)) this.cluster.compact();
    if (this.random.chance(3)) this.cluster.isDown = !this.cluster.isDown;
    if (!this.cluster.isWatchStalled) this.cluster.deliver();
    if (this.random.chance(3)) {
      // A gateway dies and is started again: its memory is gone, what it has sent is not.
      const which = this.random.below(PLACES.length);
      const place = PLACES[which] ?? 10;
      void this.#gateway(place).then((gateway) => {
        this.#gateways[which] = gateway;
      });
    }
  }

  async #boot(state: GuestState): Promise<void> {
    const offers: string[] = [];
    for (const gateway of this.#gateways) {
      if (this.random.chance(10)) continue; // A broadcast that this one does not hear.
      await gateway.bench.hear(state.guest.discover(state.last === '' ? [] : [[50, ...ip(state.last)]]));
    }
    await this.clock.pass(100);
    for (const { address, bench } of this.#gateways) {
      for (const reply of repliesOf(bench)) this.#hear(`${address} ${reply}`, offers, state.guest.mac);
    }
    const [first, ...more] = offers;
    if (first === undefined) return;
    const [server = '', address = ''] = this.random.pick([first, ...more]).split(' ');
    state.server = server;
    state.askedAt = this.clock.now();
    for (const gateway of this.#gateways) {
      if (this.random.chance(10)) continue;
      await gateway.bench.hear(state.guest.select(address, server));
    }
    await this.clock.pass(100);
    this.#read();
  }

  /** RENEWING at its server, or REBINDING or INIT-REBOOT at all. */
  async #goOn(state: GuestState): Promise<void> {
    const { guest, address, server } = state;
    state.askedAt = this.clock.now();
    const how = this.random.below(3);
    for (const gateway of this.#gateways) {
      if (how === 0 && gateway.address === server)
        await gateway.bench.hearUnicast(guest.extend(address), address);
      if (how === 1) await gateway.bench.hear(guest.extend(address));
      if (how === 2) await gateway.bench.hear(guest.reboot(address));
    }
  }

  async #leave(state: GuestState): Promise<void> {
    const { guest, address, server } = state;
    state.address = '';
    const gateway = this.#gateways.find((each) => each.address === server);
    await gateway?.bench.hearUnicast(guest.release(address, server), address);
  }

  #read(): void {
    for (const { address, bench } of this.#gateways) {
      for (const reply of repliesOf(bench)) this.#hear(`${address} ${reply}`, [], '');
    }
  }

  #hear(line: string, offers: string[], asking: string): void {
    const [server = '', type, address = '', , mac = '', seconds = ''] = line.split(' ');
    const state = this.guests.find(({ guest }) => guest.mac === mac);
    if (state === undefined) throw new Error(`a reply to nobody: ${line}`);
    this.trace.push(`${this.clock.now()} ${line}`);
    const now = this.clock.now();
    if (type === 'DHCPOFFER' && mac === asking) offers.push(`${server} ${address}`);
    if (type === 'DHCPNAK' && state.address !== '' && state.until > now)
      this.faults.push(`refused a valid binding of ${state.address}: ${line}`);
    if (type !== 'DHCPACK') return;
    const other = this.guests.find((each) => each !== state && each.address === address && each.until > now);
    if (other !== undefined) this.faults.push(`${address} is ${other.guest.mac}'s: ${line}`);
    state.address = address;
    state.last = address;
    state.server = server;
    state.until = state.askedAt + Number(seconds) * 1000;
  }
}

/** With the lease time behind each: 'DHCPACK 10.15.3.20 to 52:54:00:00:00:01 600'. */
function repliesOf({ transport }: ExchangeBench<EtcdStore>): string[] {
  return transport.sent.splice(0).map(({ bytes }) => {
    const seconds = (optionOf(bytes, 51) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
    return `${replyToText(bytes)} ${seconds}`;
  });
}

function mutate(store: EtcdStore, mutation: Mutation | undefined): void {
  const commit = store.commit.bind(store);
  if (mutation === 'unknown is taken for done') {
    store.commit = async (changes) => {
      const outcomes = await commit(changes);
      return outcomes.map((outcome) => (outcome === 'unknown' ? 'committed' : outcome));
    };
  }
  if (mutation === 'a refusal is not confirmed') {
    const settle = ({ kind }: LeaseChange) => (kind === 'assertion' ? 'committed' : undefined);
    Object.assign(store, { settle });
  }
}

/** Takes every lease for run out. */
const hastily: Decide = (message, arrival, known, now, leases, plan) => {
  const over = (lease: Lease | undefined) =>
    lease?.state === 'bound' ? { ...lease, expiresAt: instant(0) } : lease;
  const view: LeaseView = {
    revision: leases.revision,
    canPromise: leases.canPromise,
    bindingOf: (client) => over(leases.bindingOf(client)),
    offerTo: (client) => leases.offerTo(client),
    at: (address) => over(leases.at(address)),
    isInFlight: (address) => leases.isInFlight(address),
    room: (wanted) => leases.room(wanted),
    longestFree: (wanted) => leases.longestFree(wanted),
    oldestOffer: (wanted) => leases.oldestOffer(wanted),
    oldestPeer: (wanted, isWanted) => leases.oldestPeer(wanted, isWanted),
  };
  return decide(message, arrival, known, now, view, plan);
};

/** The first seed that goes wrong. */
async function firstFault(seeds: number, mutation?: Mutation): Promise<number | undefined> {
  for (let seed = 0; seed < seeds; seed += 1) {
    const world = new World(seed, mutation);
    await world.start();
    for (let step = 0; step < STEPS && world.faults.length === 0; step += 1) await world.step();
    if (world.faults.length > 0) return seed;
  }
  return undefined;
}

test.each<Mutation>([
  'nothing is compared',
  'unknown is taken for done',
  'a refusal is not confirmed',
  'expiry is ignored',
])(
  'a mistake on purpose is found: %s',
  async (mutation) => {
    expect(await firstFault(200, mutation)).toBeDefined();
  },
  120_000,
);

test.each(Array.from({ length: SEEDS / 10 }, (_, index) => index * 10))(
  'three gateways on one etcd, seeds from %i: no address for two, no valid binding refused, and all are served again',
  async (from) => {
    for (let seed = from; seed < from + 10; seed += 1) {
      const world = new World(seed);
      await world.start();
      for (let step = 0; step < STEPS && world.faults.length === 0; step += 1) await world.step();

      expect({
        seed,
        faults: world.faults,
        trace: world.faults.length > 0 ? world.trace.slice(-20) : [],
      }).toEqual({
        seed,
        faults: [],
        trace: [],
      });
      expect(world.trace.filter((line) => line.includes('DHCPACK')).length).toBeGreaterThan(30);
      expect(await world.recover()).toBe(30);
    }
  },
  60_000,
);
