import { type ClockStatus, clockStatusOf } from '../../detection/clock-status.ts';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type PoolUse, poolUseOf } from '../../reporting/pool-use.ts';
import { type Status, statusOf } from '../../reporting/status.ts';
import type { Listening } from '../listen/listening.ts';
import type { FileReservations } from '../order/file-reservations.ts';
import { clockTrustOf, type Memory } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import { currentProblems } from './current-problems.ts';
import { dotted } from './figures.ts';

const NO_GATEWAYS: ReadonlySet<Ipv4> = new Set();

/** How a server is: its clock, its pool, and what is wrong. */
export class ServerCondition {
  readonly #parts: ServerParts;
  readonly #listening: Listening;
  /** Undefined: the server has not started, or has stopped. */
  readonly #memory: () => Memory | undefined;
  readonly #fileReservations: FileReservations;

  constructor(
    parts: ServerParts,
    listening: Listening,
    memory: () => Memory | undefined,
    fileReservations: FileReservations,
  ) {
    this.#fileReservations = fileReservations;
    this.#parts = parts;
    this.#listening = listening;
    this.#memory = memory;
  }

  get clock(): ClockStatus | undefined {
    const guard = this.#memory()?.timeGuard;
    return guard === undefined ? undefined : clockStatusOf(guard, this.#parts.clock.now());
  }

  get trustsClock(): boolean {
    const memory = this.#memory();
    return memory !== undefined && clockTrustOf(memory).isTrusted;
  }

  /** Undefined while nothing is served. */
  get pool(): PoolUse | undefined {
    const memory = this.#memory();
    const { service } = this.#listening;
    if (memory === undefined || service === undefined) return undefined;
    const { leases } = memory.store;
    return poolUseOf({
      plan: service.plan,
      leases,
      now: this.#parts.clock.now(),
      trustsClock: this.trustsClock,
      peers: memory.peers.peers,
      isThere: (gateway) => memory.peers.isThere(gateway),
      listeningSince: memory.peers.since,
      clusterPeers: memory.clusterPeers?.live ?? NO_GATEWAYS,
    });
  }

  /** The operator says that the time is right. This is stored at once; log and history name who said so, and why. */
  trustClock(by: OrderedBy): ClockStatus | undefined {
    this.#memory()?.timeGuard.trust(by);
    this.#memory()?.store.idle(this.#parts.clock.now());
    const { clock } = this;
    const outcome = clock?.trusted === true ? 'trusted' : 'in doubt';
    this.#parts.log.info({ order: 'clock trust', ...by, outcome }, 'order from outside');
    return clock;
  }

  status(counters: Status['counters'], settings: Status['settings']): Status {
    const memory = this.#memory();
    const { pool } = this;
    return statusOf({
      store: memory?.store,
      serving: this.#listening.service?.serving,
      pool,
      otherGateways: memory?.otherGateways.list ?? [],
      clusterPeers: dotted(memory?.clusterPeers?.live ?? []),
      rogueServers: memory?.rogueServers.status ?? [],
      refusedClients: memory?.droppedClients.status ?? [],
      counters,
      problems: this.problems(pool),
      settings,
    });
  }

  problems(pool: PoolUse | undefined = this.pool): readonly RunningProblem[] {
    const { problems, service } = this.#listening;
    const { trustsClock } = this;
    return currentProblems({
      parts: this.#parts,
      memory: this.#memory(),
      listening: problems,
      service,
      clock: trustsClock ? undefined : this.clock,
      pool,
      trustsClock,
      fileReservations: this.#fileReservations.problem,
    });
  }
}
