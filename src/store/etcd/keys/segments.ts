import { type Etcd, EtcdError, endOfPrefix } from '../client/etcd.ts';
import { decodeGeneration, type KnownGeneration } from './generation.ts';
import { decodeHeartbeat, type Heartbeat } from './heartbeat.ts';
import { Keys, SEGMENTS } from './keys.ts';

/** The most segments that are looked at. */
const MOST_SEGMENTS = 30;

/** A segment that etcd holds. */
export interface KnownSegment {
  readonly name: string;
  /** Undefined: it has not begun, or was lost. */
  readonly generation: KnownGeneration | undefined;
  /** The heartbeats of the gateways that are alive. */
  readonly gateways: readonly Heartbeat[];
}

/**
 * The other segments that etcd holds, by name; none where etcd does not let this user read them.
 * @throws EtcdError where etcd does not answer.
 */
export async function otherSegments(etcd: Etcd, segment: string): Promise<readonly KnownSegment[]> {
  const found: KnownSegment[] = [];
  const end = endOfPrefix(SEGMENTS);
  for (let first = SEGMENTS, count = 0; count < MOST_SEGMENTS; count += 1) {
    const page = await etcd.range(first, end, { limit: 1 }).catch((error: unknown) => {
      if (error instanceof EtcdError && error.fault === 'refused') return undefined;
      throw error;
    });
    const key = page?.found[0]?.key;
    if (key === undefined) break;
    const [name = ''] = key.slice(SEGMENTS.length).split('/');
    if (name !== segment) found.push(await readSegment(etcd, name));
    first = endOfPrefix(new Keys(name).prefix);
  }
  return found.filter(({ generation, gateways }) => generation !== undefined || gateways.length > 0);
}

async function readSegment(etcd: Etcd, name: string): Promise<KnownSegment> {
  const keys = new Keys(name);
  const [generations, heartbeats] = await Promise.all([
    etcd.range(keys.generation, `${keys.generation}\0`),
    etcd.range(keys.gateways, endOfPrefix(keys.gateways)),
  ]);
  const gateways = heartbeats.found
    .map(({ value }) => decodeHeartbeat(value))
    .filter((heartbeat) => heartbeat !== undefined);
  return { name, generation: decodeGeneration(generations.found[0]), gateways };
}

/** `vpsnet (3 gateways alive)`, separated by commas. */
export function segmentsToText(segments: readonly KnownSegment[]): string {
  return segments.map(({ name, gateways }) => `${name} (${aliveToText(gateways.length)})`).join(', ');
}

function aliveToText(count: number): string {
  return count > 1 ? `${count} gateways alive` : `${count === 0 ? 'no' : '1'} gateway alive`;
}
