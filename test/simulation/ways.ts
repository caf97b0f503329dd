import { EtcdWay } from './etcd-way.ts';
import type { Mutation } from './mutations.ts';
import { OwnWay } from './own-way.ts';
import type { Way } from './way.ts';
import type { WorldParts } from './world-parts.ts';

/** How the gateways of a world come to know of each other's leases. */
export type WayName = 'etcd' | 'hearing' | 'shares';

export const WAYS: readonly WayName[] = ['etcd', 'hearing', 'shares'];

/** Of the worlds that share nothing every other one has gateways that do not hear all there is to hear. */
export function isGuaranteed(name: WayName, seed: number): boolean {
  return name !== 'hearing' || seed % 2 === 0;
}

export function wayOf(name: WayName, seed: number, parts: WorldParts, mutation: Mutation): Way {
  if (name === 'etcd') return new EtcdWay(parts, mutation);
  return new OwnWay(isGuaranteed(name, seed) ? name : 'deaf', parts);
}
