import type { Instant } from '../../src/lease/lease.ts';
import { type Ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import { Keys } from '../../src/store/etcd/keys/keys.ts';
import { client, hardware } from '../store/changes.ts';
import type { MemoryCluster } from './memory-etcd.ts';
import { SEGMENT } from './shared-store.ts';

/** Who makes the offer. */
export const OLDER_GATEWAY = '10.15.3.19';

/** What a gateway of an older version writes into etcd at a DHCPOFFER, which holds for half a minute. */
export function putOlderOffer(
  cluster: MemoryCluster,
  { to, of, begun, record }: { to: number; of: Ipv4; begun: Instant; record?: object },
): void {
  const keys = new Keys(SEGMENT);
  const times = { updatedAt: begun, expiresAt: begun + 30_000, leaseSeconds: 30 };
  const granter = { granter: OLDER_GATEWAY, node: 'pve10' };
  const offer = { client: client(to), mac: hardware(to), state: 'offered', ...times, ...granter };
  const entry = { ...(record === undefined ? {} : { record }), offer, op: 'older' };
  const put = (key: string, text: string) => ({ kind: 'put', key, value: Buffer.from(text) }) as const;
  const success = [
    put(keys.ofAddress(of), JSON.stringify(entry)),
    put(keys.ofClient(client(to)), ipv4ToText(of)),
  ];
  cluster.transact({ compare: [], success, failure: [] });
}
