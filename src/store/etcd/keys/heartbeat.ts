import type { MirrorPosition } from '../../mirror.ts';
import type { KeyValue } from '../client/etcd.ts';
import type { Keys } from './keys.ts';

type SettingTexts = Readonly<Record<string, string>>;

/** What a gateway tells the others of itself. */
export interface Profile {
  readonly listenIp: string;
  /** Settings that must be equal on all gateways of a segment, each as text. */
  readonly mustBeEqual: SettingTexts;
  /** Settings that should be equal, and may differ while the gateways are changed one by one. */
  readonly shouldBeEqual: SettingTexts;
}

/** The value of a heartbeat's key. */
export interface Heartbeat {
  readonly node: string;
  readonly listenIp: string;
  /** All that a profile has as text: older versions want all of it equal. */
  readonly agreed: SettingTexts;
  /** Identifies the process: two processes may have one node name by mistake. */
  readonly instance: string;
  /** Its clock: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The generation (under its JSON name) and the revision of its mirror; '' and 0: it has no mirror. */
  readonly birth: string;
  readonly revision: number;
  /** True: it grants nothing, because etcd does not hold the leases that it knows. */
  readonly isRefused: boolean;
  /** True: it may compact etcd. Absent in older versions, which do not. */
  readonly compacts?: boolean;
  /** Absent in older versions: nothing is known. */
  readonly placement?: Placement;
}

/** Where a gateway is, for the guests of its host. */
export interface Placement {
  /** Where the tunnels of its host end, dotted. Empty: it does not see where guests are plugged in, or there are no tunnels. */
  readonly tunnelEnds: readonly string[];
  /** True: a new guest would get an address from it now. */
  readonly grants: boolean;
}

/** The part of a heartbeat that tells how far the gateway's mirror has come. */
export type MirrorInHeartbeat = Pick<Heartbeat, 'birth' | 'revision'>;

/** A mirror of another segment counts as none: it knows nothing of this one. */
export function mirrorOf(position: MirrorPosition | undefined, segment: string): MirrorInHeartbeat {
  if (position?.segment !== segment) return { birth: '', revision: 0 };
  const { generation, ...rest } = position;
  return { ...rest, birth: generation };
}

/** All heartbeats of a snapshot. */
export function heartbeatsIn(keys: Keys, found: ReadonlyMap<string, KeyValue>): readonly Heartbeat[] {
  return [...found.values()]
    .filter(({ key }) => keys.gatewayOf(key) !== undefined)
    .map(({ value }) => decodeHeartbeat(value))
    .filter((heartbeat) => heartbeat !== undefined);
}

/** Where the tunnels end of a gateway that answers its own guests now; empty: it may not. */
export function answeringEnds({ placement, isRefused }: Heartbeat): readonly string[] {
  const ends: unknown = placement?.grants === true && !isRefused ? placement.tunnelEnds : undefined;
  return Array.isArray(ends) ? ends.filter((end): end is string => typeof end === 'string') : [];
}

/** @returns undefined for a value that no version of the gateway has written. */
export function decodeHeartbeat(value: Uint8Array): Heartbeat | undefined {
  try {
    const heartbeat = JSON.parse(Buffer.from(value).toString('utf8')) as Heartbeat;
    const { node, listenIp, instance, at, agreed } = heartbeat;
    const areTexts = [node, listenIp, instance].every((text) => typeof text === 'string');
    return areTexts && typeof at === 'number' && typeof agreed === 'object' && agreed !== null
      ? heartbeat
      : undefined;
  } catch {
    return undefined;
  }
}
