import { DiscoverRetries } from '../../src/detection/discover-retries.ts';
import { decide } from '../../src/engine/decide.ts';
import type {
  ClusterPeers,
  Decide,
  Decision,
  PeerObservations,
  QuietObservations,
  Sighting,
} from '../../src/engine/decision/decision.ts';
import { NO_PEERS, NO_QUIET } from '../../src/exchange/decision-context.ts';
import { Exchange } from '../../src/exchange/exchange.ts';
import type { Observer } from '../../src/exchange/observer/observer.ts';
import type { Timings } from '../../src/exchange/observer/timings.ts';
import type { Admission } from '../../src/exchange/parts/admission.ts';
import type { GuestPorts } from '../../src/exchange/parts/exchange-parts.ts';
import type { Pace } from '../../src/exchange/parts/pace.ts';
import type { ClientKey } from '../../src/lease/client-key.ts';
import type { Version } from '../../src/lease/lease.ts';
import type { Arrival } from '../../src/net/datagram.ts';
import { type HardwareAddress, hardwareFromText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import type { Message } from '../../src/wire/message.ts';
import { FakeClock, settle } from './clock.ts';
import { optionOf } from './conversation.ts';
import { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts';
import { at, planOf } from './plan.ts';
import { SimulatedTransport, type SimulatedTransportOptions } from './simulated-transport.ts';

/** An ARP question that the exchange has put. */
export interface Question {
  readonly address: string;
  readonly milliseconds: number;
  readonly answer: (holder: string | undefined) => void;
  isCancelled: boolean;
}

/** Everything that was observed, as text. */
export class Record implements Observer {
  /** 'DHCPDISCOVER offered', 'DHCPREQUEST bound committed'. */
  readonly decisions: string[] = [];
  readonly orders: string[] = [];
  readonly drops = new Map<string, number>();
  readonly errors: unknown[] = [];

  decided(
    message: { type: string | undefined },
    _client: ClientKey,
    decision: Decision,
    outcome: string,
    _took?: number,
  ): void {
    this.decisions.push(textOf(message.type, decision.reason, outcome));
  }

  ordered(decision: Decision, outcome: string): void {
    this.orders.push(textOf(decision.reason, outcome));
  }

  dropped(reason: string, count: number): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + count);
  }

  /** How many replies each send had in which the process stood still. */
  readonly late: number[] = [];

  sentLate(count: number): void {
    this.late.push(count);
  }

  broken(error: unknown): void {
    this.errors.push(error);
  }
}

function textOf(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== 'nothing').join(' ');
}

export interface BenchOptions {
  readonly decide?: Decide;
  readonly plan?: Partial<Plan>;
  readonly transport?: SimulatedTransportOptions;
  /** How many ARP questions may be open. */
  readonly questions?: number;
  readonly admissions?: readonly Admission[];
  /** Who observes, if that is not the record alone. */
  readonly observer?: (record: Record) => Observer;
  readonly timings?: Timings;
  /** Absent: each round begins at once. */
  readonly pace?: (clock: FakeClock) => Pace;
  /** Absent: what becomes ready outside a round is decided at once. */
  readonly soon?: (run: () => void) => void;
}

