import type { ArpProber } from '../../detection/arp-prober.ts';
import { Claims } from '../../detection/claims.ts';
import { FirstGatewayList } from '../../detection/first-gateways.ts';
import { BridgeGuestPorts } from '../../detection/guest-ports.ts';
import { HostAnswers } from '../../detection/host-answers.ts';
import { notServedByClass } from '../../detection/not-served-by-class.ts';
import { Reception } from '../../detection/reception.ts';
import { UnstoredClaims } from '../../detection/unstored-claims.ts';
import { doubtsOfPlan, isNobodys } from '../../diagnosis/plan-doubts.ts';
import { interfaceDown, type RunningProblem } from '../../diagnosis/running-problem.ts';
import { clientRuleAdmission } from '../../exchange/admission/client-rule-admission.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { Limits } from '../../exchange/limits/limits.ts';
import { observers } from '../../exchange/observer/observer.ts';
import { type HardwareAddress, NO_HARDWARE } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { Serving } from '../../reporting/status.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Memory } from '../parts/memory.ts';
import type { Medium, ServerParts } from '../parts/server-parts.ts';
import { ArpWatch } from './arp-watch.ts';
import { cardLearner } from './card-learner.ts';
import { QuietWatch } from './quiet-watch.ts';
import { serverStateOf } from './server-state.ts';

/** How long a stop waits for commits under way: milliseconds. */
const STOP_LIMIT = 700;

/** The exchange on one listen address. It lives from the opening of the sockets to their closing. */
export class Service {
  readonly listen: ListenAddress;
  readonly medium: Medium;
  readonly exchange: Exchange;
  readonly reception: Reception;
  readonly prober: ArpProber;
  readonly #parts: ServerParts;
  readonly #memory: Memory;
  readonly #quiet: QuietWatch;
  readonly #guestPorts: BridgeGuestPorts | undefined;
  readonly #claims: Claims;
  readonly #unstored: UnstoredClaims;
  #plan: Plan;

