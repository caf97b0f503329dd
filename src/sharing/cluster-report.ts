import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import { ipv4FromText } from '../net/ipv4.ts';
import {
  type Alarm,
  type Etcd,
  EtcdError,
  endOfPrefix,
  type MemberStatus,
} from '../store/etcd/client/etcd.ts';
import { decodeEntry } from '../store/etcd/keys/entry.ts';
import { INIT, OTHER_FILE, SEED } from '../store/etcd/keys/generation.ts';
import { type Heartbeat, heartbeatsIn } from '../store/etcd/keys/heartbeat.ts';
import { Keys } from '../store/etcd/keys/keys.ts';
import { type KnownSegment, otherSegments, segmentsToText } from '../store/etcd/keys/segments.ts';
import { readSnapshot, type Snapshot } from '../store/etcd/keys/snapshot.ts';
import { differenceProblem, differencesIn } from '../store/etcd/membership/contradiction.ts';
import { whyNotCompact } from '../store/etcd/membership/etcd-maintenance.ts';
import { sharingProblemToText } from '../store/etcd/membership/sharing-problem.ts';
import { alarmsOf, spaceProblems } from '../store/etcd/membership/space.ts';
import { type MirrorState, openLeaseReader } from '../store/sqlite/lease-reader.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import { connectEtcd } from './etcd-connection.ts';
import type { SharedSettings } from './shared-settings.ts';

/** Reads of which the quickest tells how long etcd takes. */
const TIMED = 3;

/** The state of one member of etcd. */
export interface MemberLine {
  readonly endpoint: string;
  readonly isLeader: boolean;
  readonly version: string | undefined;
  readonly revision: number | undefined;
  /** The size of its database file, the part in use, and the largest size: bytes. */
  readonly database:
    | { readonly bytes: number; readonly usedBytes: number; readonly quotaBytes: number }
    | undefined;
  /** Why it did not answer. */
  readonly error: string | undefined;
}

export interface ClusterReport {
  readonly segment: string;
  /** The generation's id, under its JSON name; undefined: not known. */
  readonly birth: string | undefined;
  readonly revision: number | undefined;
  readonly members: readonly MemberLine[];
  /** The gateways that are alive; undefined: no majority of etcd answers. */
  readonly gateways: readonly Heartbeat[] | undefined;
  /**
   * How long a majority of etcd takes to answer one question, without what the asking process needs at its start; undefined:
   * none answers.
   */
  readonly majoritySeconds: number | undefined;
  /** Records in etcd, by state; offers apart. */
  readonly leases: Readonly<Record<string, number>>;
  /** Which gateway compacts etcd, or why none does; undefined: no majority of etcd answers. */
  readonly compaction: string | undefined;
  /** This node's mirror; undefined: none, or it cannot be looked at. */
  readonly mirror: MirrorState | undefined;
  /** Why it cannot be looked at; undefined: it can. */
  readonly mirrorFault: string | undefined;
  readonly problems: readonly string[];
  /** Settings that differ between the gateways, as they may while the gateways are changed one by one. */
  readonly warnings: readonly string[];
}

/**
 * Asks every member, reads the segment, and looks at this node's lease file.
 *
 * @throws GatewayError for certificates that cannot be used.
 */
