import type { ClusterPeersView } from '../detection/cluster-peers.ts';
import type { DeclineLog } from '../detection/decline-log.ts';
import type { DiscoverRetries } from '../detection/discover-retries.ts';
import { GuestPorts } from '../detection/guest-ports.ts';
import { HostAnswers } from '../detection/host-answers.ts';
import type { MissedTraffic } from '../detection/missed-traffic.ts';
import type { PeerMemory } from '../detection/peer-memory.ts';
import type { Peers } from '../detection/peers.ts';
import type { Probe } from '../detection/probe.ts';
import { Reception } from '../detection/reception.ts';
import type { RefusedClients } from '../detection/refused-clients.ts';
import type { RogueServers } from '../detection/rogue-servers.ts';
import type { Sightings } from '../detection/sightings.ts';
import type { TimeGuard } from '../detection/time-guard.ts';
import { doubtsOfPlan, isNobodys } from '../diagnosis/plan-doubts.ts';
import { interfaceDown, type RunningProblem } from '../diagnosis/running-problem.ts';
import { clientAdmission } from '../exchange/client-admissions.ts';
import { NO_QUIET } from '../exchange/decision-context.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { ServerState } from '../exchange/exchange-parts.ts';
import { Limits } from '../exchange/limits/limits.ts';
import { type Observer, observers } from '../exchange/observer.ts';
import type { Timings } from '../exchange/timings.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Lease } from '../lease/lease.ts';
import { type ClockTrust, mayBeOver } from '../lease/lease-end.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { Serving } from '../reporting/status.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import { ArpWatch } from './arp-watch.ts';
import { QuietWatch } from './quiet-watch.ts';
import type { Medium, ServerParts } from './server-parts.ts';

/** The parts of the server that outlive its sockets. */
export interface Memory {
  readonly store: LeaseStore;
  /** The plan by the current declaration. */
  planOf(listen: ListenAddress): Plan;
  readonly inFlight: Set<Ipv4>;
  readonly missedTraffic: MissedTraffic;
  readonly timeGuard: TimeGuard;
  readonly declines: DeclineLog;
  readonly peers: Peers;
  readonly rogueServers: RogueServers;
  readonly refusedClients: RefusedClients;
  /** Undefined: the leases are shared, so peers are not observed. */
  readonly peerMemory: PeerMemory | undefined;
  readonly clusterPeers: ClusterPeersView | undefined;
  readonly discoverRetries: DiscoverRetries;
  readonly observer: Observer;
  readonly timings: Timings;
  /** Ends the pending orders of other writers; called before the service begins. */
  readonly handOver: () => Promise<void>;
  /** Called when the service has begun, or will not begin. */
  readonly handedOver: () => void;
  /** Frees expired leases for a client that finds no address. Returns false if there are none. */
  readonly makeRoom: () => boolean;
}

/** How long a stop waits for commits under way: milliseconds. */
const STOP_LIMIT = 700;

