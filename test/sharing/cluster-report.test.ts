import { expect, test } from 'vitest';
import { writeClusterReport } from '../../src/cli/cluster-report.ts';
import type { ClusterReport } from '../../src/sharing/cluster-report.ts';

function reportOf(names: readonly string[]): ClusterReport {
  return {
    segment: 'vps',
    birth: 'a'.repeat(32),
    revision: 1234567,
    members: names.map((name) => ({
      endpoint: `${name}:2379`,
      isLeader: false,
      version: '3.5.17',
      revision: 1234567,
      error: undefined,
      database: { bytes: 123_456_789, usedBytes: 98_765_432, quotaBytes: 2_147_483_648 },
    })),
    gateways: names.map((node, index) => ({
      node,
      listenIp: `10.15.3.1${index}`,
      isRefused: false,
      revision: 1234567,
      agreed: { GATEWAY_DHCP_POOL_START: '10.15.3.20', GATEWAY_DHCP_POOL_END: '10.15.3.254' },
    })),
    leases: { bound: 235, free: 12, expired: 3, declined: 1, peer: 2, offered: 7 },
    compaction: 'off: etcd holds keys of others beside those of this segment',
    mirror: undefined,
    mirrorFault: undefined,
    warnings: ['the pool of one node is another one than that of the others, which is no harm by itself'],
    problems: [
      'no majority of etcd answers, so nothing new is granted: it is not known why that should be so',
    ],
  } as unknown as ClusterReport;
}

test('what `cluster status` says fits a terminal of 80 columns, however long the names are', () => {
  const names = [1, 2, 3].map(
    (number) => `a-rather-long-name-of-node-${number}.in-a-long-domain.example.net`,
  );
  const written: string[] = [];
  const output = { hasColour: false, columns: 80, write: (text: string) => void written.push(text) };

  writeClusterReport(output, reportOf(names));
  const lines = written.join('').split('\n');

  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => /follower +3\.5\.17 +1234567 /.test(line))).toHaveLength(3);
  expect(lines.filter((line) => /^a-rather.* 10\.15\.3\.1\d +yes +1234567 /.test(line))).toHaveLength(3);
});
