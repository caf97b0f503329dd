import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import { systemClock } from '../../server/system-clock.ts';
import type { Seeded, Seeding } from '../../store/etcd/admission.ts';
import { encodeBirth } from '../../store/etcd/birth.ts';
import { Keys } from '../../store/etcd/entry.ts';
import type { Etcd } from '../../store/etcd/etcd.ts';
import { decodeHeartbeat } from '../../store/etcd/members.ts';
import { readSnapshot, type Snapshot } from '../../store/etcd/snapshot.ts';
import type { SharedSettings } from '../shared-leases.ts';

/** The gateways are waited for so long: milliseconds. */
const PATIENCE = 60_000;
const LOOK_EVERY = 500;

/**
 * After etcd has lost the leases of a segment, or has come back with older ones: asks every gateway that runs for what
 * its mirror has, waits for all of them, and begins the segment's new life, in which gateways grant again.
 */
export async function seedSegment(
  etcd: Etcd,
  shared: SharedSettings,
  print: (line: string) => void,
): Promise<void> {
  const keys = new Keys(shared.segment);
  const before = await readSnapshot(etcd, keys);
  const lives = livesOf(keys, before);
  if (lives.length === 0) {
    const remedy =
      'start the gateways that have been of this segment, and run it again; or `vps-gateway cluster init`';
    throw new GatewayError(
      'cluster-state',
      `no gateway is alive that knows segment ${shared.segment}: ${remedy}`,
    );
  }
  if (before.birth !== undefined && isWell(keys, before)) {
    throw new GatewayError(
      'cluster-state',
      `segment ${shared.segment} has lost nothing: nothing is to be done`,
    );
  }
  const replaces = [...new Set([...lives, ...(before.birth === undefined ? [] : [before.birth.id])])];
  const seeding: Seeding = { id: randomUUID(), replaces };
  const value = Buffer.from(JSON.stringify(seeding), 'utf8');
  await etcd.transact({ compare: [], success: [{ kind: 'put', key: keys.seeding, value }], failure: [] });
  await untilAllHave(etcd, keys, seeding, print);

  const birth = encodeBirth({ id: seeding.id, at: systemClock.now(), by: shared.node, replaces });
  const { succeeded } = await etcd.transact({
    compare: [
      { key: keys.seeding, value },
      { key: keys.birth, modRevision: before.birth?.revision ?? 0 },
    ],
    success: [
      { kind: 'put', key: keys.birth, value: birth },
      { kind: 'delete', key: keys.seeding },
    ],
    failure: [],
  });
  if (!succeeded)
    throw new GatewayError(
      'cluster-state',
      'another node seeds the segment at this moment: see `vps-gateway cluster status`',
    );
  print(`segment ${shared.segment} lives again (${seeding.id}): its gateways grant from now on`);
  print('a node that was away brings up what it has kept when it comes back');
}

/** The births that the mirrors of the living gateways are of. */
function livesOf(keys: Keys, { found }: Snapshot): readonly string[] {
  const births = gatewaysOf(keys, found).map(({ birth }) => birth);
  return [...new Set(births.filter((birth) => birth !== ''))];
}

/** Every gateway finds in etcd what it knows. */
function isWell(keys: Keys, { found, birth }: Snapshot): boolean {
  return gatewaysOf(keys, found).every((gateway) => gateway.birth === birth?.id && !gateway.isRefused);
}

function gatewaysOf(keys: Keys, found: Snapshot['found']) {
  return [...found.values()]
    .filter(({ key }) => keys.gatewayOf(key) !== undefined)
    .map(({ value }) => decodeHeartbeat(value))
    .filter((heartbeat) => heartbeat !== undefined);
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
    const gateways = gatewaysOf(keys, found).filter(({ birth }) => birth !== '');
    const waiting: string[] = [];
    for (const { node } of gateways) {
      const seeded = decodeSeeded(found.get(keys.ofSeeded(node))?.value);
      if (seeded?.id !== id) waiting.push(node);
      else if (!told.has(node)) {
        told.add(node);
        const { uploaded, kept, conflicts } = seeded;
        print(
          `${node}: ${uploaded} leases brought up, ${kept} there already, ${conflicts.length} in conflict`,
        );
        for (const { address, client, cause } of conflicts) print(`  ${address} of ${client}: ${cause}`);
      }
    }
    if (waiting.length === 0) return;
    if (systemClock.monotonic() - start > PATIENCE) {
      const remedy = 'see its log; stop that gateway to go on without what it has kept, and run this again';
      throw new GatewayError(
        'cluster-state',
        `${waiting.join(', ')} has not brought up its leases: ${remedy}`,
      );
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
