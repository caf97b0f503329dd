import { ipv4FromText } from '../../../net/ipv4.ts';
import type { Heartbeat, Profile } from '../keys/heartbeat.ts';

/** What a process says that it is. */
export interface GatewayClaim extends Profile {
  readonly node: string;
  readonly instance: string;
}

/** Why a gateway may not be one beside these; undefined: it may. */
export function contradictionIn(others: readonly Heartbeat[], claim: GatewayClaim): string | undefined {
  return others.map((other) => contradictionBy(other, claim)).find((one) => one !== undefined);
}

function contradictionBy(
  other: Heartbeat,
  { node, instance, listenIp, agreed }: GatewayClaim,
): string | undefined {
  if (other.instance === instance) return undefined;
  // The process before this one, on the same node, is no other gateway.
  if (other.node === node) return other.listenIp === listenIp ? undefined : sameName(node, other);
  if (other.listenIp === listenIp)
    return `${other.node} has the listen IP ${listenIp} too: each gateway needs its own (GATEWAY_DHCP_LISTEN_IP)`;
  const differing = Object.entries(agreed).find(([name, value]) => other.agreed[name] !== value);
  if (differing === undefined) return undefined;
  const [name, value] = differing;
  return `${name} is ${value} here and ${other.agreed[name]} on ${other.node} (${other.listenIp}): all gateways of a segment must agree`;
}

/** Of two that contradict each other the one with the lower address goes on, or the one with the lower name. */
export function goesBefore(other: Heartbeat, { listenIp, node }: GatewayClaim): boolean {
  const [theirs = 0, ours = 0] = [ipv4FromText(other.listenIp), ipv4FromText(listenIp)];
  return theirs === ours ? other.node < node : theirs < ours;
}

export function sameName(node: string, { listenIp }: Heartbeat): string {
  return `another gateway, at ${listenIp}, has the node name ${node} too: each needs its own (GATEWAY_NODE_NAME)`;
}

type Settings = Pick<Heartbeat, 'node' | 'agreed'>;

/** What gateways should have alike, and have not: a sentence for each setting of a profile. */
export function differencesOf(gateways: readonly Settings[], { alike }: Profile): readonly string[] {
  return [...differencesIn(gateways)]
    .filter(([name]) => name in alike)
    .map(([name, byValue]) => differenceToText(name, byValue));
}

/** What some gateways have otherwise than others: by setting, the nodes by their value. */
export function differencesIn(
  gateways: readonly Settings[],
): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const bySetting = new Map<string, Map<string, string[]>>();
  for (const { node, agreed } of gateways)
    for (const [name, value] of Object.entries(agreed)) {
      const byValue = bySetting.get(name) ?? new Map<string, string[]>();
      bySetting.set(name, byValue.set(value, [...(byValue.get(value) ?? []), node]));
    }
  for (const [name, byValue] of bySetting) if (byValue.size === 1) bySetting.delete(name);
  return bySetting;
}

/** `GATEWAY_DHCP_POOL_END is 10.15.3.254 on pve1, pve3 and 10.15.3.99 on pve2: ...` */
export function differenceToText(name: string, byValue: ReadonlyMap<string, readonly string[]>): string {
  const parts = [...byValue].map(([value, nodes]) => `${value} on ${nodes.join(', ')}`);
  return `${name} is ${parts.join(' and ')}: set it alike on all of them`;
}
