import { type Alarm, type Etcd, EtcdError, type MemberStatus } from '../client/etcd.ts';
import type { SharingProblem } from './sharing-problem.ts';

/** How full etcd's members are, and which alarms they have raised. */
export interface Space {
  readonly members: readonly MemberStatus[];
  readonly alarms: readonly Alarm[];
}

/** A database file is reported at each of these parts of its quota: percent. */
const STEPS = [100, 95, 90, 80] as const;

/** Commands for each member: they drop old revisions and keep all that etcd holds now. They ask for the newest revision. */
export const MAKE_ROOM =
  '`etcdctl compact $(etcdctl endpoint status -w json | grep -o \'"revision":[0-9]*\' | grep -om1 "[0-9]*$")`, then ' +
  '`etcdctl --command-timeout 60s defrag`';

/**
 * The alarms that etcd's members have raised; none where etcd does not let this user ask for them.
 * @throws EtcdError where etcd does not answer.
 */
export async function alarmsOf(etcd: Etcd): Promise<readonly Alarm[]> {
  try {
    return await etcd.alarms();
  } catch (error) {
    if (error instanceof EtcdError && error.fault === 'refused') return [];
    throw error;
  }
}

/** @param quota Bytes, for members that do not tell their own. */
export function spaceProblems({ members, alarms }: Space, quota: number): readonly SharingProblem[] {
  const problems: SharingProblem[] = [];
  const full = alarms.filter(({ kind }) => kind === 'no-space').map((alarm) => whereOf(alarm, members));
  const corrupt = alarms.filter(({ kind }) => kind === 'corrupt').map((alarm) => whereOf(alarm, members));
  if (full.length > 0)
    problems.push({
      message: `etcd is full (alarm NOSPACE of ${full.join(', ')}), and may take no more leases`,
      remedy: `${MAKE_ROOM}, then \`etcdctl alarm disarm\``,
    });
  if (corrupt.length > 0)
    problems.push({
      message: `etcd says that data is damaged (alarm CORRUPT of ${corrupt.join(', ')})`,
      remedy: 'replace that member by a new one',
    });
  const step = STEPS.find((percent) => members.some((member) => percentOf(member, quota) >= percent));
  if (step === undefined || full.length > 0) return problems;
  const where = members
    .filter((member) => percentOf(member, quota) >= step)
    .map((member) => `${member.endpoint} (quota ${bytesToText(quotaOf(member, quota))})`);
  problems.push({
    message: `etcd's database has come to ${step} % of its quota on ${where.join(', ')}; when it is full, no lease is stored`,
    remedy: `${MAKE_ROOM}; or raise --quota-backend-bytes`,
  });
  return problems;
}

/** The largest part of a member's quota that is in use, 0 to 1. Free pages do not count: etcd uses them again. */
export function fullness({ members }: Space, quota: number): number {
  return Math.max(0, ...members.map((member) => member.usedBytes / quotaOf(member, quota)));
}

/** The quota limits the file, so its free pages count. */
function percentOf(member: MemberStatus, quota: number): number {
  return (100 * member.databaseBytes) / quotaOf(member, quota);
}

function quotaOf({ quotaBytes }: MemberStatus, quota: number): number {
  return quotaBytes === 0 ? quota : quotaBytes;
}

function whereOf({ memberId }: Alarm, members: readonly MemberStatus[]): string {
  return members.find((member) => member.memberId === memberId)?.endpoint ?? `member ${memberId}`;
}

const UNITS = ['GiB', 'MiB', 'KiB'] as const;

export function bytesToText(bytes: number): string {
  const index = UNITS.findIndex((_, power) => bytes >= 1024 ** (3 - power));
  const unit = UNITS[index];
  if (unit === undefined) return `${bytes} bytes`;
  return `${Number((bytes / 1024 ** (3 - index)).toFixed(1))} ${unit}`;
}
