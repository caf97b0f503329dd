import type { Say } from '../log/say.ts';
import { CounterReader } from '../reporting/read-counters.ts';
import { SharedEventReader } from '../reporting/shared-events.ts';
import { systemClock } from '../server/system-clock.ts';
import { FOR_API } from '../store/etcd/client/certificate-files.ts';
import { Certificates } from '../store/etcd/client/certificates.ts';
import { EventLog } from './events/event-log.ts';
import { EventSource } from './events/event-source.ts';
import { SegmentNews, ToldReservations } from './events/segment-news.ts';
import type { FromGateway, Port, ToGateway } from './gateway-calls.ts';
import { hookChanges } from './hook-changes.ts';
import { Hooks } from './hooks/hooks.ts';
import { createApp } from './http/app.ts';
import type { Caller } from './http/caller.ts';
import { LeaseReading } from './lease-reading.ts';
import { httpServer, httpsServer } from './listen/http-server.ts';
import { TcpListener } from './listen/tcp-listener.ts';
import { UnixListener } from './listen/unix-listener.ts';
import { metricFigures } from './metrics/metric-figures.ts';
import type { ManagementOptions } from './options.ts';
import { certificateProblem, OwnProblems } from './own-problems.ts';
import { readPageFiles } from './page/page-files.ts';
import { servePage } from './page/serve-page.ts';
import { CallCounts } from './platform/call-counts.ts';
import { Platform } from './platform/platform.ts';
import { RemoteGateway } from './remote-gateway.ts';
import { openRoutes } from './routes/open-routes.ts';
import { allOperations } from './routes/operations.ts';
import type { RouteParts } from './routes/route-parts.ts';
import { SampleRing } from './samples/sample-ring.ts';
import { Sampler } from './samples/sampler.ts';
import { SharedWork } from './shared-work.ts';

/** How often the gateway's thread is asked at most: milliseconds. */
const INTERVAL = 100;

/** Runs in the management thread until the gateway's thread says that it is to end. `end` is called then. */
export async function runManagement(
  options: ManagementOptions,
  port: Port<ToGateway, FromGateway>,
  end: () => void,
): Promise<void> {
  const say: Say = (level, fields, message) => port.post({ kind: 'say', level, fields, message });
  const closing: (() => void)[] = [];
  let subnet = options.subnet;
  const gateway = new RemoteGateway(port, {
    close: () => {
      for (const close of closing) close();
      end();
    },
    subnetChanged: (next) => (subnet = next),
  });
  let secure: () => void = () => {};
  const certificates =
    options.tls === undefined
      ? undefined
      : new Certificates(options.tls, systemClock, say, FOR_API, () => secure());
  closing.push(() => certificates?.close());
  const platformCalls = new CallCounts();
  const parts: RouteParts = {
    options,
    platformCalls: options.platform === undefined ? undefined : platformCalls,
    certificates,
    subnet: () => subnet,
    gateway,
    counters: new CounterReader(new Float64Array(options.counters)),
    asked: new SharedWork(INTERVAL, async () => {
      const [status, figures] = await Promise.all([gateway.status(), gateway.figures()]);
      return { status, figures };
    }),
    figures: new SharedWork(INTERVAL, () => metricFigures(parts)),
    samples: new SampleRing(options.samples),
    leases: new LeaseReading(options.directory, gateway),
    events: new EventLog(String(Date.now())),
    hooks: () => hooks.figures,
    readEvents: () => source.read(),
    streams: new Set(),
    told: new ToldReservations(Date.now),
    now: Date.now,
  };
  const source: EventSource = new EventSource(parts.events, new SharedEventReader(options.events, 'oldest'), {
    status: async () => (await parts.asked.result()).status,
    isFollowed: () => parts.streams.size > 0,
    news: new SegmentNews({ leases: parts.leases, node: options.node, told: parts.told }),
    node: options.node,
  });
  const hooks: Hooks = new Hooks({
    ...{ options: options.hooks, reader: new SharedEventReader(options.events) },
    changesOf: (events) => hookChanges(parts.leases, events, parts.now()),
    ...{ segment: options.segment, node: options.node, directory: options.directory },
    ...{ version: options.version, say, now: parts.now },
  });
  const sampler = new Sampler({
    ring: parts.samples,
    counters: parts.counters,
    asked: () => parts.asked.result(),
    now: parts.now,
  });
  source.begin();
  sampler.begin();
  hooks.begin();
  const { platform: at } = options;
  const platform = at && new Platform({ ...parts, say }, at, platformCalls);
  platform?.open();
  const problems = new OwnProblems(port, () => [
    ...(certificates?.problems ?? []).map(certificateProblem),
    ...hooks.problems,
    ...(platform?.problems ?? []),
  ]);
  problems.begin();
  closing.push(
    () => problems.end(),
    () => platform?.close(),
    () => hooks.end(),
    () => sampler.end(),
    () => source.end(),
    () => parts.leases.close(),
  );
  const app = createApp({
    access: options,
    operations: allOperations(parts),
    open: openRoutes(parts),
    addPage: (to) => servePage(to, readPageFiles),
    say,
  });
  const fetch = (request: Request, caller: Caller) => app.fetch(request, caller);
  const unix = new UnixListener(
    () => httpServer('unix', fetch),
    options.directory,
    say,
    () => gateway.isStoring(),
  );
  closing.push(() => unix.close());
  if (options.port !== 'off') {
    const server = certificates === undefined ? httpServer('tcp', fetch) : httpsServer(fetch);
    if (certificates !== undefined && 'setSecureContext' in server) {
      secure = () => server.setSecureContext(certificates.current);
      await certificates.look();
      certificates.watch();
    }
    const tcp = new TcpListener({
      ...{ server, address: options.listen, port: options.port, say, what: 'metrics and API are' },
      closeAll: () => server.closeAllConnections(),
      variables: { port: 'GATEWAY_METRICS_PORT', address: 'GATEWAY_API_LISTEN' },
    });
    closing.push(() => tcp.close());
    tcp.open();
  }
  await unix.open();
}
