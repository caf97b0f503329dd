import { firstGatewayFor } from '../allocation/shared-proposals.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { AddressRange } from '../lease/lease-view.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../net/ipv4.ts';

/** The gateways by their nodes, and the pool that they share. */
export interface Sharing {
  /** This gateway's. */
  readonly node: string;
  /** Listen IPs, dotted, by node; this one's too. */
  readonly gateways: Readonly<Record<string, string>>;
  readonly pools: readonly AddressRange[];
}

/**
 * Which node's gateway goes first for a client by the client's hash, with the gateways that are alive now; undefined: it is
 * not known.
 */
export function nodeThatGoesFirst(client: ClientKey, { node, gateways, pools }: Sharing): string | undefined {
  const self = ipv4FromText(gateways[node] ?? '');
  if (self === undefined) return undefined;
  const others = Object.values(gateways).map(ipv4FromText);
  const live = new Set(others.filter((other): other is Ipv4 => other !== undefined && other !== self));
  const first = ipv4ToText(firstGatewayFor({ client, subnet: { pools }, self, clusterPeers: live }));
  return Object.keys(gateways).find((name) => gateways[name] === first);
}
