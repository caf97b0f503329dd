import { DeclineLog } from '../detection/decline-log.ts';
import { DiscoverRetries } from '../detection/discover-retries.ts';
import { DroppedClients } from '../detection/dropped-clients.ts';
import { MissedTraffic } from '../detection/missed-traffic.ts';
import { OtherGateways } from '../detection/other-gateways.ts';
import { PeerMemory } from '../detection/peer-memory.ts';
import { Peers } from '../detection/peers.ts';
import { RogueServers } from '../detection/rogue-servers.ts';
import { TimeGuard } from '../detection/time-guard.ts';
import type { ReservationOrder } from '../engine/order/reservation-order.ts';
import { type Observer, observers } from '../exchange/observer/observer.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Counters } from '../reporting/counters.ts';
import { DecisionLog } from '../reporting/decision-log.ts';
import { OrganizationCounter } from '../reporting/organization-counts.ts';
import type { PortTextOf } from '../reporting/plugged-log.ts';
import type { PoolUse } from '../reporting/pool-use.ts';
import type { Expiry } from './expiry/expiry.ts';
import { expiryPrompter } from './expiry/expiry-prompter.ts';
import type { OrderIntake } from './order/order-intake.ts';
import type { Memory } from './parts/memory.ts';
import type { ServerParts } from './parts/server-parts.ts';

export interface MemoryParts {
  readonly parts: ServerParts;
  readonly counters: Counters;
  readonly planOf: Memory['planOf'];
  readonly portTextOf: PortTextOf;
  /** Undefined: the server does not serve. */
  poolUse(): PoolUse | undefined;
  readonly intake: OrderIntake;
  /** Undefined until the memory is open. */
  expiry(): Expiry | undefined;
  orderReservation(order: ReservationOrder): void;
}

/** The memory of a server, and who follows its decisions. */
export interface OpenedMemory {
  readonly memory: Memory;
  readonly decisionLog: DecisionLog;
  readonly organizations: OrganizationCounter;
}

/** Opens the store, and what is known beside the leases. @throws GatewayError */
export async function openMemory(of: MemoryParts): Promise<OpenedMemory> {
  const { parts, counters, portTextOf, intake } = of;
  const { log, clock, boot, clusterPeers } = parts;
  const inFlight = new Set<Ipv4>();
  const store = await parts.openStore(inFlight);
  const decisionLog = new DecisionLog(log, store, () => clock.monotonic(), portTextOf, of.poolUse);
  const organizations = new OrganizationCounter(store.leases);
  const peers = new Peers(clock, log, () => store.leases.revision);
  const memory: Memory = {
    store,
    planOf: of.planOf,
    inFlight,
    missedTraffic: new MissedTraffic(store.leases, log),
    timeGuard: new TimeGuard({ clock, log, store, boot, agreedAt: () => clusterPeers?.agreedAt }),
    declines: new DeclineLog(),
    peers,
    otherGateways: new OtherGateways(clock, log, peers, clusterPeers),
    rogueServers: new RogueServers(clock, log, parts.segmentObserver, portTextOf),
    droppedClients: new DroppedClients(clock, log, parts.segmentObserver),
    peerMemory: clusterPeers === undefined ? new PeerMemory(peers, store, clock) : undefined,
    clusterPeers,
    discoverRetries: new DiscoverRetries(),
    observer: observers(
      counters,
      decisionLog,
      organizations,
      expiryPrompter(() => of.expiry()?.prompt()),
      ...extra(parts.observer),
    ),
    timings: counters,
    handOver: () => intake.handOver(),
    handedOver: () => intake.handedOver(),
    makeRoom: () => of.expiry()?.makeRoom() ?? false,
    // After the round that it is ordered in: what is submitted while that ends waits for the next one.
    orderReservation: (order) => void Promise.resolve().then(() => of.orderReservation(order)),
  };
  store.idle(clock.now()); // The state of the clock is stored before the first lease.
  return { memory, decisionLog, organizations };
}

function extra(observer: Observer | undefined): readonly Observer[] {
  return observer === undefined ? [] : [observer];
}
