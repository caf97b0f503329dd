import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import type { Etcd } from '../store/etcd/client/etcd.ts';
import { encodeGeneration, type KnownGeneration } from '../store/etcd/keys/generation.ts';
import { type Heartbeat, heartbeatsIn } from '../store/etcd/keys/heartbeat.ts';
import { Keys } from '../store/etcd/keys/keys.ts';
import { type KnownSegment, otherSegments, segmentsToText } from '../store/etcd/keys/segments.ts';
import { readSnapshot, type Snapshot } from '../store/etcd/keys/snapshot.ts';
import type { Seeded, Seeding } from '../store/etcd/membership/join-admission.ts';
import type { SharedSettings } from './shared-settings.ts';

/** How long the gateways are waited for: milliseconds. */
const PATIENCE = 60_000;
const LOOK_EVERY = 500;

/**
 * After etcd has lost the leases of a segment, or has come back with older ones: asks every gateway that runs for what
 * its mirror has, waits for all of them, and begins the segment's next generation, in which gateways grant again.
 *
 * @throws GatewayError 'cluster-state' if it is not to be done, or not all gateways have answered; EtcdError.
 */
export async function seedSegment(
  etcd: Etcd,
  shared: SharedSettings,
  print: (line: string) => void,
): Promise<void> {
  const keys = new Keys(shared.segment);
  const before = await readSnapshot(etcd, keys);
  const others = before.generation === undefined ? await otherSegments(etcd, shared.segment) : [];
  const lost = generationToMend(shared.segment, keys, before, others);
  const replaces = [
    ...new Set([
      lost,
      ...(before.generation === undefined ? [] : [before.generation.id, ...before.generation.replaces]),
    ]),
  ];
  const seeding: Seeding = { id: randomUUID(), replaces };
  const value = Buffer.from(JSON.stringify(seeding), 'utf8');
  await etcd.transact({ compare: [], success: [{ kind: 'put', key: keys.seeding, value }], failure: [] });
  try {
    await untilAllHave(etcd, keys, seeding, print);
    await begin(etcd, keys, shared, before.generation, seeding, value);
  } catch (error) {
    const asked = [{ key: keys.seeding, value }];
    await etcd.transact({ compare: asked, success: [{ kind: 'delete', key: keys.seeding }], failure: [] });
    throw error;
  }
  print(`segment ${shared.segment} has a new generation (${seeding.id}): its gateways grant from now on`);
  print('a node that was away brings up what it has kept when it comes back');
}

/**
 * The id of the generation that was lost, by the mirrors of the gateways that are alive.
 * @throws GatewayError cluster-state if none was lost, or if it is not clear which.
 */
function generationToMend(
  segment: string,
  keys: Keys,
  { found, generation }: Snapshot,
  otherNames: readonly KnownSegment[],
): string {
  const gateways = heartbeatsIn(keys, found);
  const well = gateways.filter((each) => each.birth === generation?.id && !each.isRefused);
  if (generation !== undefined && generation.suspendedFor === undefined && well.length > 0) {
    const remedy =
      'a node that refuses has a file of an older generation: `vps-gateway cluster leave` there, and a new start, merge its leases into etcd';
    throw refusal(`segment ${segment} has lost nothing, ${namesOf(well)} grants from it: ${remedy}`);
  }
  const generations = [...new Set(gateways.map((each) => each.birth).filter((id) => id !== ''))];
  const [lost, ...others] = generations;
  if (lost === undefined) {
    const remedy =
      'start the gateways that have been of it, and run this again; or `vps-gateway cluster init`';
    const but = otherNames.length === 0 ? '' : `, but etcd has ${segmentsToText(otherNames)}`;
    throw refusal(`no gateway is alive that knows segment ${segment}${but}: ${remedy}`);
  }
  if (others.length > 0) {
    const parts = generations.map((id) => `${namesOf(gateways.filter((each) => each.birth === id))} (${id})`);
    const remedy =
      'stop those of the older one, run this again, and let them join after `vps-gateway cluster leave`';
    throw refusal(
      `the gateways of segment ${segment} have kept different generations, ${parts.join(' and ')}: ${remedy}`,
    );
  }
  return lost;
}

function namesOf(gateways: readonly Heartbeat[]): string {
  return gateways.map(({ node }) => node).join(', ');
}

function refusal(message: string): GatewayError {
  return new GatewayError('cluster-state', message);
}

/** Begins the next generation, unless another node has begun one. */
async function begin(
  etcd: Etcd,
  keys: Keys,
  { node }: SharedSettings,
  before: KnownGeneration | undefined,
  { id, replaces }: Seeding,
  seeding: Uint8Array,
): Promise<void> {
  const { succeeded } = await etcd.transact({
    compare: [
      { key: keys.seeding, value: seeding },
      { key: keys.generation, modRevision: before?.revision ?? 0 },
    ],
    success: [
      {
        kind: 'put',
        key: keys.generation,
        value: encodeGeneration({ id, at: systemClock.now(), by: node, replaces }),
      },
      { kind: 'delete', key: keys.seeding },
    ],
    failure: [],
  });
  if (!succeeded)
    throw refusal('another node seeds the segment at this moment: see `vps-gateway cluster status`');
}

async function untilAllHave(
  etcd: Etcd,
  keys: Keys,
  { id }: Seeding,
  print: (line: string) => void,
): Promise<void> {
  const told = new Set<string>();
  const start = systemClock.monotonic();
  for (;;) {
    const { found } = await readSnapshot(etcd, keys);
    const gateways = heartbeatsIn(keys, found).filter(({ birth }) => birth !== '');
    const waiting: string[] = [];
    for (const { node } of gateways) {
      const seeded = decodeSeeded(found.get(keys.ofSeeded(node))?.value);
      if (seeded?.id !== id) waiting.push(node);
      else if (!told.has(node)) {
        told.add(node);
        const { uploaded, kept, conflicts } = seeded;
        print(`${node}: ${uploaded} leases merged, ${kept} there already, ${conflicts.length} in conflict`);
        for (const { address, client, cause } of conflicts) print(`  ${address} of ${client}: ${cause}`);
      }
    }
    if (waiting.length === 0) return;
    if (systemClock.monotonic() - start > PATIENCE) {
      const remedy = 'see its log; stop that gateway to go on without what it has kept, and run this again';
      throw refusal(`${waiting.join(', ')} has not merged its leases: ${remedy}`);
    }
    await delay(LOOK_EVERY);
  }
}

function decodeSeeded(value: Uint8Array | undefined): Seeded | undefined {
  if (value === undefined) return undefined;
  try {
    const seeded = JSON.parse(Buffer.from(value).toString('utf8')) as Seeded;
    return typeof seeded.id === 'string' && Array.isArray(seeded.conflicts) ? seeded : undefined;
  } catch {
    return undefined;
  }
}
