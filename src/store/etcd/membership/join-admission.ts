import type { Clock } from '../../../lease/clock.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import type { Say } from '../../../log/say.ts';
import { type Ipv4, ipv4ToText } from '../../../net/ipv4.ts';
import type { KeptLease, Mirror } from '../../mirror.ts';
import type { Compare, Etcd, Revision } from '../client/etcd.ts';
import {
  encodeGeneration,
  INIT,
  type Judgement,
  judge,
  type KnownGeneration,
  OtherGenerationError,
  SEED,
} from '../keys/generation.ts';
import { heartbeatsIn } from '../keys/heartbeat.ts';
import type { Keys } from '../keys/keys.ts';
import { otherSegments, segmentsToText } from '../keys/segments.ts';
import { readSnapshot, type Snapshot } from '../keys/snapshot.ts';
import { type MergeReport, mergeLeases } from './merge.ts';
import { mergeReservations } from './merge-reservations.ts';

type Refusal = Extract<Judgement, { kind: 'refused' }>;

/** The value of the key that asks all gateways for their mirrors. */
export interface Seeding {
  /** The generation that is to come. */
  readonly id: string;
  readonly replaces: readonly string[];
}

/** A node's report of what it has merged. */
export interface Seeded extends MergeReport {
  readonly id: string;
  readonly node: string;
}

export interface JoinAdmissionParts {
  readonly etcd: Etcd;
  readonly keys: Keys;
  readonly segment: string;
  readonly node: string;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly self: () => Ipv4;
  readonly newOperationId: () => string;
  readonly say: Say;
}

/** Reads the shared leases for a gateway that is to grant them, and checks first that they are the ones that it knows. */
export class JoinAdmission {
  readonly #parts: JoinAdmissionParts;
  /** The cause that was logged last. */
  #said = '';
  /** The generation that this mirror was merged for. */
  #mergedFor = '';

  constructor(parts: JoinAdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Reads all leases, after this node's own have been merged where they must be.
   * @throws EtcdError whose message tells why this gateway may not grant.
   */
  async read(): Promise<Snapshot & { readonly generation: KnownGeneration }> {
    const { etcd, keys, segment, mirror } = this.#parts;
    for (;;) {
      // Read before the snapshot is asked for: later records need not be in it.
      const { position } = mirror;
      const kept = mirror.leases();
      const reserved = mirror.reservations();
      const snapshot = await readSnapshot(etcd, keys);
      const { generation, revision } = snapshot;
      const judged = judge(generation, revision, segment, position);
      const judgement =
        judged.kind === 'current' ? (lacks(snapshot, keys, kept, reserved) ?? judged) : judged;
      if (judgement.kind === 'refused') {
        if (judgement.isLoss && generation !== undefined) await this.#suspend(generation, judgement.cause);
        await this.#answerSeeding(snapshot);
        throw this.#refusal(
          generation === undefined && position === undefined ? await this.#unknown(judgement) : judgement,
        );
      }
      if (generation === undefined) throw new OtherGenerationError();
      const isMerged = this.#mergedFor === generation.id;
      if (judgement.kind === 'current' || isMerged) {
        this.#said = '';
        return { ...snapshot, generation };
      }
      const guard = { key: keys.generation, modRevision: generation.revision };
      await this.#merge(snapshot, judgement.kind === 'join' ? 'join' : 'seed', guard);
      this.#mergedFor = generation.id; // And read again, with what was merged.
    }
  }

