import { randomUUID } from 'node:crypto';
import { editsBetween } from '../config/nearest.ts';
import { SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import { ipv4FromText, ipv4ToText } from '../net/ipv4.ts';
import { prefixOf, prefixToText } from '../net/prefix.ts';
import type { Etcd } from '../store/etcd/client/etcd.ts';
import { encodeGeneration, OTHER_FILE } from '../store/etcd/keys/generation.ts';
import { type Heartbeat, heartbeatsIn } from '../store/etcd/keys/heartbeat.ts';
import { Keys } from '../store/etcd/keys/keys.ts';
import { type KnownSegment, otherSegments, segmentsToText } from '../store/etcd/keys/segments.ts';
import { readSnapshot } from '../store/etcd/keys/snapshot.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import { mirrorStateOf } from './cluster-report.ts';
import type { SharedSettings } from './shared-settings.ts';

/** Names that differ by at most this many letters may be mistyped. */
const MISTYPED = 2;

/**
 * Begins a segment: from then on its gateways grant from etcd.
 *
 * @param isNew True: begin it also if etcd has another segment that may have been meant.
 * @throws GatewayError cluster-state if the segment has begun before, or another one may have been meant.
 */
export async function initSegment(
  etcd: Etcd,
  shared: SharedSettings,
  print: (line: string) => void,
  isNew: boolean,
): Promise<void> {
  const { segment, node, settings } = shared;
  const keys = new Keys(segment);
  const { generation, found } = await readSnapshot(etcd, keys);
  if (generation !== undefined)
    throw refusal(
      segment,
      `was begun by ${generation.by} already (${generation.id})`,
      'nothing is to be done',
    );
  await refuseSilentDisk(settings.leasesDir);
  const mirror = mirrorStateOf(settings.leasesDir);
  if (mirror !== undefined && mirror.segment !== segment)
    throw refusal(segment, `is not that of this node's lease file, ${mirror.segment}`, OTHER_FILE);
  const hasLeases = [...found.keys()].some((key) => keys.addressOf(key) !== undefined);
  const isKnown = heartbeatsIn(keys, found).some((gateway) => gateway.birth !== '');
  if (mirror !== undefined || hasLeases || isKnown) {
    const remedy = 'run `vps-gateway cluster seed`, while the gateways run: it merges what they have kept';
    throw refusal(segment, 'has been before, and etcd has lost it', remedy);
  }
  if (!isNew) refuseMistyped(await otherSegments(etcd, segment), shared);
  const id = randomUUID();
  const value = encodeGeneration({ id, at: systemClock.now(), by: node, replaces: [] });
  const { succeeded } = await etcd.transact({
    compare: [{ key: keys.generation, modRevision: 0 }],
    success: [{ kind: 'put', key: keys.generation, value }],
    failure: [],
  });
  if (!succeeded) throw refusal(segment, 'was begun by another node just now', 'nothing is to be done');
  print(`segment ${segment} has begun (${id}): its gateways grant from now on`);
}

function refuseMistyped(others: readonly KnownSegment[], shared: SharedSettings): void {
  for (const other of others) {
    const likeness = likenessOf(other, shared);
    if (likeness === undefined) continue;
    throw refusal(
      shared.segment,
      `is not in etcd, and ${segmentsToText([other])} is, ${likeness}`,
      'mend GATEWAY_SEGMENT; or, if this is to be another segment, run `vps-gateway cluster init --new-segment`',
    );
  }
}

/** Why another segment may be the one that was meant; undefined: it is not likely. */
function likenessOf(
  { name, generation, gateways }: KnownSegment,
  shared: SharedSettings,
): string | undefined {
  const { segment, node, settings } = shared;
  if (gateways.some((gateway) => gateway.node === node)) return `where ${node} is a gateway`;
  const address = settings.listenIp === undefined ? undefined : ipv4ToText(settings.listenIp);
  if (gateways.some(({ listenIp }) => listenIp === address)) return `where ${address} is a gateway`;
  const network = prefixToText(prefixOf(settings.gateway, settings.subnetMask));
  if (gateways.some((gateway) => networkOf(gateway) === network)) return `in the same network ${network}`;
  if (generation?.by === node) return 'begun by this node';
  const edits = editsBetween(name.toLowerCase(), segment.toLowerCase());
  return edits <= MISTYPED ? 'nearly the same name' : undefined;
}

function networkOf({ agreed }: Heartbeat): string | undefined {
  const router = ipv4FromText(agreed[SETTINGS.gateway.variable] ?? '');
  const length = Number(agreed[SETTINGS.subnetMask.variable]);
  const isLength = Number.isInteger(length) && length > 0 && length <= 32;
  return router === undefined || !isLength ? undefined : prefixToText(prefixOf(router, length));
}

function refusal(segment: string, cause: string, remedy: string): GatewayError {
  return new GatewayError('cluster-state', `segment ${segment} ${cause}: ${remedy}`);
}
