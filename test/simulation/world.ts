import type { Plan } from '../../src/subnet/plan.ts';
import { replyToText } from '../support/exchange-bench.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { at, planOf, range, segment } from '../support/plan.ts';
import { SeededRandom } from '../support/random.ts';
import { giveBirth } from '../support/shared-store.ts';
import type { Sent } from '../support/simulated-transport.ts';
import { SimulatedClock } from './clock.ts';
import { SimulatedCluster } from './etcd.ts';
import { Faults, NODES } from './faults.ts';
import { Gateway } from './gateway.ts';
import { SimulatedGuest } from './guest.ts';
import { Invariants } from './invariants.ts';
import { Lives } from './lives.ts';
import { type Mutation, NO_MUTATION } from './mutations.ts';
import { Network } from './network.ts';

const GATEWAYS = ['10.15.3.10', '10.15.3.11', '10.15.3.12'] as const;
/** Fewer than guests: addresses change hands. */
const POOL = range('10.15.3.20', '10.15.3.29');
const ADDRESSES = 10;
const GUESTS = 13;
const LEASE_SECONDS = 120;
/** Two clocks differ by less than the grace: milliseconds. */
const SKEW = 29_000;
/** How long things go wrong, and how long all is well again: milliseconds. */
const TROUBLE = 360_000;
/** A lease, the grace, what the clocks differ by, and a retransmission. */
const RECOVERY = LEASE_SECONDS * 1000 + 60_000 + 2 * SKEW + 30_000;
const GRACE = 60_000;
/** What was sent while things went wrong has arrived by then: milliseconds. */
const LATEST = 15_000;
/** How far the lease file is behind: milliseconds. */
const FILE_LAG = 6000;
const PROBE_MILLISECONDS = 200;

/** Gateways, guests, a network and etcd in one process, on one clock and one stream of numbers. */
export class World {
  readonly clock = new SimulatedClock();
  readonly random: SeededRandom;
  readonly cluster: SimulatedCluster;
  readonly network: Network;
  readonly guests: SimulatedGuest[] = [];
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly invariants: Invariants;
  /** Every reply that left, and every misfortune. */
  readonly trace: string[] = [];
  /** How many ACKs were taken. */
  acks = 0;
  /** Whether ARP is asked; without it a late DHCPRELEASE would be believed, and clones are not told apart. */
  readonly hasArp: boolean;
  readonly #faults: Faults;
  readonly #lives: Lives;

  constructor(seed: number, mutation: Mutation = NO_MUTATION) {
    this.random = new SeededRandom(seed);
    this.hasArp = this.random.chance(40);
    const { clock, random } = this;
    this.cluster = new SimulatedCluster(clock, random);
    this.cluster.isBlind = mutation.isBlind === true;
    this.network = new Network(clock, random);
    this.invariants = new Invariants(this.cluster, () => this.guests);
    const [first, ...more] = GATEWAYS.map((address) => this.#gateway(address, mutation));
    if (first === undefined) throw new Error('no gateway');
    this.gateways = [first, ...more];
    for (const gateway of this.gateways) this.network.gateways.set(gateway.address, gateway);
    for (let index = 0; index < GUESTS; index += 1) this.guests.push(this.#guest(index));
    const say = (text: string) => this.#say(text);
    this.#faults = new Faults({ ...this, gateways: this.gateways, say });
    this.#lives = new Lives(clock, random);
  }

  get faults(): readonly string[] {
    return this.invariants.faults;
  }

  /** Until the first fault, or the end. */
  async run(): Promise<void> {
    await giveBirth(MemoryCluster.prototype.connect.call(this.cluster));
    for (const gateway of this.gateways) gateway.start();
    this.#keepFiles();
    await this.clock.pass(1000);
    for (const [index, guest] of this.guests.entries()) this.#lives.begin(guest, this.#isClone(index));
    this.#faults.begin();
    await this.#pass(TROUBLE);
    this.#say('all is well again');
    this.#faults.end();
    this.#lives.end();
    for (const guest of this.guests) guest.declines = 0;
    await this.#pass(LATEST);
    this.#makeRoom();
    await this.#pass(RECOVERY);
    if (this.faults.length === 0) this.#checkEnd();
  }

  async #pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds && this.faults.length === 0; passed += 1000)
      await this.clock.pass(1000);
  }

  /** As many guests as there are addresses stay on. */
  #makeRoom(): void {
    const now = this.clock.now();
    const quarantined = this.invariants
      .newest()
      .filter(([, { state, expiresAt }]) => state === 'declined' && expiresAt > now);
    for (const [index, guest] of this.guests.entries()) {
      if (index < ADDRESSES - quarantined.length) guest.start();
      else guest.cutPower();
    }
  }