export async function readClusterReport(shared: SharedSettings): Promise<ClusterReport> {
  const { segment, settings } = shared;
  const keys = new Keys(segment);
  const asked = await Promise.all(settings.etcdEndpoints.map((endpoint) => askMember(shared, endpoint)));
  const members = asked.map(({ line }) => line);
  const problems = members.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const read = await readShared(shared, keys).catch((error: unknown) => {
    if (!(error instanceof EtcdError)) throw error;
    problems.push(`no majority of etcd answers, so nothing new is granted: ${error.message}`);
    return undefined;
  });
  const snapshot = read?.snapshot;
  const gateways = snapshot === undefined ? undefined : heartbeatsIn(keys, snapshot.found);
  const mirrorFault = await silenceOf(settings.leasesDir);
  const mirror = mirrorFault === undefined ? mirrorStateOf(settings.leasesDir) : undefined;
  if (mirrorFault !== undefined) problems.push(mirrorFault);
  if (read !== undefined) {
    const isKnown = mirrorFault === undefined;
    problems.push(...generationProblems(segment, read, gateways ?? [], isKnown ? mirror : 'unknown'));
    problems.push(...foreignProblems(keys, read.snapshot));
  }
  const space = {
    members: asked.flatMap(({ status }) => (status === undefined ? [] : [status])),
    alarms: read?.alarms ?? [],
  };
  problems.push(...spaceProblems(space, settings.etcdQuota).map(sharingProblemToText));
  return {
    segment,
    birth: snapshot?.generation?.id,
    revision: snapshot?.revision,
    members,
    gateways,
    majoritySeconds: read?.majoritySeconds,
    leases: snapshot === undefined ? {} : countLeases(keys, snapshot),
    compaction: gateways === undefined ? undefined : compactionText(gateways, read?.hindrance),
    mirror,
    mirrorFault,
    problems,
    warnings: [...differencesIn(gateways ?? [])].map(([name, byValue]) =>
      sharingProblemToText(differenceProblem(name, byValue)),
    ),
  };
}

/** Why the disk of a leases directory would hold whoever reads there. */
async function silenceOf(directory: string): Promise<string | undefined> {
  try {
    await refuseSilentDisk(directory);
    return undefined;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.message;
  }
}

/**
 * The state of this node's lease file as a mirror; undefined: there is no file, or it mirrors nothing.
 *
 * @throws GatewayError if the file cannot be read.
 */
export function mirrorStateOf(directory: string): MirrorState | undefined {
  try {
    const reader = openLeaseReader(directory);
    try {
      return reader.mirrorState();
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'store-unusable') return undefined;
    throw error;
  }
}

function generationProblems(
  segment: string,
  { snapshot: { generation }, others }: SharedState,
  gateways: readonly Heartbeat[],
  mirror: MirrorState | undefined | 'unknown',
): readonly string[] {
  if (mirror !== undefined && mirror !== 'unknown' && mirror.segment !== segment)
    return [
      `the lease file here is of segment ${mirror.segment}, not ${segment}, so this node grants nothing: ${OTHER_FILE}`,
    ];
  if (generation === undefined) {
    const wasBefore = mirror !== undefined || gateways.some((gateway) => gateway.birth !== '');
    const unknown = `etcd knows no segment ${segment}`;
    if (mirror === 'unknown')
      return [`${unknown}, so nothing is granted: what to do is known when the lease file here can be read`];
    if (wasBefore || others.length === 0) {
      const remedy = `run \`vps-gateway cluster ${wasBefore ? 'seed' : 'init'}\` once`;
      return [`${unknown}, so nothing is granted: ${remedy}`];
    }
    const remedy = `mend GATEWAY_SEGMENT; or, if it is a new one, ${INIT}`;
    return [`${unknown}, but ${segmentsToText(others)}, so nothing is granted: ${remedy}`];
  }
  if (generation.suspendedFor !== undefined)
    return [`${generation.suspendedFor}, so nothing is granted: ${SEED}`];
  const refusing = gateways.filter(({ isRefused }) => isRefused).map(({ node }) => node);
  return refusing.length === 0 ? [] : [`${refusing.join(', ')} grants nothing: its log says why`];
}

