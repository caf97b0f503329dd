import type { AddressRange } from '../../src/lease/lease-view.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { at, range, segment } from '../support/plan.ts';
import type { Faults, Victims } from './faults.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';
import { HeardAnswers } from './heard-answers.ts';
import type { Operator, OperatorParts } from './operator.ts';
import { OwnFaults } from './own-faults.ts';
import { type LastResort, OwnKeeping } from './own-keeping.ts';
import { ReconcilingOperator } from './reconciling-operator.ts';
import type { Selection } from './selections.ts';
import type { Way } from './way.ts';
import { ABSENT, GATEWAYS, INVENTED, LEASE_TIMES, type WorldParts } from './world-parts.ts';

const FIRST = 20;
/** Room for each guest's next address and for quarantines; in the smaller one addresses change hands. */
const SIZES = [13, 21] as const;
const PARTS: ReadonlyMap<string, AddressRange> = new Map([
  [GATEWAYS[0], range('10.15.3.20', '10.15.3.26')],
  [GATEWAYS[1], range('10.15.3.27', '10.15.3.33')],
  [GATEWAYS[2], range('10.15.3.34', '10.15.3.40')],
]);
/** Of seven pairs of seeds, those whose worlds have reservations: not those that find the rarest mistakes in what is heard. */
const RESERVING: ReadonlySet<number> = new Set([0, 1, 5]);
/** In each part of the pool; and beside it. */
const IN_PARTS = ['10.15.3.20', '10.15.3.24', '10.15.3.29', '10.15.3.36'] as const;
const RESERVABLE = [...IN_PARTS, '10.15.3.200', '10.15.3.201'] as const;

/**
 * hearing: one pool, and each gateway hears every broadcast while it is up. deaf: it may not, and may lose its file.
 * shares: the pools part, and nothing that is heard matters.
 */
export type OwnKind = 'hearing' | 'deaf' | 'shares';

/** From the question for an address to the ACK of it: an offer stands for so long, in milliseconds. */
const OFFERED = 35_000;
/** What ARP has answered is known to a gateway for so long: milliseconds. */
const JUST_HEARD = 5000;
/** From the first answer to a question by ARP to the reply: a slow commit under way, and one of its own. Milliseconds. */
const ONE_QUESTION = 4200;
/** Rivals ask within this time: milliseconds. */
const AT_ONCE = 1000;

/** The gateways have a store each, and nothing is shared. */
export class OwnWay implements Way {
  readonly keepings: ReadonlyMap<string, OwnKeeping>;
  readonly hasArp = true;
  readonly hearsAll: boolean;
  readonly guests = 9;
  readonly strangers = 4;
  readonly addresses: number;
  /** A lease from before a clock was set, and a minute; what the search of a client takes, and a retransmission. */
  readonly recovery = LEASE_TIMES.maximum * 1000 + 120_000;
  readonly #kind: OwnKind;
  readonly #parts: WorldParts;
  readonly #heard: HeardAnswers;
  /** Doubles that were seen, by the address and both. */
  readonly #seen = new Set<string>();
  /** By gateway, address and guest, when the first DHCPACK of a lease was sent: monotonic milliseconds. */
  readonly #confirmed = new Map<string, number>();
  /** Leases that have such a history. */
  readonly #disputed = new Set<string>();

  constructor(kind: OwnKind, parts: WorldParts) {
    this.#kind = kind;
    this.#parts = parts;
    this.#heard = new HeardAnswers(parts.answers, parts.clock);
    this.hearsAll = kind === 'hearing';
    this.addresses = kind === 'shares' ? 21 : parts.random.pick(SIZES);
    this.keepings = new Map(
      GATEWAYS.map((address) => [address, new OwnKeeping(parts.clock, parts.random, parts.fault)]),
    );
  }

  planOf(address: string) {
    const isParted = this.#kind === 'shares';
    const whole = range(`10.15.3.${FIRST}`, `10.15.3.${FIRST + this.addresses - 1}`);
    const pool = (isParted ? PARTS.get(address) : undefined) ?? whole;
    const othersShares = isParted ? [...PARTS.values()].filter((each) => each !== pool) : [];
    const others = [...GATEWAYS.filter((other) => other !== address), INVENTED, ABSENT].map(at);
    return {
      subnet: segment({ pools: [pool], othersShares, leaseTimes: LEASE_TIMES }),
      peers: new Set<Ipv4>(isParted ? [] : others),
    };
  }

  async open(): Promise<void> {}

  faults(victims: Victims): Faults {
    const { keepings, hearsAll } = this;
    const all = Array.from({ length: this.addresses }, (_, index) => `10.15.3.${FIRST + index}`);
    const claimable = this.#kind === 'shares' ? [] : all;
    return new OwnFaults(victims, {
      keepings,
      hearsAll,
      claimable,
      filesLost: this.#kind === 'deaf' ? 10 : 0,
    });
  }

