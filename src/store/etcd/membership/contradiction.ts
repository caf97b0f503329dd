import { ipv4FromText } from '../../../net/ipv4.ts';
import type { Heartbeat, Profile } from '../keys/heartbeat.ts';
import type { SharingProblem } from './sharing-problem.ts';

/** The address, name and settings with which a process registers as a gateway. */
export interface GatewayClaim extends Profile {
  readonly node: string;
  readonly instance: string;
}

/** Why a gateway may not run beside these; undefined: it may. */
export function contradictionIn(others: readonly Heartbeat[], claim: GatewayClaim): string | undefined {
  return others.map((other) => contradictionBy(other, claim)).find((one) => one !== undefined);
}

function contradictionBy(
  other: Heartbeat,
  { node, instance, listenIp, mustBeEqual }: GatewayClaim,
): string | undefined {
  if (other.instance === instance) return undefined;
  // A previous process of this node is not another gateway.
  if (other.node === node) return other.listenIp === listenIp ? undefined : sameName(node, other);
  if (other.listenIp === listenIp)
    return `${other.node} has the listen IP ${listenIp} too: each gateway needs its own (GATEWAY_DHCP_LISTEN_IP)`;
  const differing = Object.entries(mustBeEqual).find(([name, value]) => other.agreed[name] !== value);
  if (differing === undefined) return undefined;
  const [name, value] = differing;
  return `${name} is ${value} here and ${other.agreed[name]} on ${other.node} (${other.listenIp}): all gateways of a segment must agree`;
}

/** True: of two gateways that contradict each other, the other one goes on: it has the lower address, or the lower name. */
export function goesBefore(other: Heartbeat, { listenIp, node }: GatewayClaim): boolean {
  const [theirs = 0, ours = 0] = [ipv4FromText(other.listenIp), ipv4FromText(listenIp)];
  return theirs === ours ? other.node < node : theirs < ours;
}

export function sameName(node: string, { listenIp }: Heartbeat): string {
  return `another gateway, at ${listenIp}, has the node name ${node} too: each needs its own (GATEWAY_NODE_NAME)`;
}

type Settings = Pick<Heartbeat, 'node' | 'agreed'>;

/** A problem for each setting of the profile that should be equal on all gateways, and is not. */
export function differencesOf(
  gateways: readonly Settings[],
  { shouldBeEqual }: Profile,
): readonly SharingProblem[] {
  return [...differencesIn(gateways)]
    .filter(([name]) => name in shouldBeEqual)
    .map(([name, byValue]) => differenceProblem(name, byValue));
}

/** The settings that differ between gateways: by setting and by value, the nodes that have it. */
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

/** `GATEWAY_DHCP_POOL_END is 10.15.3.254 on pve1, pve3 and 10.15.3.99 on pve2` */
export function differenceProblem(
  name: string,
  byValue: ReadonlyMap<string, readonly string[]>,
): SharingProblem {
  const parts = [...byValue].map(([value, nodes]) => `${value} on ${nodes.join(', ')}`);
  return { message: `${name} is ${parts.join(' and ')}`, remedy: 'set it equal on all of them' };
}
