import type { ClusterPeersView } from '../detection/cluster-peers.ts';
import type { DeclineLog } from '../detection/decline-log.ts';
import type { DiscoverRetries } from '../detection/discover-retries.ts';
import type { MissedTraffic } from '../detection/missed-traffic.ts';
import type { PeerMemory } from '../detection/peer-memory.ts';
import type { Peers } from '../detection/peers.ts';
import { Probe } from '../detection/probe.ts';
import { Reception } from '../detection/reception.ts';
import { Sightings } from '../detection/sightings.ts';
import type { TimeGuard } from '../detection/time-guard.ts';
import { UntrustedArp } from '../detection/untrusted-arp.ts';
import { doubtsOfPlan, isNobodys } from '../diagnosis/plan-doubts.ts';
import { interfaceDown, type RunningProblem } from '../diagnosis/running-problem.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { ServerState } from '../exchange/exchange-parts.ts';
import type { Observer } from '../exchange/observer.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Lease } from '../lease/lease.ts';
import { type ClockTrust, mayBeOver } from '../lease/lease-end.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { Serving } from '../reporting/status.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Medium, ServerParts } from './server-parts.ts';

/** What outlives the sockets. */
export interface Memory {
  readonly store: LeaseStore;
  /** By what is declared now. */
  planOf(listen: ListenAddress): Plan;
  readonly inFlight: Set<Ipv4>;
  readonly missedTraffic: MissedTraffic;
  readonly timeGuard: TimeGuard;
  readonly declines: DeclineLog;
  readonly peers: Peers;
  /** Absent: the leases are shared. */
  readonly peerMemory: PeerMemory | undefined;
  readonly clusterPeers: ClusterPeersView | undefined;
  readonly discoverRetries: DiscoverRetries;
  readonly observer: Observer;
  /** What other writers than the service have under way is ended before it begins. */
  readonly handOver: () => Promise<void>;
  /** It has begun, or will not. */
  readonly handedOver: () => void;
  /** Frees what has run out, for a client that finds no address. */
  readonly makeRoom: () => boolean;
}

/** How long commits under way are waited for at the end: milliseconds. */
const STOP_LIMIT = 700;

/** The exchange on one listen address, from the opening of its sockets to their closing. */
export class Service {
  readonly listen: ListenAddress;
  readonly medium: Medium;
  readonly exchange: Exchange;
  readonly reception: Reception;
  readonly #parts: ServerParts;
  readonly #memory: Memory;
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
    const untrustedArp = new UntrustedArp(store.leases, clock, parts.log);
    const sightings = new Sightings(store.leases, clock);
    this.#follow(plan);
    memory.peerMemory?.recall();
    this.exchange = new Exchange({
      transport: medium.transport,
      store,
      inFlight,
      clock,
      decide,
      plan,
      prober: new Probe(medium.arp, clock, {
        accepts: (address, holder) => untrustedArp.accepts(address, holder),
        onHolder: (address, holder) => {
          if (!untrustedArp.isUntrusted(holder)) sightings.note(address, holder);
        },
      }),
      serverState: serverStateOf(memory, sightings, () => clock.monotonic()),
      observer,
      makeRoom: memory.makeRoom,
    });
    this.exchange.beat();
    this.reception = new Reception({
      interfaceName: listen.interfaceName,
      clock,
      log: parts.log,
      hasCarrier: () => medium.hasCarrier?.(),
      countFrames: () => medium.countFrames?.(),
    });
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** A new plan takes effect between two rounds, with all that hangs on it; the store has prepared its pools. */
  adopt(plan: Plan): void {
    const before = this.#plan.peers;
    this.#plan = plan;
    this.#follow(plan);
    this.exchange.plan = plan;
    // Whoever is a peer only now may have been heard before the start.
    if ([...plan.peers].some((peer) => !before.has(peer))) this.#memory.peerMemory?.recall();
  }

  #follow({ subnet, peers }: Plan): void {
    const { store, timeGuard, peers: heard } = this.#memory;
    heard.known = peers;
    heard.longestLease = subnet.leaseTimes.maximum * 1000;
    timeGuard.longestLease = subnet.leaseTimes.maximum;
    // The first question about a pool puts all its records in order: now, not while a client waits for an offer.
    for (const pool of subnet.pools) store.leases.longestFree(pool);
  }

  /** For every second. */
  check(): void {
    this.reception.check(this.exchange.heard, this.exchange.broadcasts);
  }

  /** What keeps messages from it; an interface that is down explains all else. */
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

  /** True if this is where to listen, and nothing has changed about it. */
  isAt(listen: ListenAddress): boolean {
    return (
      listen.interfaceIndex === this.listen.interfaceIndex &&
      listen.interfaceName === this.listen.interfaceName &&
      listen.listenIp === this.listen.listenIp &&
      listen.prefixLength === this.listen.prefixLength &&
      listen.mtu === this.listen.mtu
    );
  }

  /** Reads no more, ends the commits under way if they end soon, and closes the sockets. */
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

/** Each time that sockets are opened, for the host's own addresses may be others. */
function logDoubts(plan: Plan, store: LeaseStore, { clock, log }: ServerParts): void {
  const leases = store.leases.running(clock.now(), (address) => isNobodys(plan, address));
  for (const { message, ...fields } of doubtsOfPlan(plan, leases)) log.warn(fields, message);
}

/** What leases are ended by, as the clocks are now. */
export function clockTrustOf({ timeGuard }: Memory): ClockTrust {
  timeGuard.check();
  return timeGuard.clockTrust;
}

/** False: the lease may run still though its time is past by the clock, as the clocks were when they were looked at last. */
export function mayLeaseBeOver({ clusterPeers, timeGuard }: Memory, lease: Lease): boolean {
  return clusterPeers?.isByWallClock(lease) === false || mayBeOver(lease, timeGuard.clockTrust);
}

/** What only the running server knows, for an exchange over its memory. */
export function serverStateOf(memory: Memory, sightings: Sightings, monotonic: () => number): ServerState {
  const { missedTraffic, timeGuard, declines, peers, clusterPeers, discoverRetries } = memory;
  return {
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
    noteGap: () => missedTraffic.noteGap('stale'),
    // A gateway that shares its leases is not one of those that can only be heard.
    noteRequest: (server, address, client, hardware) => {
      if (clusterPeers?.live.has(server) !== true) peers.noteRequest(server, address, client, hardware);
    },
    noteDiscover: (sender: ClientKey) => {
      if (clusterPeers !== undefined) discoverRetries.note(sender, monotonic());
    },
    isDiscoverRetry: (sender: ClientKey) => discoverRetries.isRetry(sender),
    declinesOf: (card) => declines.count(card, monotonic()),
    noteDecline: (card) => declines.note(card, monotonic()),
  };
}
