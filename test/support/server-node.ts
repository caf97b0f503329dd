import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import { decide } from '../../src/engine/decide.ts';
import type { GatewayError } from '../../src/errors.ts';
import type { ListenAddressSearch } from '../../src/server/parts/listen-address-search.ts';
import type { ServerParts } from '../../src/server/parts/server-parts.ts';
import { Server } from '../../src/server/server.ts';
import type { SegmentPorts } from '../../src/transport/transport.ts';
import { FakeClock, settle } from './clock.ts';
import { replyToText } from './exchange-bench.ts';
import { LogLines } from './log-lines.ts';
import { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts';
import { at, planOf } from './plan.ts';
import { SimulatedSegment, SimulatedTransport } from './simulated-transport.ts';

export const THERE: Extract<ListenAddressSearch, { kind: 'found' }> = {
  kind: 'found',
  interfaceName: 'eth0',
  interfaceIndex: 2,
  listenIp: at('10.15.3.10'),
  prefixLength: 24,
  mtu: 1500,
  warning: undefined,
};

export type ServerNodeOptions = Partial<Omit<ServerParts, 'clock'>> & { readonly clock?: FakeClock } & {
  readonly stored?: Omit<MemoryStoreOptions, 'clock'>;
};

/** A server on a simulated node. */
export class ServerNode {
  readonly clock: FakeClock;
  readonly log = new LogLines();
  /** What the interfaces show now. */
  search: ListenAddressSearch = THERE;
  /** Thrown by the sockets while set. */
  rival: GatewayError | undefined;
  hasCarrier = true;
  lost = 0;
  failure: string | undefined;
  store: MemoryStore | undefined;
  /** Where guests are plugged in; undefined: that is not seen. */
  ports: SegmentPorts | undefined;
  /** Every transport that was opened, the newest last. */
  readonly transports: SimulatedTransport[] = [];
  /** What its ARP asks, of all sockets that it opens. */
  readonly segment = new SimulatedSegment();
  readonly server: Server;

  constructor(options: ServerNodeOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    const { clock, log } = this;
    this.server = new Server({
      log,
      decide,
      seed: 4711,
      openStore: (inFlight) => {
        this.store = memoryStore({ ...options.stored, inFlight, clock });
        return this.store;
      },
      findListenAddress: () => this.search,
      openMedium: () => this.#open(),
      planOf: (listen) => planOf({ serverIdentifier: listen.listenIp }),
      waits: true,
      ...options,
      clock,
    });
  }

  get transport(): SimulatedTransport {
    const newest = this.transports.at(-1);
    if (newest === undefined) throw new Error('no transport was opened');
    return newest;
  }

  /** The replies to a datagram. */
  async hear(bytes: Uint8Array): Promise<string[]> {
    this.transport.put(bytes);
    this.transport.deliver();
    await settle();
    return this.transport.sent.splice(0).map((sent) => replyToText(sent.bytes));
  }

  /** What is wrong, and what mends it. */
  get problems(): readonly string[] {
    return this.server.status.problems.map(runningProblemToText);
  }

  #open() {
    if (this.rival !== undefined) throw this.rival;
    const transport = new SimulatedTransport();
    this.transports.push(transport);
    return {
      transport,
      arp: this.segment,
      ...(this.ports === undefined ? {} : { ports: this.ports }),
      lost: () => this.lost,
      hasCarrier: () => this.hasCarrier,
      failure: () => (transport === this.transports[0] ? this.failure : undefined),
      close: () => transport.close(),
    };
  }
}
