import type { ClusterReport, MemberLine } from '../sharing/cluster-report.ts';
import type { Heartbeat } from '../store/etcd/keys/heartbeat.ts';
import { bytesToText } from '../store/etcd/membership/space.ts';
import { type Output, writeDetails, writeSentences, writeTable } from './output/output.ts';

export function writeClusterReport(output: Output, report: ClusterReport): void {
  const { segment, birth, revision, members, gateways, leases, compaction, problems, warnings } = report;
  const counts = Object.entries(leases).map(([state, count]) => `${count} ${state}`);
  writeDetails(output, [
    ['segment', segment],
    ['generation', birth],
    ['revision', revision],
    ['leases', counts.join(', ') || undefined],
    ['compaction', compaction],
    ['mirror here', mirrorText(report)],
  ]);
  output.write('\n');
  writeTable(
    output,
    [
      { heading: 'ETCD', cell: ({ endpoint }) => endpoint, wraps: true, least: 20 },
      {
        heading: 'ROLE',
        cell: ({ isLeader, error }) => (error === undefined ? (isLeader ? 'leader' : 'follower') : 'away'),
      },
      { heading: 'VERSION', cell: ({ version }) => version },
      { heading: 'REVISION', cell: (member) => member.revision },
      {
        heading: 'DATABASE',
        cell: ({ database }) => database && databaseText(database),
        wraps: true,
        least: 16,
      },
    ],
    members,
  );
  output.write('\n');
  if (gateways === undefined)
    output.write('which gateways are alive is not known: no majority of etcd answers\n');
  else if (gateways.length === 0) output.write('no gateway is alive\n');
  else {
    writeTable(
      output,
      [
        { heading: 'GATEWAY', cell: ({ node }) => node, least: 8 },
        { heading: 'LISTEN IP', cell: ({ listenIp }) => listenIp },
        { heading: 'GRANTS', cell: ({ isRefused }) => (isRefused ? 'no' : 'yes') },
        { heading: 'MIRROR AT', cell: (gateway) => gateway.revision },
        { heading: 'POOL', cell: ({ agreed }) => poolText(agreed), wraps: true, least: 16 },
      ],
      gateways,
    );
  }
  for (const warning of warnings) writeSentences(output, ['', `warning: ${warning}`]);
  for (const problem of problems) writeSentences(output, ['', `problem: ${problem}`]);
}

function databaseText({ bytes, quotaBytes }: NonNullable<MemberLine['database']>): string {
  return `${bytesToText(bytes)} of ${bytesToText(quotaBytes)}`;
}

function mirrorText({ mirror, mirrorFault }: ClusterReport): string {
  if (mirror === undefined) return mirrorFault === undefined ? 'none' : 'not known';
  const { revision, age_seconds: age, quorum } = mirror;
  return `revision ${revision}, seen ${age} s ago, quorum ${quorum}`;
}

function poolText(agreed: Heartbeat['agreed']): string {
  return `${agreed['GATEWAY_DHCP_POOL_START'] ?? '?'}-${agreed['GATEWAY_DHCP_POOL_END'] ?? '?'}`;
}