  /** Every guest that is on is served, and no lease that is over stands in the way of others. */
  #checkEnd(): void {
    const { invariants, guests, clock } = this;
    for (const guest of guests)
      if (guest.isOn && !guest.holds) invariants.fault(`${guest.mac} is not served: ${guest.state}`);
    for (const [address, { state, expiresAt }] of invariants.newest()) {
      const isOverdue = state === 'bound' && expiresAt + GRACE + SKEW + 5000 < clock.now();
      if (isOverdue) invariants.fault(`${address} was never freed`);
    }
  }

  #gateway(address: string, mutation: Mutation): Gateway {
    const leaseTimes = { default: LEASE_SECONDS, minimum: 60, maximum: LEASE_SECONDS };
    const plan: Plan = planOf({
      serverIdentifier: at(address),
      subnets: [segment({ pools: [POOL], leaseTimes })],
      probeMilliseconds: this.hasArp ? PROBE_MILLISECONDS : 0,
    });
    return new Gateway({
      ...{ address, plan, mutation },
      clock: this.clock,
      cluster: this.cluster,
      random: this.random,
      skew: this.random.below(2 * SKEW) - SKEW,
      holderOf: (wanted) =>
        this.guests.find((guest) => guest.isOn && guest.holds && guest.address === wanted)?.mac,
      sent: (gateway, sent) => this.#reply(gateway, sent),
      watch: (gateway, store) => {
        const commit = store.commit.bind(store);
        store.commit = async (changes) => {
          const outcomes = await commit(changes);
          this.invariants.checkOutcomes(gateway.address, changes, outcomes);
          return outcomes;
        };
      },
      broken: (error) =>
        this.invariants.fault(`broken: ${error instanceof Error ? error.stack : String(error)}`),
    });
  }

  #guest(index: number): SimulatedGuest {
    const guest = new SimulatedGuest({
      clock: this.clock,
      random: this.random,
      network: this.network,
      node: this.random.below(NODES),
      mac: `52:54:00:00:02:${index.toString(16).padStart(2, '0')}`,
      identifier: this.#isClone(index) ? [255, 0, 0, 0, 1] : undefined,
      bound: (bound, isFirst) => {
        this.acks += 1;
        if (isFirst) this.#lives.bound(bound);
        this.invariants.checkBound(bound);
      },
      refused: (refused, server) => this.invariants.checkRefused(refused, server),
    });
    guest.releasesLate = this.hasArp;
    guest.declines = this.random.chance(20) ? 20 : 0;
    return guest;
  }

  #isClone(index: number): boolean {
    return this.hasArp && index < 2;
  }

  #reply({ address, clock }: Gateway, { bytes, destination }: Sent): void {
    const text = replyToText(bytes);
    this.#say(`${address} ${text}`);
    this.invariants.checkReply(address, clock.now(), bytes);
    const mac = text.slice(-17);
    for (const guest of this.guests) {
      if (destination.kind !== 'broadcast' && guest.mac !== mac) continue;
      this.network.reply(
        address,
        () => guest.node,
        () => {
          if (guest.isOn) guest.hear(bytes);
        },
      );
    }
  }

  #keepFiles(): void {
    this.clock.after(this.random.below(FILE_LAG), () => {
      this.#keepFiles();
      for (const gateway of this.gateways) if (gateway.isUp) gateway.sync();
    });
  }

  #say(text: string): void {
    this.trace.push(`${this.clock.monotonic()} ${text}`);
  }
}
