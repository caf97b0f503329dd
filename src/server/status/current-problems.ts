import { type ClockStatus, clockProblem } from '../../detection/clock-status.ts';
import { rivalProblem } from '../../diagnosis/rival-reservations.ts';
import { NOT_STARTED, type RunningProblem } from '../../diagnosis/running-problem.ts';
import { directoryProblem, storeProblems } from '../../diagnosis/store-problems.ts';
import { type PoolUse, poolProblem } from '../../reporting/pool-use.ts';
import type { Memory } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import type { Service } from '../service/service.ts';

/** Where a server's problems show. */
export interface ProblemSources {
  readonly parts: ServerParts;
  /** Undefined: the store is not open. */
  readonly memory: Memory | undefined;
  /** Problems of the search for the listen address. */
  readonly listening: readonly RunningProblem[];
  /** Undefined: no sockets are open. */
  readonly service: Service | undefined;
  /** Undefined: nothing is wrong with it. */
  readonly clock: ClockStatus | undefined;
  /** Undefined while there is no service. */
  readonly pool: PoolUse | undefined;
  readonly trustsClock: boolean;
  /** Undefined: the reservations of the settings file are in force. */
  readonly fileReservations: RunningProblem | undefined;
}

/** What is wrong with a server now, for log, status and health; it looks at counts and at no record. */
export function currentProblems(sources: ProblemSources): readonly RunningProblem[] {
  const { parts, memory, listening, service, clock, pool, trustsClock } = sources;
  const problems: RunningProblem[] = [...listening, ...(service?.problems ?? [])];
  const isShared = memory?.clusterPeers !== undefined;
  if (memory === undefined) problems.push(parts.startProblem?.() ?? NOT_STARTED);
  problems.push(...storeProblems(memory?.store, isShared));
  const fault = parts.directoryFault?.();
  if (fault !== undefined) problems.push(directoryProblem(fault, isShared));
  const settings = parts.settingsProblem?.();
  if (settings !== undefined) problems.push(settings);
  if (sources.fileReservations !== undefined) problems.push(sources.fileReservations);
  const rivals = rivalProblem(memory?.store.reservations.rivalries() ?? []);
  if (rivals !== undefined) problems.push(rivals);
  problems.push(...(parts.apiProblems?.() ?? []));
  const peers = memory?.peers.problem((peer) => memory.otherGateways.isGone(peer));
  if (peers !== undefined) problems.push(peers);
  const gone = memory?.otherGateways.problem;
  if (gone !== undefined) problems.push(gone);
  const rogues = memory?.rogueServers.problem;
  if (rogues !== undefined) problems.push(rogues);
  for (const each of parts.clusterPeers?.problems ?? []) problems.push({ ...each, stopsNewGuests: false });
  if (clock?.trusted === false) problems.push(clockProblem(clock, pool?.hasRoom !== false));
  const full = pool === undefined ? undefined : poolProblem(pool, trustsClock);
  if (full !== undefined) problems.push(full);
  return problems;
}
