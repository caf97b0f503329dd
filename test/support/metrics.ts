import { exposition } from '../../src/management/metrics/exposition.ts';
import { families, type MetricsInput } from '../../src/management/metrics/families.ts';
import { Counters } from '../../src/reporting/counters.ts';
import { CounterReader } from '../../src/reporting/read-counters.ts';
import { ServerNode } from './server-node.ts';

/** All metrics of a gateway that shares its leases, with whatever a test has said. */
export async function metricsText(more: Partial<MetricsInput> = {}): Promise<string> {
  const node = new ServerNode();
  await node.server.start();
  const { status, figures, gauges } = node.server;
  const sharing = {
    clockOffsets: { 'node-2': -1500 },
    gateways: { 'node-1': '10.15.3.10', 'node-2': '10.15.3.11' },
    etcdMembers: [
      {
        endpoint: '10.15.3.10:2379',
        answer: {
          ...{ role: 'leader' as const, version: '3.5.16', roundTrip: 1.5 },
          ...{ databaseBytes: 4096, quotaBytes: 8192 },
        },
      },
      { endpoint: '10.15.3.11:2379', answer: undefined },
    ],
    etcdAskedAt: 3000,
    certificates: [{ file: '/etc/etcd/ca.pem', endsAt: 10_000 }],
  };
  const input: MetricsInput = {
    counters: new CounterReader(new Float64Array(new Counters().memory)),
    asked: { status, figures },
    gauges: { ...gauges, arpQuestions: 3, quietAddresses: 2, journalFill: 0.25, sharing },
    own: { activeOf: {}, mirrorAge: 1, exhaustion: 3600, certificates: [], hooks: [] },
    version: '0',
    startedAt: 0,
    now: 4000,
    ...more,
  };
  return exposition([{ families: families(input), common: { segment: 's' } }]);
}
