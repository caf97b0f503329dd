import type { Server } from '../server/server.ts';
import type { GatewayCalls } from './gateway-calls.ts';

/** How long a reader waits for the lease file; what it then gets is older, and says so: milliseconds. */
const CARRY_TIME = 3000;

/**
 * What the management thread may ask of a server.
 *
 * @param prepare Runs before each status, for a bounded time; it finds out what only an attempt shows.
 */
export function managedGateway(server: Server, prepare: () => Promise<void> = async () => {}): GatewayCalls {
  return {
    status: async () => {
      await prepare();
      return server.status;
    },
    figures: async () => server.figures,
    carry: () => server.carry(CARRY_TIME),
    isStoring: async () => server.isStoring,
    clock: async () => server.clock ?? null,
    trustClock: async () => server.trustClock() ?? null,
  };
}