/** An exchange over a store, with a clock that the test moves and sockets that the test fills. */
export class ExchangeBench<Store extends LeaseStore> {
  readonly clock: FakeClock;
  readonly transport: SimulatedTransport;
  readonly store: Store;
  readonly inFlight: Set<Ipv4>;
  readonly record = new Record();
  readonly exchange: Exchange;
  /** ARP questions that are open. */
  questions: Question[] = [];
  readonly serverState = {
    beginRound: (): void => {},
    readArp: (): void => {},
    lastGapRevision: 0 as Version,
    trustsClock: true,
    mayBeOver: (): boolean => this.serverState.trustsClock,
    peerObservations: NO_PEERS as PeerObservations,
    clusterPeers: undefined as ClusterPeers | undefined,
    discoverRetries: new DiscoverRetries(),
    sightingAt: (_address: Ipv4): Sighting | undefined => undefined,
    quietAddresses: NO_QUIET as QuietObservations,
    /** Quiet addresses that were offered, dotted. */
    quietOffers: [] as string[],
    noteQuietOffer: (address: Ipv4): void => void this.serverState.quietOffers.push(ipv4ToText(address)),
    /** How often what lay in the sockets was dropped. */
    misses: 0,
    noteGap: (): void => {
      this.serverState.misses += 1;
    },
    noteDiscover: (sender: ClientKey): void =>
      this.serverState.discoverRetries.note(sender, this.clock.monotonic()),
    isDiscoverRetry: (sender: ClientKey): boolean => this.serverState.discoverRetries.isRetry(sender),
    noteRequest: (_server: Ipv4, _address: Ipv4, _client: ClientKey, _hardware: HardwareAddress): void => {},
    noteReboot: (_address: Ipv4, _hardware: HardwareAddress): void => {},
    noteReply: (_message: Message, _arrival: Arrival): void => {},
    guestPorts: undefined as GuestPorts | undefined,
    declines: new Map<HardwareAddress, number>(),
    declinesOf: (card: HardwareAddress) => this.serverState.declines.get(card) ?? 0,
    noteDecline: (card: HardwareAddress) => {
      this.serverState.declines.set(card, this.serverState.declinesOf(card) + 1);
    },
  };

  constructor(store: Store, inFlight: Set<Ipv4>, clock: FakeClock, options: BenchOptions = {}) {
    this.clock = clock;
    this.store = store;
    this.inFlight = inFlight;
    this.transport = new SimulatedTransport(options.transport);
    this.exchange = new Exchange({
      transport: this.transport,
      store,
      inFlight,
      clock,
      decide: options.decide ?? decide,
      plan: planOf(options.plan),
      prober: { probe: (...question) => this.#ask(options.questions ?? 256, ...question) },
      serverState: this.serverState,
      observer: options.observer?.(this.record) ?? this.record,
      admissions: options.admissions ?? [],
      timings: options.timings,
      pace: options.pace?.(clock),
      soon: options.soon,
    });
  }

  /** Datagrams that arrive together by broadcast; all that they set off at once has happened when this returns. */
  async hear(...datagrams: readonly Uint8Array[]): Promise<void> {
    for (const bytes of datagrams) this.transport.put(bytes);
    this.transport.deliver();
    await settle();
  }

  async hearUnicast(bytes: Uint8Array, source: string): Promise<void> {
    this.transport.put(bytes, at(source));
    this.transport.deliver();
    await settle();
  }

  /** The replies so far: 'DHCPACK 10.15.3.20 to 52:54:00:00:00:01'; and forgets them. */
  replies(): string[] {
    return this.transport.sent.splice(0).map(({ bytes }) => replyToText(bytes));
  }

  drops(reason: string): number {
    return this.record.drops.get(reason) ?? 0;
  }

  #ask(
    limit: number,
    address: Ipv4,
    _own: HardwareAddress,
    milliseconds: number,
    done: (holder: HardwareAddress | undefined) => void,
  ): (() => void) | 'too-many' {
    if (this.questions.length >= limit) return 'too-many';
    const close = () => {
      this.questions = this.questions.filter((each) => each !== question);
    };
    const question: Question = {
      address: ipv4ToText(address),
      milliseconds,
      answer: (holder) => {
        close();
        done(holder === undefined ? undefined : hardwareFromText(holder));
      },
      isCancelled: false,
    };
    this.questions.push(question);
    return () => {
      question.isCancelled = true;
      close();
    };
  }
}

/** An exchange over a memory store. */
export function memoryBench(
  options: BenchOptions & Omit<MemoryStoreOptions, 'clock' | 'inFlight'> = {},
): ExchangeBench<MemoryStore> {
  const clock = new FakeClock();
  const inFlight = new Set<Ipv4>();
  return new ExchangeBench(memoryStore({ ...options, clock, inFlight }), inFlight, clock, options);
}

const REPLY_TYPES = ['', '', 'DHCPOFFER', '', '', 'DHCPACK', 'DHCPNAK'];

/** Read byte by byte, without our decoder. */
export function replyToText(bytes: Uint8Array): string {
  const type = REPLY_TYPES[optionOf(bytes, 53)?.[0] ?? 0];
  const yiaddr = [...bytes.subarray(16, 20)].join('.');
  const chaddr = [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  return `${type} ${yiaddr} to ${chaddr}`;
}