/** The exchange on one listen address. It lives from the opening of the sockets to their closing. */
export class Service {
  readonly listen: ListenAddress;
  readonly medium: Medium;
  readonly exchange: Exchange;
  readonly reception: Reception;
  readonly probe: Probe;
  readonly #parts: ServerParts;
  readonly #memory: Memory;
  readonly #quiet: QuietWatch;
  readonly #guestPorts: GuestPorts | undefined;
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
    const { prober, sightings } = new ArpWatch({
      ...{ arp: medium.arp, leases: store.leases, clock, log: parts.log, quiet, ports: medium.ports },
      plan: () => this.#plan,
      isAlone: () => memory.peers.peers.size === 0,
    });
    const monotonic = () => clock.monotonic();
    const { ports } = medium;
    const guestPorts = ports === undefined ? undefined : new GuestPorts(ports, clock, parts.seed);
    this.#guestPorts = guestPorts;
    const limits = new Limits(store.leases, monotonic, () => this.#plan, parts.seed, guestPorts);
    this.#follow(plan);
    memory.peerMemory?.recall();
    this.probe = prober;
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
        { sightings, quiet, guestPorts, hostAnswers: new HostAnswers(clock) },
        monotonic,
      ),
      observer: observers(observer, limits),
      seed: parts.seed,
      timings: memory.timings,
      admissions: [
        clientAdmission(store.leases, (message, why) => memory.refusedClients.note(message, why)),
        limits.admit,
      ],
      makeRoom: memory.makeRoom,
    });
    this.exchange.beat();
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
  placeOf(card: HardwareAddress): string | undefined {
    return this.#guestPorts?.placeOf(card);
  }

  /** Serves by a new plan from the next round on, and all parts that depend on it too. Its pools must be prepared in the store. */
  adopt(plan: Plan): void {
    const before = this.#plan.peers;
    this.#plan = plan;
    this.#follow(plan);
    this.#quiet.follow(plan);
    this.#memory.refusedClients.forget();
    this.exchange.plan = plan;
    // An earlier process may have observed the new peers.
    if ([...plan.peers].some((peer) => !before.has(peer))) this.#memory.peerMemory?.recall();
  }

  #follow(plan: Plan): void {
    const { subnet, peers } = plan;
    const { store, timeGuard, peers: observed, rogueServers, clusterPeers } = this.#memory;
    rogueServers.isKnown = (address) =>
      belongsHere(plan, address) || clusterPeers?.live.has(address) === true;
    observed.known = peers;
    observed.longestLease = subnet.leaseTimes.maximum * 1000;
    timeGuard.longestLease = subnet.leaseTimes.maximum;
    // The first search in a pool sorts all its records: do it now, not while a client waits for an offer.
    for (const pool of subnet.pools) store.leases.longestFree(pool);
  }

  /** Call it several times a second. */
  beat(): void {
    this.exchange.beat();
    this.#quiet.beat();
  }

  /** Call it once a second. */
  check(): void {
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
      reception: this.reception.status,
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

/** What the end of leases is decided by. Reads the clocks. */
export function clockTrustOf({ timeGuard }: Memory): ClockTrust {
  timeGuard.check();
  return timeGuard.clockTrust;
}

/** False: the lease may still run although the clock is past its end. Uses the last reading of the clocks. */
export function mayLeaseBeOver({ clusterPeers, timeGuard }: Memory, lease: Lease): boolean {
  return clusterPeers?.isByWallClock(lease) === false || mayBeOver(lease, timeGuard.clockTrust);
}

/** What is known of the segment while its sockets are open. */
interface ServiceMemory {
  readonly sightings: Sightings;
  readonly quiet?: QuietWatch;
  readonly guestPorts?: GuestPorts | undefined;
  readonly hostAnswers?: HostAnswers;
}

/** The state of the running server, as the exchange reads it. */
export function serverStateOf(
  memory: Memory,
  { sightings, quiet, guestPorts, hostAnswers }: ServiceMemory,
  monotonic: () => number,
): ServerState {
  const { missedTraffic, timeGuard, declines, peers, rogueServers, clusterPeers, discoverRetries } = memory;
  return {
    beginRound: () => quiet?.lap.hearAnswers(),
    readArp: () => quiet?.lap.hearNow(),
    get lastGapRevision() {
      return missedTraffic.lastGapRevision;
    },
    get trustsClock() {
      const { isTrusted } = clockTrustOf(memory);
      peers.followClock(timeGuard.offset);
      return isTrusted;
    },
    mayBeOver: (lease) => mayLeaseBeOver(memory, lease),
    peerObservations: peers,
    clusterPeers,
    sightingAt: (address) => sightings.at(address),
    quietAddresses: quiet?.lap ?? NO_QUIET,
    noteQuietOffer: (address) => quiet?.lap.noteOffer(address),
    noteGap: () => missedTraffic.noteGap('stale'),
    // A gateway that shares its leases is known without this.
    noteRequest: (server, address, client, hardware) => {
      quiet?.noteRequest(server, address);
      if (peers.known.has(server)) hostAnswers?.noteSelection(guestPorts?.hostOfCard(hardware));
      if (clusterPeers?.live.has(server) !== true) peers.noteRequest(server, address, client, hardware);
      rogueServers.noteRequest(server, address, hardware);
    },
    // Alone, and where leases are shared, nobody else confirms what this gateway does not know of.
    noteReboot: (address, hardware) => {
      if (peers.peers.size === 0) return;
      quiet?.lap.claim(address);
      sightings.noteReboot(address, hardware);
    },
    noteReply: (message, arrival) => rogueServers.noteReply(message, arrival),
    noteDiscover: (sender: ClientKey) => {
      if (clusterPeers !== undefined || peers.peers.size > 0) discoverRetries.note(sender, monotonic());
    },
    isDiscoverRetry: (sender: ClientKey) => discoverRetries.isRetry(sender),
    declinesOf: (card) => declines.count(card, monotonic()),
    noteDecline: (card) => declines.note(card, monotonic()),
    isLeftToHost: (message) =>
      clusterPeers === undefined &&
      peers.peers.size > 0 &&
      hostAnswers?.takes(guestPorts?.hostOf(message)) === true,
    noteUnanswered: (message) => hostAnswers?.noteUnanswered(guestPorts?.hostOf(message)),
    guestPorts,
  };
}
