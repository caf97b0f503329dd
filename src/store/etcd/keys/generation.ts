import type { MirrorPosition } from '../../mirror.ts';
import { EtcdError, type KeyValue, type Revision } from '../client/etcd.ts';

/**
 * One generation of a segment's leases. `cluster init` begins the first one, `cluster seed` begins the next one after a
 * loss. Gateways compare its id with that of their mirror, and so know whether etcd holds the leases that they know.
 */
export interface Generation {
  readonly id: string;
  /** When it began: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The name of the node that began it. */
  readonly by: string;
  /** The ids of the generations that were merged into this one. */
  readonly replaces: readonly string[];
  /** Why no gateway may grant: one of them has found that records are missing. Absent: gateways may grant. */
  readonly suspendedFor?: string;
}

/** A generation as etcd holds it. */
export interface KnownGeneration extends Generation {
  /** The revision of its key's last write. */
  readonly revision: Revision;
}

/** A generation as JSON, under the segment's key `birth`. */
interface StoredGeneration extends Omit<Generation, 'suspendedFor'> {
  readonly doubt?: string;
}

/**
 * What a gateway does with the generation that etcd holds.
 * current: it grants. join: it merges its own leases first. merge: the leases were seeded anew, and it first merges what
 * its mirror has of the generation before. refused: it grants nothing. `isLoss`: etcd has lost leases, so no other gateway
 * may grant either, though they may not know it.
 */
export type Judgement =
  | { readonly kind: 'current' | 'join' | 'merge' }
  | { readonly kind: 'refused'; readonly cause: string; readonly remedy: string; readonly isLoss?: true };

/** The remedy where a segment has not begun. */
export const INIT = 'run `vps-gateway cluster init` once, on one node';

/** The remedy where the lease file mirrors another segment. */
export const OTHER_FILE = 'mend GATEWAY_SEGMENT, or set another GATEWAY_DHCP_LEASES_DIR';

/** The remedy where etcd has lost leases. */
export const SEED =
  'run `vps-gateway cluster seed` once, while the gateways run: it merges what they have kept';

/** Compares the generation in etcd with the mirror: whether etcd holds the leases that this node knows. */
export function judge(
  generation: KnownGeneration | undefined,
  revision: Revision,
  segment: string,
  mirror: MirrorPosition | undefined,
): Judgement {
  if (mirror !== undefined && mirror.segment !== segment)
    return refused(`the lease file is of segment ${mirror.segment}, not ${segment}`, OTHER_FILE);
  if (generation === undefined) {
    if (mirror === undefined) return refused(`etcd knows no segment ${segment}`, INIT);
    return refused(`etcd has lost the leases of segment ${segment}`, SEED);
  }
  if (generation.suspendedFor !== undefined) return refused(generation.suspendedFor, SEED);
  if (mirror === undefined) return { kind: 'join' };
  if (generation.id === mirror.generation) {
    if (revision >= mirror.revision) return { kind: 'current' };
    const cause = `etcd was restored from a backup: it is at revision ${revision}, and this node has seen ${mirror.revision}`;
    return { ...refused(cause, SEED), isLoss: true };
  }
  if (generation.replaces.includes(mirror.generation)) return { kind: 'merge' };
  const cause = `etcd holds another generation of segment ${segment} (${generation.id}) than the lease file (${mirror.generation})`;
  return refused(
    cause,
    `see that GATEWAY_ETCD_ENDPOINTS are the right ones. If all nodes say so, ${SEED}; if only this one does, its file is of an older generation: \`vps-gateway cluster leave\` and a new start merge its leases into etcd`,
  );
}

/** The leases in etcd are not those that this gateway has read: it must read and judge all of them again. */
export class OtherGenerationError extends EtcdError {
  constructor(message = 'the leases in etcd are not those that were read') {
    super('refused', message);
    this.name = 'OtherGenerationError';
  }
}

function refused(cause: string, remedy: string): Extract<Judgement, { kind: 'refused' }> {
  return { kind: 'refused', cause, remedy };
}

export function encodeGeneration({ suspendedFor, ...rest }: Generation): Uint8Array {
  const stored: StoredGeneration = suspendedFor === undefined ? rest : { ...rest, doubt: suspendedFor };
  return Buffer.from(JSON.stringify(stored), 'utf8');
}

/** @returns undefined for a key that is missing, and for a value that no version of the gateway has written. */
export function decodeGeneration(found: KeyValue | undefined): KnownGeneration | undefined {
  if (found === undefined) return undefined;
  try {
    const { doubt, ...rest } = JSON.parse(Buffer.from(found.value).toString('utf8')) as StoredGeneration;
    if (typeof rest.id !== 'string' || !Array.isArray(rest.replaces)) return undefined;
    const generation = { ...rest, revision: found.modRevision };
    return doubt === undefined ? generation : { ...generation, suspendedFor: doubt };
  } catch {
    return undefined;
  }
}
