import { bad, type DoctorLine, good, unknown, warning } from '../../diagnosis/doctor/doctor-line.ts';
import type { ClusterReport } from '../../sharing/cluster-report.ts';

/** An answer of etcd that takes longer is slow: milliseconds. */
const SLOW = 50;
const STATUS = 'vps-gateway cluster status';

/** etcd, as its members and the segment's keys show it. */
export function clusterLines(report: ClusterReport): readonly DoctorLine[] {
  const { warnings, majoritySeconds } = report;
  const silent = errorsOf(report);
  const problems = report.problems.filter((text) => !silent.includes(text));
  return [
    membersLine(report),
    ...(majoritySeconds === undefined ? [] : [latencyLine(majoritySeconds * 1000)]),
    ...databaseLines(report),
    ...problems.map((problem) => bad('cluster', problem, 'the gateways share their leases there', STATUS)),
    ...warnings.map((text) =>
      warning('cluster', text, 'all gateways of a segment should be set alike', STATUS),
    ),
  ];
}

/** Why members do not answer. */
function errorsOf({ members }: ClusterReport): readonly string[] {
  return members.flatMap(({ error }) => (error === undefined ? [] : [error]));
}

function membersLine(report: ClusterReport): DoctorLine {
  const { members, gateways, segment } = report;
  const silent = errorsOf(report);
  const counted = `${members.length - silent.length} of ${members.length} members of etcd answer`;
  if (gateways === undefined) {
    const why = 'no new guest gets an address, until a majority is back';
    return bad('etcd', `${counted}, and no majority decides`, why, STATUS);
  }
  if (silent.length === 0)
    return good('etcd', `${counted}; ${gateways.length} gateways share the segment ${segment}`);
  return warning(
    'etcd',
    `${counted}: ${silent.join('; ')}`,
    'one more that fails may stop the cluster',
    `${STATUS}; systemctl status etcd   # the latter where that member runs`,
  );
}

function latencyLine(milliseconds: number): DoctorLine {
  const message = `a majority of etcd answers within ${milliseconds.toFixed(1)} ms`;
  if (milliseconds <= SLOW) return good('etcd-latency', message);
  const why = 'each DHCPACK waits for a majority of etcd';
  return warning(
    'etcd-latency',
    message,
    why,
    'etcdctl check perf; iostat -x 1 5   # the latter where each member runs',
  );
}

function databaseLines({ members }: ClusterReport): readonly DoctorLine[] {
  const databases = members.flatMap(({ database }) => (database === undefined ? [] : [database]));
  const [first] = databases;
  if (first === undefined) return [unknown('etcd-space', 'no member says how full it is', STATUS)];
  const fullest = databases.reduce(
    (one, other) => (one.bytes / one.quotaBytes > other.bytes / other.quotaBytes ? one : other),
    first,
  );
  const percent = Math.round((fullest.bytes / fullest.quotaBytes) * 100);
  return [good('etcd-space', `the fullest member of etcd uses ${percent} % of its quota`)];
}

/** @param set The running gateway's settings of etcd, as they are put before a command. */
export function etcdOfOthers(set: string): DoctorLine {
  return unknown(
    'etcd',
    'the running gateway shares its leases in etcd, and the settings of this shell name none: they are others than those of the running gateway (vps-gateway settings)',
    `${set} vps-gateway doctor`,
  );
}
