import type { Exchange } from '../../exchange/exchange.ts';
import { clockTrustOf, type Memory } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import { Expiry } from './expiry.ts';

/**
 * What frees the expired leases of a server.
 *
 * @param exchange The one that takes its orders; undefined: no sockets are open.
 */
export function expiryOf(
  memory: Memory,
  { clock, clusterPeers }: Pick<ServerParts, 'clock' | 'clusterPeers'>,
  exchange: () => Exchange | undefined,
): Expiry {
  return new Expiry(
    memory.store,
    clock,
    {
      get isIdle() {
        return exchange()?.isIdle ?? false;
      },
      submit: (order) => exchange()?.submit(order) ?? false,
    },
    () => clockTrustOf(memory),
    () => ({ peerObservations: memory.peers, clusterPeers: memory.clusterPeers }),
    (lease) => clusterPeers?.isByWallClock(lease) !== false,
  );
}
