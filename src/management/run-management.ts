import { systemClock } from '../lease/system-clock.ts';
import type { Say } from '../log/say.ts';
import { FOR_API } from '../store/etcd/client/certificate-files.ts';
import { Certificates } from '../store/etcd/client/certificates.ts';
import type { FromGateway, Port, ToGateway } from './gateway/gateway-calls.ts';
import type { ManagementOptions } from './gateway/options.ts';
import { apiCertificateProblem, OwnProblems } from './gateway/own-problems.ts';
import { RemoteGateway } from './gateway/remote-gateway.ts';
import { RunQueue } from './hooks/one-at-a-time.ts';
import { createApp } from './http/app.ts';
import type { Caller } from './http/caller.ts';
import { httpServer, httpsServer } from './listen/http-server.ts';
import { TcpListener } from './listen/tcp-listener.ts';
import { UnixListener } from './listen/unix-listener.ts';
import { CallCounts } from './metrics/call-counts.ts';
import { openSegment } from './open-segment.ts';
import { readPageFiles } from './page/page-files.ts';
import { servePage } from './page/serve-page.ts';
import { Platform } from './platform/platform.ts';
import { openRoutes } from './routes/open-routes.ts';
import { operationsOfAll } from './routes/several-segments.ts';

/**
 * Runs in the management thread until the gateway's thread says that it is to end. `end` is called then.
 *
 * @throws Error if a segment has no gateway: a mistake of this program.
 */
export async function runManagement(
  options: ManagementOptions,
  port: Port<ToGateway, FromGateway>,
  end: () => void,
): Promise<void> {
  const say: Say = (level, fields, message) => port.post({ kind: 'say', level, fields, message });
  let secure: () => void = () => {};
  const certificates =
    options.tls === undefined
      ? undefined
      : new Certificates(options.tls, systemClock, say, FOR_API, () => secure());
  const platformCalls = options.platform === undefined ? undefined : new CallCounts();
  const isOneOfSeveral = options.segments.length > 1;
  const shared = { say, platformCalls, runs: new RunQueue(), isOneOfSeveral };
  const gateways = options.segments.map((_, segment) => new RemoteGateway(port, segment));
  const segments = options.segments.map((own, index) => {
    const gateway = gateways[index];
    if (gateway === undefined) throw new Error('each segment has its gateway');
    return openSegment({ ...options, ...own }, gateway, certificates, { ...shared, index });
  });
  const closing: (() => void)[] = [() => certificates?.close(), ...segments.map(({ close }) => close)];
  port.hear((message) => {
    if (message.kind === 'close') {
      for (const close of closing) close();
      end();
    } else if (message.kind === 'subnets')
      for (const [index, subnet] of message.subnets.entries()) segments[index]?.subnetChanged(subnet);
    else gateways[message.segment]?.settle(message);
  });
  const parts = segments.map((each) => each.parts);
  const [first] = parts;
  const { platform: at } = options;
  const platform = at && platformCalls && first && new Platform({ ...first, say }, at, platformCalls);
  platform?.open();
  closing.push(() => platform?.close());
  const app = createApp({
    access: options,
    operations: operationsOfAll(parts),
    open: openRoutes(parts),
    addPage: (to) => servePage(to, readPageFiles),
    say,
  });
  const problems = new OwnProblems(port, () => [
    ...(certificates?.problems ?? []).map(apiCertificateProblem),
    ...segments.flatMap((each) => each.problems),
    ...(platform?.problems ?? []),
  ]);
  problems.begin();
  closing.push(() => problems.end());
  const fetch = (request: Request, caller: Caller) => app.fetch(request, caller);
  const unix = new UnixListener(
    () => httpServer('unix', fetch),
    options.sockets,
    say,
    async () => (await Promise.all(gateways.map((gateway) => gateway.isStoring()))).includes(true),
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
  if (options.hasSocket) await unix.open();
}
