import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import { systemClock } from '../../server/system-clock.ts';
import { encodeBirth } from '../../store/etcd/birth.ts';
import { Keys } from '../../store/etcd/entry.ts';
import type { Etcd } from '../../store/etcd/etcd.ts';
import { heartbeatsIn } from '../../store/etcd/heartbeat.ts';
import { readSnapshot } from '../../store/etcd/snapshot.ts';
import type { SharedSettings } from '../shared-leases.ts';
import { mirrorStateOf } from './status.ts';

/** Begins a segment: from then on its gateways grant from etcd. Throws cluster-state if it was begun before. */
export async function initSegment(
  etcd: Etcd,
  shared: SharedSettings,
  print: (line: string) => void,
): Promise<void> {
  const { segment, node, settings } = shared;
  const keys = new Keys(segment);
  const { birth, found } = await readSnapshot(etcd, keys);
  if (birth !== undefined)
    throw refusal(segment, `was begun by ${birth.by} already (${birth.id})`, 'nothing is to be done');
  const mirror = mirrorStateOf(settings.leasesDir);
  const hasLeases = [...found.keys()].some((key) => keys.addressOf(key) !== undefined);
  const isKnown = heartbeatsIn(keys, found).some((gateway) => gateway.birth !== '');
  if (mirror !== undefined || hasLeases || isKnown) {
    const remedy = 'run `vps-gateway cluster seed`, while the gateways run: it merges what they have kept';
    throw refusal(segment, 'has been before, and etcd has lost it', remedy);
  }
  const id = randomUUID();
  const value = encodeBirth({ id, at: systemClock.now(), by: node, replaces: [] });
  const { succeeded } = await etcd.transact({
    compare: [{ key: keys.birth, modRevision: 0 }],
    success: [{ kind: 'put', key: keys.birth, value }],
    failure: [],
  });
  if (!succeeded) throw refusal(segment, 'was begun by another node just now', 'nothing is to be done');
  print(`segment ${segment} has begun (${id}): its gateways grant from now on`);
}

function refusal(segment: string, cause: string, remedy: string): GatewayError {
  return new GatewayError('cluster-state', `segment ${segment} ${cause}: ${remedy}`);
}
