import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { ManagementOptions } from '../gateway/options.ts';
import { type ListenFailure, TcpListener } from '../listen/tcp-listener.ts';
import type { CallCounts } from '../metrics/call-counts.ts';
import { metricsText } from '../routes/open-routes.ts';
import type { RouteParts } from '../routes/route-parts.ts';
import { PlatformAdmission } from './admission.ts';
import { CardLearner } from './card-learner.ts';
import { ConnectServer } from './connect-server.ts';
import { Http2Door } from './http2-door.ts';
import type { PlatformParts } from './platform-parts.ts';
import { RegisteredStreams } from './registered-streams.ts';
import { Synchronizer } from './synchronizer.ts';
import { Turns } from './turns.ts';
import { unaryCalls } from './unary-calls.ts';

/** The platform's own protocol, as far as it is about DHCP: its port, its calls, and what is learnt from it. */
export class Platform {
  readonly #listener: TcpListener;
  readonly #learner: CardLearner;
  readonly #where: string;
  #failure: ListenFailure | undefined;

  constructor(
    parts: PlatformParts & RouteParts,
    { port, listen }: NonNullable<ManagementOptions['platform']>,
    counts: CallCounts,
  ) {
    const { options, subnet, now, say } = parts;
    this.#where = `${listen} port ${port}`;
    const turns = new Turns();
    const streams = new RegisteredStreams();
    this.#learner = new CardLearner(parts, streams, turns);
    const server = new ConnectServer({
      admission: new PlatformAdmission(options.secrets, say),
      calls: unaryCalls(parts, new Synchronizer(parts, streams, this.#learner, turns), turns),
      counts,
      say,
      registration: {
        own: () => {
          const { pool_start, pool_end, mask, router } = subnet();
          return {
            ...{ gatewayId: options.node, version: options.version, gatewayIp: listen },
            ...{ dhcpPoolStart: pool_start, dhcpPoolEnd: pool_end, subnetMask: mask, gatewayIpDhcp: router },
          };
        },
        metrics: () => metricsText([parts]),
        ...{ streams, say, now },
      },
    });
    const door = new Http2Door((stream, headers) => server.take(stream, headers));
    this.#listener = new TcpListener({
      ...{ server: door.server, address: listen, port, say, what: "the platform's protocol is" },
      closeAll: () => door.closeAll(),
      variables: { port: 'GATEWAY_GRPC_PORT', address: 'GATEWAY_GRPC_LISTEN' },
      changed: (failure) => (this.#failure = failure),
    });
  }

  /** What is wrong with it now; guests are served all the same. */
  get problems(): readonly RunningProblem[] {
    if (this.#failure === undefined) return [];
    const { cause, remedy } = this.#failure;
    const message = `the platform's protocol is not served on ${this.#where}: ${cause}`;
    return [{ name: 'platform', message, remedy, stopsNewGuests: false }];
  }

  open(): void {
    this.#listener.open();
    this.#learner.begin();
  }

  close(): void {
    this.#learner.end();
    this.#listener.close();
  }
}
