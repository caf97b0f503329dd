import { expect, test } from 'vitest';
import { metricsText } from '../support/metrics.ts';
import { ServerNode } from '../support/server-node.ts';

/** The contract: docs/operating.md names them, and what reads them must not be changed with us. */
const PROMISED = [
  ...['dhcp_pool_size', 'dhcp_pool_available', 'dhcp_allocations_active', 'dhcp_allocations_total'],
  ...['dhcp_releases_total', 'dhcp_server_status', 'uptime_seconds'],
  ...['messages_total', 'replies_total', 'decisions_total', 'drops_total', 'refused_total'],
  ...['reply_seconds', 'commit_seconds', 'batch_size', 'arp_questions_total', 'quiet_addresses', 'leases'],
  ...['offers', 'reservations', 'pool_exhaustion_seconds', 'store_commits_total', 'journal_fill_ratio'],
  ...['event_loop_delay_seconds', 'peers', 'rogue_servers', 'quorum', 'mirror_age_seconds'],
  ...['clock_offset_seconds', 'etcd_size_bytes', 'etcd_quota_bytes', 'certificate_expiry_seconds'],
];
/** The labels beside `segment` that a metric has. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  messages_total: ['type'],
  replies_total: ['type'],
  decisions_total: ['reason'],
  drops_total: ['cause'],
  refused_total: ['guard', 'cause'],
  leases: ['state'],
  store_commits_total: ['outcome'],
  clock_offset_seconds: ['node'],
  certificate_expiry_seconds: ['file'],
  dhcp_allocations_active: ['organization_id'],
  dhcp_allocations_total: ['organization_id'],
  dhcp_releases_total: ['organization_id'],
};

test.each(PROMISED)('vps_gateway_%s is there, with what it is and its labels', async (name) => {
  const text = await metricsText();

  expect(text).toMatch(new RegExp(`^# HELP vps_gateway_${name} [A-Z01].{10,}$`, 'm'));
  expect(text).toMatch(new RegExp(`^# TYPE vps_gateway_${name} (counter|gauge|histogram)$`, 'm'));
  const sample = new RegExp(`^vps_gateway_${name}(?:_count)?\\{(.*)\\} \\S+$`, 'm').exec(text)?.[1];
  expect(sample).toMatch(/^segment="s"/);
  for (const label of LABELS[name] ?? []) expect(sample).toContain(`,${label}="`);
});

test('each metric has its unit in its name, and its value in that unit', async () => {
  const text = await metricsText();

  expect(text).toContain('vps_gateway_clock_offset_seconds{segment="s",node="node-2"} -1.5\n');
  expect(text).toContain('vps_gateway_etcd_size_bytes{segment="s",member="10.15.3.10:2379"} 4096\n');
  expect(text).toContain('vps_gateway_certificate_expiry_seconds{segment="s",file="/etc/etcd/ca.pem"} 6\n');
  expect(text).toContain('vps_gateway_journal_fill_ratio{segment="s"} 0.25\n');
});

test('what is not known is left out', async () => {
  const own = { activeOf: {}, mirrorAge: undefined, exhaustion: undefined, certificates: [], hooks: [] };

  const text = await metricsText({ gauges: undefined, asked: undefined, own });

  for (const name of [
    'arp_questions_total',
    'mirror_age_seconds',
    'pool_exhaustion_seconds',
    'etcd_size_bytes',
  ])
    expect(text).not.toContain(name);
  expect(text).toContain('vps_gateway_dhcp_server_status{segment="s"} 0\n');
});

test('a pool that does not shrink is never used up', async () => {
  const own = {
    activeOf: {},
    mirrorAge: 1,
    exhaustion: Number.POSITIVE_INFINITY,
    certificates: [],
    hooks: [],
  };

  expect(await metricsText({ own })).toContain('vps_gateway_pool_exhaustion_seconds{segment="s"} +Inf\n');
});

test('each problem is told with how much it matters, several of one name by the worst', async () => {
  const node = new ServerNode();
  await node.server.start();
  const { status, figures } = node.server;
  const said = { message: '', remedy: '', stopsNewGuests: false };
  const problems = [
    { ...said, name: 'peers', isNote: true },
    { ...said, name: 'cluster' },
    { ...said, name: 'hook', stopsNewGuests: true },
    { ...said, name: 'hook' },
  ] as const;

  const text = await metricsText({ asked: { status: { ...status, problems }, figures } });

  expect(text.split('\n').filter((line) => line.startsWith('vps_gateway_problems{'))).toEqual([
    'vps_gateway_problems{segment="s",problem="hook",level="problem"} 1',
    'vps_gateway_problems{segment="s",problem="cluster",level="warning"} 1',
    'vps_gateway_problems{segment="s",problem="peers",level="note"} 1',
  ]);
});
