import type { Destination } from '../../src/net/datagram.ts';
import { EVERYBODY } from '../../src/net/hardware-address.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { replyToText } from '../support/exchange-bench.ts';
import { at, planOf } from '../support/plan.ts';
import { SeededRandom } from '../support/random.ts';
import type { Sent } from '../support/simulated-transport.ts';
import { SimulatedClock } from './clock.ts';
import { type Faults, NODES } from './faults.ts';
import { Gateway } from './gateway.ts';
import { SimulatedGuest } from './guest.ts';
import { Invariants } from './invariants.ts';
import type { Keeping } from './keeping.ts';
import { Lives } from './lives.ts';
import { type Mutation, NO_MUTATION } from './mutations.ts';
import { Network } from './network.ts';
import type { Operator } from './operator.ts';
import type { Way } from './way.ts';
import { type WayName, wayOf } from './ways.ts';
import { CHANCES, INVENTED, SKEW } from './world-parts.ts';

/** How long things go wrong, and how long all is well again: milliseconds. */
const TROUBLE = 360_000;
/** What was sent while things went wrong has arrived by then: milliseconds. */
const LATEST = 15_000;
/** How long a guest may take that is moved to its reserved address at the very end: milliseconds. */
const MOVING = 10_000;
/** How far the lease file is behind: milliseconds. */
const FILE_LAG = 6000;
const PROBE_MILLISECONDS = 200;
const FORGER = '52:54:00:0f:ff:ff';
/** Reasons that may occur, and are counted. */
const COUNTED: ReadonlySet<string> = new Set(['rival-won', 'offer-lost', 'cached']);
/** Percent; by the seed. */
const LEASE_CACHES = [0, 25, 45] as const;

/** Gateways, guests, a network and what the gateways share in one process, on one clock and one stream of numbers. */
export class World {
  readonly clock = new SimulatedClock();
  readonly random: SeededRandom;
  readonly network: Network;
  readonly guests: SimulatedGuest[] = [];
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly faults: string[] = [];
  /** Every reply that left, and every misfortune. */
  readonly trace: string[] = [];
  /** How many ACKs were taken. */
  acks = 0;
  readonly counts = new Map<string, number>();
  readonly #way: Way;
  readonly #hasStages: boolean;
  readonly #invariants: Invariants;
  readonly #troubles: Faults;
  readonly #lives: Lives;
  readonly #answers = new Map<string, Map<string, number>>();
  /** Whether all guests start at one moment. */
  readonly #isStorm: boolean;
  readonly #leaseCache: number;
  /** Undefined: nothing is reserved. */
  readonly #operator: Operator | undefined;