  isClone(): boolean {
    return false;
  }

  /**
   * Where gateways only hear each other, a guest that is silent to ARP is not safe, by design: the question by ARP is what saves
   * the address of a guest that a gateway has not heard, as it was down, deaf or stood still when that one took it.
   */
  maySilence(): boolean {
    return this.#kind === 'shares';
  }

  /**
   * Whoever was just heard at an address keeps it; but one that is off by now was silent when it was asked for once more. A
   * lease that the guest had from this gateway before is confirmed, whoever was heard since: anybody can answer ARP, and no
   * lease that runs is ended by that. Nor is a crowd believed where no other gateway is known.
   */
  replied({ address: server }: Gateway, type: string, address: string, guest: SimulatedGuest): void {
    if (type !== 'DHCPACK') return;
    const { guests, fault, count } = this.#parts;
    const heard = this.#heard.othersAt(server, address, guest.mac, JUST_HEARD);
    const since = this.#confirmedSince(server, address, guest);
    for (const holder of guests) {
      const at = heard.get(holder.mac) ?? 0;
      const isThere = holder.isOn && holder.holds && holder.address === address;
      if (!isThere || holder.onSince >= at || at >= since) continue;
      if (this.#heard.wasDoubted(server, address, holder.mac, at))
        count('addresses of which an answer was not believed');
      else fault(`${server} gives ${guest.mac} ${address}, at which it has just heard ${holder.mac}`);
    }
  }

  /**
   * By design: a gateway that has heard of no other holds a crowd of machines that answer ARP, where nobody was, for one liar.
   * Only a deaf one never hears of those who have given them their addresses.
   */
  answered({ address: gateway, startedAt }: Gateway, address: string, mac: string): void {
    const isAlone =
      !this.#parts.network.met.has(gateway) && this.keepings.get(gateway)?.remembersOthers !== true;
    if (this.#kind === 'deaf' && isAlone && this.#heard.mayBeCrowd(gateway, startedAt))
      this.#heard.doubt(gateway, address, mac);
  }

  /** When a gateway has sent its first DHCPACK of the lease that it has stored; Infinity: it sends that one now. */
  #confirmedSince(server: string, address: string, { mac, hardware }: SimulatedGuest): number {
    const name = `${server}/${address}/${mac}`;
    const storedAt = this.keepings.get(server)?.heldSince(address, hardware) ?? Number.POSITIVE_INFINITY;
    const confirmedAt = this.#confirmed.get(name) ?? Number.NEGATIVE_INFINITY;
    if (confirmedAt >= storedAt) return confirmedAt;
    this.#confirmed.set(name, this.#parts.clock.monotonic());
    return Number.POSITIVE_INFINITY;
  }

  shared(guest: SimulatedGuest, other: SimulatedGuest): void {
    const { address, server } = guest;
    // Also by a gateway that was down when the other confirmed its address elsewhere since: what that one heard last of it
    // is its release, and it was off when it was asked for by ARP.
    const { isUndone, takenBy } = other.lateReleases;
    if ((isUndone || takenBy.has(server)) && !other.isOn) return;
    const name = `${address} ${[guest.mac, other.mac].sort().join(' ')}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    const excuse = this.#excuseFor(guest, other);
    if (excuse !== undefined) {
      this.#parts.count(`doubles, ${excuse}`);
      for (const { mac } of [guest, other]) this.#disputed.add(`${mac} ${address}`);
    } else {
      const by = `${other.server} and ${guest.server}`;
      this.#parts.fault(`${address} is ${other.mac}'s (${other.state}) and ${guest.mac}'s, by ${by}`);
    }
  }

  /** Why an address may have two holders, where hearing is all there is. */
  #excuseFor(guest: SimulatedGuest, other: SimulatedGuest): string | undefined {
    const { clock } = this.#parts;
    if (this.#kind === 'deaf') return 'where not all is heard';
    if (this.#kind === 'shares') return undefined;
    // Then the question by ARP is all there is, and the holder's machine was off when it came.
    const wasAway = !other.isOn || clock.monotonic() - other.onSince < OFFERED;
    const { server } = guest;
    if (wasAway && !other.selections.last.heardBy.has(server)) return 'by a gateway that was down';
    // What this gateway heard of the guest's earlier selection has displaced what it heard of the other before: it cannot
    // know that the selected server was down then, nor that it has refused the guest, for a DHCPNAK is not heard by others.
    const words = guest.selections
      .of(guest.address, other.selections.last.at)
      .filter((each) => each.server !== server && each.heardBy.has(server));
    if (wasAway && words.some((word) => !other.selections.last.heardBy.has(word.server)))
      return "by a gateway that took another's word, which was down";
    if (wasAway && words.some(({ isRefused }) => isRefused))
      return 'by a gateway that did not hear of a refusal';
    // Nor that the selected server has given it by a lease of its own that was older than what it heard: as below.
    const isByLease = ({ server: giver, address, at }: Selection) =>
      this.keepings.get(giver)?.heldAt(address, guest.hardware, at) === true;
    if (wasAway && words.some(isByLease))
      return "by a gateway that took another's word, which had an old lease";
    // Nobody is listened for before somebody is heard.
    const isAtOnce = Math.abs(guest.selections.last.at - other.selections.last.at) < AT_ONCE;
    if (isAtOnce && (guest.selections.last.isUnmet || other.selections.last.isUnmet))
      return 'before a first other gateway was heard';
    const resort = this.keepings.get(server)?.lastResort(guest.address, other.selections.last.at);
    if (wasAway && resort !== undefined && this.#isLast(server, resort))
      return 'by a gateway that had nothing else left';
    // What is heard displaces no lease of one's own, also not one that its client has ended elsewhere.
    const isOld = ({ server: giver, address, hardware, selections: { last } }: SimulatedGuest) =>
      (this.keepings.get(giver)?.heldSince(address, hardware) ?? last.at) < last.at;
    if (isOld(guest) || isOld(other)) return 'by a lease that its gateway never heard the end of';
    return undefined;
  }

  /** What is reserved goes before the last of the pool, but no sooner than that: not while its gateway is heard, for a lease. */
  #isLast(server: string, { at: on, granter, isClaimed, reservedAt }: LastResort): boolean {
    if (reservedAt === undefined || isClaimed || !this.keepings.has(granter)) return true;
    const longest = LEASE_TIMES.maximum * 1000;
    if (on - reservedAt >= longest) return true;
    const heard = this.#parts.guests.flatMap(({ selections }) => selections.heardOf(granter, server));
    return heard.every((when) => when > on || on - when >= longest);
  }

  /** By the answers to the very question that its message has put, as the reply leaves. */
  hasHeardOther({ address: server }: Gateway, guest: SimulatedGuest): boolean {
    return this.#heard.othersAt(server, guest.address, guest.mac, ONE_QUESTION).size > 0;
  }

  /**
   * Only the server that was chosen refuses, and never what it has given; any other for a lease of its own, or for whom it
   * has just heard at the address.
   */
  refused(guest: SimulatedGuest, server: string, isBacked: boolean): void {
    const { fault, count } = this.#parts;
    const isSelecting = guest.state === 'REQUESTING';
    const isStrangers = server !== (isSelecting ? guest.selections.last.server : guest.server);
    if (isStrangers && isBacked)
      count(guest.holds ? 'valid leases refused by another' : 'refused by another');
    if (
      this.#kind === 'deaf' ||
      guest.lateReleases.isUndone ||
      this.#disputed.has(`${guest.mac} ${guest.address}`)
    )
      return;
    if (isStrangers && (isSelecting || !isBacked))
      fault(`${server} has refused ${guest.mac}, which had not chosen it`);
    if (!isStrangers && guest.holds) fault(`${server} has refused ${guest.mac} its valid ${guest.address}`);
  }

  /**
   * Addresses that every gateway which could give them keeps aside; while one does not, a new client gets it from there. A
   * quarantine that ended by a clock that was set since counts too: it stands until its length has passed by the right one,
   * and the sweep, which runs each second, ends it then.
   */
  quarantined(): number {
    const count = new Map<Ipv4, number>();
    for (const keeping of this.keepings.values())
      for (const { address, state } of keeping.records())
        if (state === 'declined') count.set(address, (count.get(address) ?? 0) + 1);
    const givers = this.#kind === 'shares' ? 1 : this.keepings.size;
    return [...count.values()].filter((keepers) => keepers === givers).length;
  }

  operator(parts: OperatorParts): Operator | undefined {
    const isInPool = (address: string) => Number(address.split('.')[3]) < FIRST + this.addresses;
    if (!RESERVING.has((parts.seed >> 1) % 7)) return undefined;
    return new ReconcilingOperator(parts, this.#kind === 'shares' ? IN_PARTS : RESERVABLE, isInPool);
  }

  isKept(address: string): boolean {
    return [...this.keepings.values()].every((keeping) => keeping.keeps(address));
  }

  isQuarantined(address: string): boolean {
    const since = this.#parts.clock.monotonic() - LEASE_TIMES.maximum * 1000;
    return [...this.keepings.values()].some((keeping) => keeping.wasQuarantined(address, since));
  }

  checkEnd(): void {}
}
