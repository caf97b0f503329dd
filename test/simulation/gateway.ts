import { decide } from '../../src/engine/decide.ts';
import type { Decide } from '../../src/engine/decision/decision.ts';
import type { ReservationOrder } from '../../src/engine/order/reservation-order.ts';
import type { Observer } from '../../src/exchange/observer/observer.ts';
import type { Clock } from '../../src/lease/clock.ts';
import { instant } from '../../src/lease/lease.ts';
import type { ReconcileRequest, ReconcileResult } from '../../src/management/reconcile/reconcile-result.ts';
import type { Reconciler } from '../../src/management/reconcile/reconciler.ts';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import type { ReservationResult } from '../../src/server/order/reservation-intake.ts';
import { Server } from '../../src/server/server.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import type { SegmentArp } from '../../src/transport/transport.ts';
import { at } from '../support/plan.ts';
import type { SeededRandom } from '../support/random.ts';
import { reconcilerOf } from '../support/reconciler-of.ts';
import { type Sent, SimulatedTransport } from '../support/simulated-transport.ts';
import type { Holding, Keeping } from './keeping.ts';
import { Standstill } from './standstill.ts';

export interface GatewayParts {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** How far the node's clock is off: milliseconds. */
  readonly skew: number;
  readonly address: string;
  readonly plan: Plan;
  readonly keeping: Keeping;
  readonly decide?: Decide | undefined;
  /** Who has an address, as hardware addresses; two, if it was given twice. */
  readonly holdersOf: (address: string) => readonly string[];
  readonly sent: (gateway: Gateway, sent: Sent) => void;
  /** Sees what each message came to. */
  readonly decided: (address: string, ...what: Parameters<Required<Observer>['decided']>) => void;
  readonly broken: (error: unknown) => void;
}

/** How long the guests take to answer ARP: milliseconds. */
const ARP_ANSWER = 2;
/** More datagrams than ever wait for a gateway here; so many for a whole segment's guests are a megabyte for each start. */
const ARENA = 64;
const SILENT = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false };

/** A node with the server that runs on it now: the real one, but for its sockets, its clock and the way to etcd. */
export class Gateway {
  readonly address: string;
  readonly clock: Clock;
  /** How many processes it has had. */
  life = 0;
  /** When the newest of them began: monotonic milliseconds. */
  startedAt = 0;
  readonly #parts: GatewayParts;
  #process: Process | undefined;
  #error = 0;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.address = parts.address;
    this.clock = {
      now: () => instant(parts.clock.now() + parts.skew + this.#error),
      monotonic: () => parts.clock.monotonic(),
      after: (milliseconds, run) => parts.clock.after(milliseconds, run),
    };
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  start(): void {
    if (this.isUp) return;
    this.life += 1;
    this.startedAt = this.clock.monotonic();
    this.#process = new Process(this, this.#parts);
  }

  /** At any moment: what it has sent is on its way, all else is gone. */
  crash(): void {
    this.#process?.die();
    this.#process = undefined;
  }

  /** False: nobody listens, or nobody acts on it now. */
  hear(bytes: Uint8Array, source: string): boolean {
    return this.#process?.hear(bytes, source) ?? false;
  }

  /** Undefined: it is down. */
  get standstill(): Standstill | undefined {
    return this.#process?.standstill;
  }

  /** An order about a reservation; undefined: it is down. */
  order(order: ReservationOrder): Promise<ReservationResult> | undefined {
    return this.#process?.order(order);
  }

  /** Makes a scope's reservations a desired set; undefined: it is down. There is no result if its process ends meanwhile. */
  reconcile(request: ReconcileRequest): Promise<ReconcileResult> | undefined {
    return this.#process?.reconciler.reconcile(request);
  }

  /** Its operator says that the time is right. */
  trustClock(): void {
    this.#process?.trustClock();
  }

  /** The node's clock is set wrong by so much; 0: as right as it ever is. Milliseconds. */
  setClock(error: number): void {
    this.#error = error;
  }
}

class Process {
  readonly standstill: Standstill;
  readonly reconciler: Reconciler;
  readonly #holding: Holding;
  readonly #server: Server;
  #isDead = false;
  #transport: SimulatedTransport | undefined;

  constructor(gateway: Gateway, parts: GatewayParts) {
    const { address, keeping, plan } = parts;
    this.standstill = new Standstill(parts.clock, parts.random);
    const clock = this.#clockOf(gateway);
    const holding = keeping.begin(clock, this.standstill);
    this.#holding = holding;
    const observer: Observer = {
      decided: (...what) => parts.decided(address, ...what),
      broken: (error) => parts.broken(error),
    };
    this.#server = new Server({
      clock,
      log: SILENT,
      boot: { id: address, offset: 0 }, // The node itself never goes down.
      decide: parts.decide ?? decide,
      seed: 4711,
      openStore: (inFlight) => holding.open(inFlight),
      ...(holding.cluster === undefined ? {} : { clusterPeers: holding.cluster }),
      findListenAddress: () => ({
        kind: 'found',
        warning: undefined,
        interfaceName: 'eth0',
        interfaceIndex: 2,
        listenIp: at(address),
        prefixLength: 24,
        mtu: 1500,
      }),
      openMedium: async () => {
        await holding.serve();
        const transport = new SimulatedTransport({
          local: at(address),
          outboxCapacity: 8,
          arenaCapacity: ARENA,
        });
        transport.onSent = (sent) => {
          transport.sent.length = 0;
          if (!this.#isDead) parts.sent(gateway, sent);
        };
        this.#transport = transport;
        const segment = this.#segment(parts);
        return { transport, arp: segment, lost: () => 0, close: () => transport.close() };
      },
      planOf: () => plan,
      waits: true,
      observer,
    });
    this.reconciler = reconcilerOf({ server: this.#server });
    this.#server.start().catch((error: unknown) => parts.broken(error));
  }

  die(): void {
    this.#isDead = true;
    this.#holding.die();
  }

  trustClock(): void {
    this.standstill.wake('sockets', () => {
      if (!this.#isDead) this.#server.trustClock();
    });
  }

  order(order: ReservationOrder): Promise<ReservationResult> {
    return this.#server.reservations.submit(order);
  }

  hear(bytes: Uint8Array, source: string): boolean {
    if (this.#transport === undefined) return false;
    const transport = this.#transport;
    transport.put(bytes, source === '' ? undefined : at(source));
    void this.standstill.reach('unread');
    this.standstill.wake('sockets', () => transport.deliver());
    return !this.standstill.isFrozen;
  }

  /** The node's clock as this process has it: it ends with it, and stops with it. */
  #clockOf({ clock }: Gateway): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (milliseconds, run) => {
        let isCancelled = false;
        const cancel = clock.after(milliseconds, () =>
          this.standstill.wake('timers', () => {
            if (!this.#isDead && !isCancelled) run();
          }),
        );
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }

  /** ARP is as good as the segment: who has an address answers for it. */
  #segment({ clock, holdersOf }: GatewayParts): SegmentArp {
    let hear: Parameters<SegmentArp['onHeard']>[0] = () => {};
    return {
      canAsk: true,
      ask: (address) => {
        clock.after(ARP_ANSWER, () => {
          for (const holder of holdersOf(ipv4ToText(address)))
            this.standstill.wake('sockets', () => {
              const hardware = hardwareFromText(holder);
              if (!this.#isDead && hardware !== undefined) hear(address, hardware, 'answer');
            });
        });
        return true;
      },
      onHeard: (run) => {
        hear = run;
      },
      onProbed: () => {},
    };
  }
}