  /** Adds the segments that etcd knows to the refusal: the name of this one may be mistyped. */
  async #unknown(judgement: Refusal): Promise<Refusal> {
    const { etcd, segment } = this.#parts;
    const others = await otherSegments(etcd, segment);
    if (others.length === 0) return judgement;
    const cause = `${judgement.cause}, but ${segmentsToText(others)}`;
    return { ...judgement, cause, remedy: `mend GATEWAY_SEGMENT; or, if it is a new one, ${INIT}` };
  }

  #refusal({ cause, remedy }: Refusal): OtherGenerationError {
    if (this.#said !== cause) this.#parts.say('error', { cause, remedy }, 'nothing is granted');
    this.#said = cause;
    return new OtherGenerationError(`${cause}: ${remedy}`);
  }

  /** Suspends the generation. That stops all gateways, since each write compares the generation's revision. */
  async #suspend({ revision, ...generation }: KnownGeneration, cause: string): Promise<void> {
    const { etcd, keys, node } = this.#parts;
    const value = encodeGeneration({ ...generation, suspendedFor: `${cause} (found by ${node})` });
    const compare = [{ key: keys.generation, modRevision: revision }];
    await etcd.transact({ compare, success: [{ kind: 'put', key: keys.generation, value }], failure: [] });
  }

  async #merge(snapshot: Snapshot, rule: 'join' | 'seed', guard: Compare): Promise<MergeReport> {
    const { etcd, keys, mirror, clock, self, node, newOperationId, say } = this.#parts;
    const leases = mirror.leases();
    const address = ipv4ToText(self());
    const now = clock.now();
    const report = await mergeLeases({
      ...{ etcd, keys, snapshot, guard, leases, rule, now, newOperationId },
      self: { address, node },
    });
    for (const conflict of report.conflicts)
      say('warn', conflict, 'a lease of this node could not be merged into etcd: the record in etcd stays');
    const reservations = mirror.reservations();
    const merge = { etcd, keys, snapshot, guard, reservations, rule, newOperationId };
    for (const conflict of await mergeReservations(merge))
      say('warn', conflict, 'a reservation of this node could not be merged into etcd');
    if (leases.length > 0) {
      const { uploaded, kept, conflicts } = report;
      say('info', { uploaded, kept, conflicts: conflicts.length }, 'the leases of this node are in etcd');
    }
    return report;
  }

  /** Where `cluster seed` asks for the mirrors of a lost generation, merges this one, once. */
  async #answerSeeding(snapshot: Snapshot): Promise<void> {
    const { etcd, keys, segment, mirror, node } = this.#parts;
    const asked = snapshot.found.get(keys.seeding);
    const seeding = decodeSeeding(asked?.value);
    const { position } = mirror;
    if (asked === undefined || seeding === undefined || position?.segment !== segment) return;
    if (this.#mergedFor === seeding.id || !seeding.replaces.includes(position.generation)) return;
    if (isWell(keys, snapshot)) return; // etcd has lost nothing: this file is of another generation.
    // Only while it is asked for: what is merged after the next generation has begun would count as written in it.
    const guard = { key: keys.seeding, modRevision: asked.modRevision };
    const report = await this.#merge(snapshot, 'seed', guard);
    const seeded: Seeded = { id: seeding.id, node, ...report };
    const value = Buffer.from(JSON.stringify(seeded), 'utf8');
    const { succeeded } = await etcd.transact({
      compare: [guard],
      success: [{ kind: 'put', key: keys.ofSeeded(node), value }],
      failure: [],
    });
    if (succeeded) this.#mergedFor = seeding.id;
  }
}

/**
 * Checks that etcd has every record of the mirror, at its revision or a newer one; undefined: it has. The store's revision
 * alone does not tell: after a backup was restored, heartbeats soon raise it again.
 */
function lacks(
  { found }: Snapshot,
  keys: Keys,
  kept: readonly KeptLease[],
  reserved: readonly Reservation[],
): Refusal | undefined {
  for (const { id, address, version, retiredUntil } of reserved) {
    const entry = found.get(keys.ofReservation(id));
    // What is removed for good has written the key of its address once more.
    const isRemoved = retiredUntil !== undefined || revisionIn(found, keys.ofAddress(address)) > version;
    if (entry === undefined ? isRemoved : entry.modRevision >= version) continue;
    const cause = `etcd was restored from a backup: it lacks the reservation ${id} that this node saw at revision ${version}`;
    return { kind: 'refused', cause, remedy: SEED, isLoss: true };
  }
  for (const { address, version, state } of kept) {
    const entry = found.get(keys.ofAddress(address));
    if (entry === undefined ? state === 'free' : entry.modRevision >= version) continue;
    const cause = `etcd was restored from a backup: it lacks the record that this node saw of ${ipv4ToText(address)} at revision ${version}`;
    return { kind: 'refused', cause, remedy: SEED, isLoss: true };
  }
  return undefined;
}

function revisionIn(found: Snapshot['found'], key: string): Revision {
  return found.get(key)?.modRevision ?? 0;
}

/** True: a gateway grants from this etcd, so it has found its leases there. */
function isWell(keys: Keys, { found, generation }: Snapshot): boolean {
  if (generation === undefined || generation.suspendedFor !== undefined) return false;
  return heartbeatsIn(keys, found).some((each) => each.birth === generation.id && !each.isRefused);
}

/** @returns undefined for a value that no version of the gateway has written. */
export function decodeSeeding(value: Uint8Array | undefined): Seeding | undefined {
  if (value === undefined) return undefined;
  try {
    const seeding = JSON.parse(Buffer.from(value).toString('utf8')) as Seeding;
    return typeof seeding.id === 'string' && Array.isArray(seeding.replaces) ? seeding : undefined;
  } catch {
    return undefined;
  }
}
