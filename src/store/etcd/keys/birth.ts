import type { MirrorStanding } from '../../mirror.ts';
import { EtcdError, type KeyValue, type Revision } from '../client/etcd.ts';

/** What stands under a segment's birth key: by it gateways know that these are the leases that they know. */
export interface Birth {
  readonly id: string;
  /** When and by which node it was made: milliseconds since 1970, UTC. */
  readonly at: number;
  readonly by: string;
  /** The lives that were merged into this one. */
  readonly replaces: readonly string[];
  /** Why nothing may be granted: a gateway has found that records are missing, and tells all others by it. */
  readonly doubt?: string;
}

export interface KnownBirth extends Birth {
  /** Of the key's last write. */
  readonly revision: Revision;
}

/**
 * ours: it goes on. joins: the file has leases of its own that have to go up first. merges: the shared leases were
 * seeded anew, and what this mirror has of the life before goes up first. refused: nothing may be granted; `isLoss`:
 * not by the others either, though they may not know it.
 */
export type Judgement =
  | { readonly kind: 'ours' | 'joins' | 'merges' }
  | { readonly kind: 'refused'; readonly cause: string; readonly remedy: string; readonly isLoss?: true };

/** What begins a segment. */
export const INIT = 'run `vps-gateway cluster init` once, on one node';

/** What mends a lease file that mirrors another segment. */
export const OTHER_FILE = 'mend GATEWAY_SEGMENT, or set another GATEWAY_DHCP_LEASES_DIR';

/** What mends a loss. */
export const SEED =
  'run `vps-gateway cluster seed` once, while the gateways run: it merges what they have kept';

/** Whether etcd holds the leases that this node knows, or has lost them, or holds others. */
export function judge(
  birth: KnownBirth | undefined,
  revision: Revision,
  segment: string,
  mirror: MirrorStanding | undefined,
): Judgement {
  if (mirror !== undefined && mirror.segment !== segment)
    return refused(`the lease file is of segment ${mirror.segment}, not ${segment}`, OTHER_FILE);
  if (birth === undefined) {
    if (mirror === undefined) return refused(`etcd knows no segment ${segment}`, INIT);
    return refused(`etcd has lost the leases of segment ${segment}`, SEED);
  }
  if (birth.doubt !== undefined) return refused(birth.doubt, SEED);
  if (mirror === undefined) return { kind: 'joins' };
  if (birth.id === mirror.birth) {
    if (revision >= mirror.revision) return { kind: 'ours' };
    const cause = `etcd was put back: it is at revision ${revision}, and this node has seen ${mirror.revision}`;
    return { ...refused(cause, SEED), isLoss: true };
  }
  if (birth.replaces.includes(mirror.birth)) return { kind: 'merges' };
  const cause = `etcd holds other leases of segment ${segment} (born ${birth.id}) than the lease file (${mirror.birth})`;
  return refused(
    cause,
    `see that GATEWAY_ETCD_ENDPOINTS are the right ones. If all nodes say so, ${SEED}; if only this one does, its file is of an older life: \`vps-gateway cluster leave\` and a new start bring its leases up`,
  );
}

/** etcd does not hold the leases that this gateway knows: all must be read and judged anew. */
export class OtherLifeError extends EtcdError {
  constructor(message = 'the leases in etcd are not those that were read') {
    super('refused', message);
    this.name = 'OtherLifeError';
  }
}

function refused(cause: string, remedy: string): Extract<Judgement, { kind: 'refused' }> {
  return { kind: 'refused', cause, remedy };
}

export function encodeBirth(birth: Birth): Uint8Array {
  return Buffer.from(JSON.stringify(birth), 'utf8');
}

/** Undefined for what no version of us has written. */
export function decodeBirth(found: KeyValue | undefined): KnownBirth | undefined {
  if (found === undefined) return undefined;
  try {
    const birth = JSON.parse(Buffer.from(found.value).toString('utf8')) as Birth;
    if (typeof birth.id !== 'string' || !Array.isArray(birth.replaces)) return undefined;
    return { ...birth, revision: found.modRevision };
  } catch {
    return undefined;
  }
}