async function askMember(
  shared: SharedSettings,
  endpoint: SharedSettings['settings']['etcdEndpoints'][number],
): Promise<{ readonly line: MemberLine; readonly status: MemberStatus | undefined }> {
  const etcd = await connectEtcd({ ...shared, settings: { ...shared.settings, etcdEndpoints: [endpoint] } });
  const { target } = endpoint;
  try {
    const status = await etcd.status().catch(() => etcd.status()); // It may have been busy for a moment.
    const { leader, memberId, version, revision, databaseBytes, usedBytes, quotaBytes } = status;
    const quota = quotaBytes === 0 ? shared.settings.etcdQuota : quotaBytes;
    const database = { bytes: databaseBytes, usedBytes, quotaBytes: quota };
    const isLeader = leader === memberId;
    return { line: { endpoint: target, isLeader, version, revision, database, error: undefined }, status };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const nothing = { version: undefined, revision: undefined, database: undefined };
    return { line: { endpoint: target, isLeader: false, ...nothing, error: said }, status: undefined };
  } finally {
    etcd.close();
  }
}

interface SharedState {
  readonly snapshot: Snapshot;
  /** Other segments, where etcd does not know this one. */
  readonly others: readonly KnownSegment[];
  readonly alarms: readonly Alarm[];
  /** Why GATEWAY_ETCD_COMPACT does not let the gateways compact; undefined: it does. */
  readonly hindrance: string | undefined;
  readonly majoritySeconds: number;
}

/** Reads the segment. A call goes to one member, and after a failure to the next. @throws EtcdError where all fail. */
async function readShared(shared: SharedSettings, keys: Keys): Promise<SharedState> {
  const etcd = await connectEtcd(shared);
  try {
    for (let left = shared.settings.etcdEndpoints.length; ; left -= 1) {
      try {
        const snapshot = await readSnapshot(etcd, keys);
        const others = snapshot.generation === undefined ? await otherSegments(etcd, shared.segment) : [];
        const alarms = await alarmsOf(etcd);
        const { etcdCompact } = shared.settings;
        const hindrance = etcdCompact === 'auto' ? await whyNotCompact(etcd) : undefined;
        const majoritySeconds = await timeOfMajority(etcd, keys);
        return { snapshot, others, alarms, hindrance, majoritySeconds };
      } catch (error) {
        if (left <= 1) throw error;
      }
    }
  } finally {
    etcd.close();
  }
}

/** The quickest of some reads, which a majority confirms: seconds. */
async function timeOfMajority(etcd: Etcd, keys: Keys): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let count = 0; count < TIMED; count += 1) {
    const begin = systemClock.monotonic();
    await etcd.range(keys.gateways, endOfPrefix(keys.gateways));
    quickest = Math.min(quickest, systemClock.monotonic() - begin);
  }
  return quickest / 1000;
}

function compactionText(gateways: readonly Heartbeat[], hindrance: string | undefined): string {
  if (hindrance !== undefined) return `not by the gateways: ${hindrance}`;
  const [first] = gateways
    .filter(({ compacts, isRefused }) => compacts === true && !isRefused)
    .sort((one, other) => (ipv4FromText(one.listenIp) ?? 0) - (ipv4FromText(other.listenIp) ?? 0));
  return first === undefined ? 'by no gateway' : `by ${first.node}`;
}

function countLeases(keys: Keys, { found }: Snapshot): Readonly<Record<string, number>> {
  const now = systemClock.now();
  const counts: Record<string, number> = {};
  for (const entry of found.values()) {
    if (keys.addressOf(entry.key) === undefined) continue;
    const { record, offer } = decodeEntry(entry) ?? {};
    const isOver = record?.state === 'bound' && record.expiresAt <= now;
    for (const state of [
      isOver ? 'expired' : record?.state,
      offer && offer.expiresAt > now ? 'offered' : undefined,
    ])
      if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function foreignProblems(keys: Keys, { found }: Snapshot): readonly string[] {
  return [...found.values()]
    .filter((entry) => keys.addressOf(entry.key) !== undefined && decodeEntry(entry) === undefined)
    .map(
      ({ key }) =>
        `${key} holds no lease, so its address is given to nobody: the gateways' log says how to mend it`,
    );
}
