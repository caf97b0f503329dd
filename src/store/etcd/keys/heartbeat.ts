import type { MirrorStanding } from '../../mirror.ts';
import type { KeyValue } from '../client/etcd.ts';
import type { Keys } from './entry.ts';

type Texts = Readonly<Record<string, string>>;

/** What a gateway says of itself to the others. */
export interface Profile {
  readonly listenIp: string;
  /** What all gateways of a segment must agree on, each as text. */
  readonly agreed: Texts;
  /** What they should have alike, and may not while they are changed one by one. */
  readonly alike: Texts;
}

/** The value of a heartbeat's key. */
export interface Heartbeat {
  readonly node: string;
  readonly listenIp: string;
  /** `agreed` and `alike` together, as older versions have it, which want all of it alike. */
  readonly agreed: Texts;
  /** This process; two that share a name are told apart by it. */
  readonly instance: string;
  /** Its clock: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The birth and revision of its mirror; '' and 0: it has none. */
  readonly birth: string;
  readonly revision: number;
  /** It grants nothing, for etcd does not hold the leases that it knows. */
  readonly isRefused: boolean;
  /** It may compact etcd; absent in older versions, which do not. */
  readonly compacts?: boolean;
}

/** What a heartbeat says of a mirror: of one of another segment nothing, as it knows nothing of this one. */
export function mirrorOf(
  standing: MirrorStanding | undefined,
  segment: string,
): { readonly birth: string; readonly revision: number } {
  return standing?.segment === segment ? standing : { birth: '', revision: 0 };
}

/** All heartbeats of a snapshot. */
export function heartbeatsIn(keys: Keys, found: ReadonlyMap<string, KeyValue>): readonly Heartbeat[] {
  return [...found.values()]
    .filter(({ key }) => keys.gatewayOf(key) !== undefined)
    .map(({ value }) => decodeHeartbeat(value))
    .filter((heartbeat) => heartbeat !== undefined);
}

/** Undefined for what no version of us has written. */
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