  constructor(parts: ServerParts, memory: Memory, listen: ListenAddress, medium: Medium) {
    const { store, inFlight, observer } = memory;
    const { clock, decide } = parts;
    this.#parts = parts;
    this.listen = listen;
    this.medium = medium;
    this.#memory = memory;
    const plan = memory.planOf(listen);
    this.#plan = plan;
    logDoubts(plan, store, parts);
    const quiet = new QuietWatch(memory, medium.arp, clock, plan);
    this.#quiet = quiet;
    const claims = new Claims({
      leases: store.leases,
      clock,
      ask: (address) => medium.arp.ask(address),
      submit: (order) => this.exchange.submit(order),
    });
    this.#claims = claims;
    this.#unstored = new UnstoredClaims({
      leases: store.leases,
      submit: (order) => this.exchange.submit(order),
    });
    const monotonic = () => clock.monotonic();
    const { ports } = medium;
    const guestPorts = ports === undefined ? undefined : new BridgeGuestPorts(ports, clock, parts.seed);
    this.#guestPorts = guestPorts;
    const isOfGuest = (machine: HardwareAddress) => guestPorts?.isOfGuest(machine) === true;
    const { prober, sightings } = new ArpWatch({
      ...{ arp: medium.arp, leases: store.leases, clock, log: parts.log, quiet, ports },
      plan: () => this.#plan,
      isAlone: () => memory.peers.peers.size === 0,
      onHolder: (address, machine, isBelieved) => {
        memory.otherGateways.hear(address, () => isOfGuest(machine));
        if (isBelieved) claims.hear(address, machine);
      },
    });
    const limits = new Limits(store.leases, monotonic, () => this.#plan, parts.seed, guestPorts);
    const learners =
      guestPorts === undefined ? [] : [cardLearner(store.reservations, guestPorts, memory.orderReservation)];
    this.#follow(plan);
    memory.peerMemory?.recall();
    this.prober = prober;
    this.exchange = new Exchange({
      transport: medium.transport,
      store,
      inFlight,
      clock,
      decide,
      plan,
      prober,
      serverState: serverStateOf(
        memory,
        {
          ...{ sightings, quiet, guestPorts, hostAnswers: new HostAnswers(clock) },
          firstGateways: new FirstGatewayList(clock, memory.peers),
        },
        monotonic,
      ),
      observer: observers(
        ...[observer, limits, claims, this.#unstored, ...learners],
        notServedByClass((message) => memory.droppedClients.note(message, 'refused-by-class')),
      ),
      seed: parts.seed,
      timings: memory.timings,
      pace: parts.pace,
      soon: parts.soon,
      admissions: [
        clientRuleAdmission(
          store.leases,
          (message, why) => memory.droppedClients.note(message, why),
          guestPorts,
        ),
        limits.admit,
      ],
      makeRoom: memory.makeRoom,
    });
    this.exchange.beat();
    medium.arp.onAsked?.((asker, machine) => memory.otherGateways.hearAsker(asker, () => isOfGuest(machine)));
    memory.peers.found.begin(medium.arp);
    memory.peers.claims = claims;
    this.reception = new Reception({
      interfaceName: listen.interfaceName,
      clock,
      log: parts.log,
      hasCarrier: () => medium.hasCarrier?.(),
      sentinelFrames: () => medium.sentinelFrames?.(),
      countFrames: () => medium.countFrames?.(),
    });
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** Where the tunnels of this host end; empty: it is not seen where guests are plugged in. */
  get tunnelEnds(): readonly Ipv4[] {
    return this.#guestPorts?.tunnelEnds ?? [];
  }

  /** Where a network card is plugged in, for people; undefined: it is not known. */
  portTextOf(card: HardwareAddress): string | undefined {
    return this.#guestPorts?.portTextOf(card);
  }

  /** Serves by a new plan from the next round on, and all parts that depend on it too. Its pools must be prepared in the store. */
  adopt(plan: Plan): void {
    const before = this.#plan.peers;
    this.#plan = plan;
    this.#follow(plan);
    this.#quiet.follow(plan);
    this.#memory.droppedClients.forget();
    this.exchange.plan = plan;
    // An earlier process may have observed the new peers.
    if ([...plan.peers].some((peer) => !before.has(peer))) this.#memory.peerMemory?.recall();
  }

  #follow(plan: Plan): void {
    const { subnet, peers, gateways } = plan;
    const { store, timeGuard, peers: observed, otherGateways, rogueServers, clusterPeers } = this.#memory;
    rogueServers.isKnown = (address) =>
      belongsHere(plan, address) || clusterPeers?.live.has(address) === true;
    observed.known = peers;
    otherGateways.follow(plan.serverIdentifier, new Set([...peers, ...gateways]));
    observed.probes = plan.probeMilliseconds > 0;
    observed.longestLease = subnet.leaseTimes.maximum * 1000;
    timeGuard.longestLease = subnet.leaseTimes.maximum;
    // The first search in a pool sorts all its records: do it now, not while a client waits for an offer.
    for (const pool of subnet.pools) store.leases.longestFree(pool);
  }

  /** True: ARP has asked for the address lately, and nobody has it. */
  isQuiet(address: Ipv4): boolean {
    return this.#quiet.lap.isQuiet(address, NO_HARDWARE);
  }

  /** Undefined: no address is asked for ahead of need. */
  get quietAddresses(): number | undefined {
    return this.#quiet.lap.count();
  }

  /** Call it twice a second. */
  beat(): void {
    this.exchange.beat();
    this.#quiet.beat();
    const isConnected = this.medium.isUp?.() !== false && this.medium.hasCarrier?.() !== false;
    this.#memory.peers.found.beat(this.#memory.otherGateways.known, isConnected);
    this.#claims.beat();
  }

  /** Call it once a second. */
  check(): void {
    this.#unstored.check();
    this.#guestPorts?.check();
    this.reception.check(this.exchange.received, this.exchange.broadcasts);
  }

  /** The problems that keep messages away; if the interface is down, only that one. */
  get problems(): readonly RunningProblem[] {
    if (this.medium.isUp?.() === false) return [interfaceDown(this.listen.interfaceName)];
    const { problem } = this.reception;
    return problem === undefined ? [] : [problem];
  }

  /** For the status. */
  get serving(): Serving {
    const { transport, shortcomings } = this.medium;
    return {
      listen: this.listen,
      transport: transport.kind,
      reception: this.reception.status(this.exchange.received),
      shortcomings: shortcomings ?? [],
    };
  }

  /** True if this is the address that is served, unchanged. */
  isAt(listen: ListenAddress): boolean {
    return (
      listen.interfaceIndex === this.listen.interfaceIndex &&
      listen.interfaceName === this.listen.interfaceName &&
      listen.listenIp === this.listen.listenIp &&
      listen.prefixLength === this.listen.prefixLength &&
      listen.mtu === this.listen.mtu
    );
  }

  /** Stops reading, waits a short time for commits under way, and closes the sockets. */
  async stop(): Promise<void> {
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(STOP_LIMIT, resolve);
    });
    await Promise.race([this.exchange.stop(), limit]);
    cancel();
    this.reception.close();
    this.medium.close();
  }
}

/** Logs doubts about the plan whenever sockets are opened, since the host's addresses may have changed. */
function logDoubts(plan: Plan, store: LeaseStore, { clock, log }: ServerParts): void {
  const leases = store.leases.running(clock.now(), (address) => isNobodys(plan, address));
  for (const { message, ...fields } of doubtsOfPlan(plan, leases)) log.warn(fields, message);
}

/** True for this gateway, for the others of the plan, and for the relay agents that are listed. */
function belongsHere({ serverIdentifier, peers, gateways, relays }: Plan, address: Ipv4): boolean {
  if (address === serverIdentifier || peers.has(address) || gateways.has(address)) return true;
  return relays.some(({ first, last }) => address >= first && address <= last);
}