  constructor(seed: number, name: WayName = 'etcd', mutation: Mutation = NO_MUTATION) {
    this.random = new SeededRandom(seed);
    this.#leaseCache = LEASE_CACHES[seed % LEASE_CACHES.length] ?? 0;
    const { clock, random, guests } = this;
    const network = new Network(clock, random);
    this.network = network;
    const fault = (text: string) => void this.faults.push(text);
    const count = (what: string) => this.#count(what);
    const way = wayOf(
      name,
      seed,
      { ...{ clock, random, network, guests, fault, count }, answers: this.#answers },
      mutation,
    );
    this.#way = way;
    this.#hasStages = way.hasArp;
    network.hearsAll = way.hearsAll;
    this.#invariants = new Invariants(way, () => guests, fault);
    this.#isStorm = name !== 'etcd' && random.chance(50);
    const [first, ...more] = [...way.keepings].map(([address, keeping]) =>
      this.#gateway(address, keeping, mutation),
    );
    if (first === undefined) throw new Error('no gateway');
    this.gateways = [first, ...more];
    for (const gateway of this.gateways) this.network.gateways.set(gateway.address, gateway);
    const isHasty = name !== 'etcd' && random.chance(50);
    for (let index = 0; index < Math.max(way.guests, way.addresses); index += 1)
      guests.push(this.#guest(index, isHasty));
    this.#troubles = way.faults({
      ...{ clock, random, network, gateways: this.gateways, keepings: way.keepings },
      say: (text) => this.#say(text),
      resetNode: (node) => {
        for (const guest of guests) if (guest.isOn && guest.node === node) guest.reset();
      },
    });
    this.#lives = new Lives(clock, random);
    this.#operator = way.operator({
      ...{ clock, guests, seed, gateways: this.gateways },
      say: (text) => this.#say(text),
    });
  }

  /** Until the first fault, or the end. */
  async run(): Promise<void> {
    const way = this.#way;
    await way.open();
    for (const gateway of this.gateways) gateway.start();
    this.#keepFiles();
    await this.clock.pass(1000);
    for (const [index, guest] of this.guests.slice(0, way.guests).entries())
      this.#lives.begin(guest, way.isClone(index), this.#isStorm ? 1 : undefined);
    for (const stranger of this.guests.slice(way.guests, way.guests + way.strangers))
      this.#lives.begin(stranger, false, TROUBLE);
    this.#troubles.begin();
    this.#operator?.begin();
    await this.#pass(TROUBLE);
    this.#say('all is well again');
    this.#troubles.end();
    this.#operator?.end();
    this.#lives.end();
    for (const guest of this.guests) guest.declines = 0;
    await this.#pass(LATEST);
    this.#makeRoom(Math.min(way.guests, way.addresses));
    await this.#pass(way.recovery);
    if (this.#operator !== undefined) await this.#pass(way.recovery); // An old holder that is off has its lease first.
    await this.#checkEnd();
    this.#checkReserved();
    if (way.guests >= way.addresses || this.faults.length > 0) return;
    this.#say('as many come as there are addresses');
    this.#troubles.forgeOn();
    this.#makeRoom(way.addresses);
    await this.#pass(way.recovery);
    await this.#checkEnd();
  }

  async #pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds && this.faults.length === 0; passed += 1000)
      await this.clock.pass(1000);
  }

  /** So many guests stay on, as far as there are addresses. */
  #makeRoom(most: number): void {
    const kept = this.#way.quarantined() + (this.#operator?.kept ?? 0);
    const room = Math.min(most, this.#way.addresses - kept);
    for (const [index, guest] of this.guests.entries()) {
      if (index < room) guest.start();
      else guest.cutPower();
    }
  }

  /** Every guest that is on is served, but for one that is being moved to its reserved address at this moment. */
  async #checkEnd(): Promise<void> {
    const unserved = () => this.guests.filter((guest) => guest.isOn && !guest.holds);
    for (let passed = 0; passed < MOVING && unserved().length > 0; passed += 1000) await this.#pass(1000);
    if (this.faults.length > 0) return;
    for (const guest of unserved()) this.faults.push(`${guest.mac} is not served: ${guest.state}`);
    this.#way.checkEnd();
  }

  /** Every guest that is on has the address that is reserved for it, and none has one that is kept for nobody that is there. */
  #checkReserved(): void {
    if (this.faults.length > 0) return;
    for (const { mac, address, isOn, holds } of this.guests)
      if (isOn && holds && this.#operator?.removed.includes(address) === true && this.#way.isKept(address))
        this.faults.push(`${mac} has ${address}, though its reservation was removed long ago`);
    for (const { mac, address: ordered } of this.#operator?.current ?? []) {
      const guest = this.guests.find((each) => each.mac === mac);
      if (guest?.isOn !== true) continue;
      // What the operator has not heard of, or was refused to change, is reserved all the same.
      const address = this.#way.reservedFor?.(guest.hardware) ?? ordered;
      if (this.#way.isQuarantined(address)) continue;
      this.#count('guests at their reserved address');
      if (guest.address !== address)
        this.faults.push(`${mac} has ${guest.address}, and not its reserved ${address}`);
    }
  }

  #gateway(address: string, keeping: Keeping, { decide }: Mutation): Gateway {
    const plan: Plan = planOf({
      serverIdentifier: at(address),
      ...this.#way.planOf(address),
      leaseCache: this.#leaseCache,
      probeMilliseconds: this.#way.hasArp ? PROBE_MILLISECONDS : 0,
    });
    return new Gateway({
      ...{ address, plan, keeping, decide },
      clock: this.clock,
      random: this.random,
      skew: this.random.below(2 * SKEW) - SKEW,
      holdersOf: (wanted) => {
        // The node's kernel answers for a gateway, whatever its process does.
        const number = [...this.#way.keepings.keys()].indexOf(wanted);
        if (number >= 0) return [`52:54:00:00:01:0${number}`];
        if (wanted === INVENTED) return this.network.isInventedThere ? [FORGER] : [];
        const holders = this.guests
          .filter((guest) => guest.isOn && guest.holds && !guest.isSilent && guest.address === wanted)
          .map(({ mac }) => mac);
        const name = `${address}/${wanted}`;
        const answers = this.#answers.get(name) ?? new Map<string, number>();
        for (const mac of holders) answers.set(mac, this.clock.monotonic());
        this.#answers.set(name, answers);
        const asker = this.gateways.find((each) => each.address === address);
        if (asker !== undefined) for (const mac of holders) this.#way.answered?.(asker, wanted, mac);
        return holders;
      },
      sent: (gateway, sent) => this.#reply(gateway, sent),
      decided: (server, { type, hardware }, _client, decision, outcome) => {
        const { kind, reason } = decision;
        if (COUNTED.has(reason)) this.#count(reason);
        if (decision.kind === 'reply' && decision.quietOffer !== undefined) this.#count('quiet offers');
        if (kind !== 'reply')
          this.#say(
            `${server} ${type} by ${hardware.toString(16)}: ${reason} ${outcome === 'nothing' ? '' : outcome}`,
          );
      },
      broken: (error) => this.faults.push(`broken: ${error instanceof Error ? error.stack : String(error)}`),
    });
  }

  #guest(index: number, isHasty: boolean): SimulatedGuest {
    const guest = new SimulatedGuest({
      clock: this.clock,
      random: this.random,
      network: this.network,
      node: this.random.below(NODES),
      mac: `52:54:00:00:02:${index.toString(16).padStart(2, '0')}`,
      identifiers: this.#identifiersOf(index),
      isHasty,
      isSilent: this.#way.maySilence(index) && this.random.chance(CHANCES.silentGuests),
      bound: (bound, isFirst) => {
        this.acks += 1;
        if (isFirst) this.#lives.bound(bound);
        this.#invariants.checkBound(bound);
      },
      refused: (refused, server, isBacked) => {
        if (this.#operator?.explains(refused) === true) this.#count('refused because of a reservation');
        else this.#way.refused(refused, server, isBacked);
      },
    });
    guest.releasesLate = this.#way.hasArp && !guest.isSilent;
    guest.declines = this.random.chance(20) ? 20 : 0;
    return guest;
  }

  /**
   * Without ARP nobody could tell that a card has been left by its other client identifier.
   */
  #identifiersOf(index: number): readonly (readonly number[] | undefined)[] {
    if (this.#way.isClone(index)) return [[255, 0, 0, 0, 1]];
    return this.#hasStages && index % 3 === 2 ? [undefined, [255, 0, 0, 1, index]] : [undefined];
  }

  #reply(gateway: Gateway, { bytes, destination }: Sent): void {
    const { address, clock } = gateway;
    const text = replyToText(bytes);
    this.#say(`${address} ${text}`);
    const keeping = this.#way.keepings.get(address);
    this.#invariants.checkReply(gateway, keeping, bytes);
    const [type = '', yiaddr = '', , mac = ''] = text.split(' ');
    const addressee = this.guests.find((guest) => guest.mac === mac);
    if (addressee !== undefined) this.#way.replied(gateway, type, yiaddr, addressee);
    for (const guest of this.guests) {
      if (!goesTo(destination, guest.hardware)) continue;
      const isBacked =
        type === 'DHCPNAK' &&
        (keeping?.contradicts(guest.address, guest.hardware, clock.now()) === true ||
          this.#way.hasHeardOther?.(gateway, guest) === true);
      this.network.reply(
        address,
        () => guest.node,
        () => {
          if (guest.isOn) guest.hear(bytes, isBacked);
        },
      );
    }
  }

  #keepFiles(): void {
    this.clock.after(this.random.below(FILE_LAG), () => {
      this.#keepFiles();
      for (const { address, isUp } of this.gateways) if (isUp) this.#way.keepings.get(address)?.sync();
    });
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #say(text: string): void {
    this.trace.push(`${this.clock.monotonic()} ${text}`);
  }
}

/** There is no relay here. */
function goesTo(destination: Destination, hardware: number): boolean {
  return destination.kind === 'link' && [EVERYBODY, hardware].includes(destination.hardware);
}
