import { type Alarm, type Etcd, EtcdError, type MemberStatus } from '../client/etcd.ts';

/** How full etcd's members are, and what they have raised the alarm for. */
export interface Space {
  readonly members: readonly MemberStatus[];
  readonly alarms: readonly Alarm[];
}

/** A file that has grown to so many percent of its quota is said; and again when it has come to the next number. */
const STEPS = [100, 95, 90, 80] as const;

/** For each member; what is in etcd stays as it is, but for its past. The revision is asked for, as it moves. */
export const MAKE_ROOM =
  '`etcdctl compact $(etcdctl endpoint status -w json | grep -o \'"revision":[0-9]*\' | grep -om1 "[0-9]*$")`, then ' +
  '`etcdctl --command-timeout 60s defrag`';

/** None where this user may not ask for them: he sees the sizes still. Rejects with an EtcdError. */
export async function alarmsOf(etcd: Etcd): Promise<readonly Alarm[]> {
  try {
    return await etcd.alarms();
  } catch (error) {
    if (error instanceof EtcdError && error.fault === 'refused') return [];
    throw error;
  }
}

/** @param quota Bytes, for members that do not say theirs. Returns a sentence for each thing that is wrong, with its remedy. */
export function spaceProblems({ members, alarms }: Space, quota: number): readonly string[] {
  const problems: string[] = [];
  const full = alarms.filter(({ kind }) => kind === 'no-space').map((alarm) => whereOf(alarm, members));
  const corrupt = alarms.filter(({ kind }) => kind === 'corrupt').map((alarm) => whereOf(alarm, members));
  if (full.length > 0)
    problems.push(
      `etcd is full (alarm NOSPACE of ${full.join(', ')}), and may take no more leases: ${MAKE_ROOM}, then \`etcdctl alarm disarm\``,
    );
  if (corrupt.length > 0)
    problems.push(
      `etcd says that data is damaged (alarm CORRUPT of ${corrupt.join(', ')}): replace that member by a new one`,
    );
  const step = STEPS.find((percent) => members.some((member) => percentOf(member, quota) >= percent));
  if (step === undefined || full.length > 0) return problems;
  const where = members
    .filter((member) => percentOf(member, quota) >= step)
    .map((member) => `${member.endpoint} (quota ${bytesToText(quotaOf(member, quota))})`);
  problems.push(
    `etcd's database has come to ${step} % of its quota on ${where.join(', ')}; when it is full, no lease is stored: ${MAKE_ROOM}; or raise --quota-backend-bytes`,
  );
  return problems;
}

/** Of the quota, the part that is in use, 0 to 1, where it is largest: pages of what was compacted are used again. */
export function fullness({ members }: Space, quota: number): number {
  return Math.max(0, ...members.map((member) => member.usedBytes / quotaOf(member, quota)));
}

/** The quota is of the file, whose free pages count too. */
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
  const place = UNITS.findIndex((_, index) => bytes >= 1024 ** (3 - index));
  const unit = UNITS[place];
  if (unit === undefined) return `${bytes} bytes`;
  return `${Number((bytes / 1024 ** (3 - place)).toFixed(1))} ${unit}`;
}
