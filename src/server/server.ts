import type { RefusedChange } from '../config/needs-restart.ts';
import type { ClockStatus } from '../detection/clock-status.ts';
import { ClusterPeersLog } from '../detection/cluster-peers.ts';
import type { OperatorOrder } from '../engine/operator-order.ts';
import type { OrderedBy } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import { BEAT } from '../reporting/counter-slots.ts';
import { Counters } from '../reporting/counters.ts';
import type { DecisionLog } from '../reporting/decision-log.ts';
import { NO_COUNTS, type OrganizationCounter } from '../reporting/organization-counts.ts';
import { type PortTextOf, pluggedLog } from '../reporting/plugged-log.ts';
import { ProblemLog } from '../reporting/problem-log.ts';
import { ProblemTimes } from '../reporting/problem-times.ts';
import type { Status } from '../reporting/status.ts';
import { CurrentDeclaration } from './declaration/current-declaration.ts';
import type { Adoption, Declaration } from './declaration/declaration.ts';
import type { Expiry } from './expiry/expiry.ts';
import { expiryOf } from './expiry/expiry-of-server.ts';
import { Listening } from './listen/listening.ts';
import { openMemory } from './open-memory.ts';
import { FileReservations, faultsOfReservations } from './order/file-reservations.ts';
import { LeaseImports } from './order/lease-imports.ts';
import { OrderIntake, type OrderResult } from './order/order-intake.ts';
import { ReservationControl } from './order/reservation-control.ts';
import type { Memory } from './parts/memory.ts';
import type { ServerParts, ServerPlacement } from './parts/server-parts.ts';
import { type MappedAddress, mapAddresses } from './status/address-map.ts';
import { type Figures, figuresOf } from './status/figures.ts';
import { type Gauges, gaugesOf } from './status/gauges.ts';
import { ServerCondition } from './status/server-condition.ts';

/** Beats from one check of interfaces, problems and expired leases to the next. */
const BEATS_OF_A_SECOND = 2;
const NO_GATEWAYS: ReadonlySet<Ipv4> = new Set();

/**
 * The running server: store, listen address, sockets, exchange. Interface and address may come late, go and return, and
 * change: the server logs it and goes on by itself. All of it runs on the packets' thread.
 */
export class Server {
  readonly reservations: ReservationControl;
  /** Takes over leases that another server has given; also while no sockets are open. */
  readonly leaseImports: LeaseImports;
  readonly #parts: ServerParts;
  readonly #counters: Counters;
  #memory: Memory | undefined;
  #decisionLog: DecisionLog | undefined;
  #organizations: OrganizationCounter | undefined;
  #expiry: Expiry | undefined;
  readonly #clusterPeersLog: ClusterPeersLog | undefined;
  readonly #listening: Listening;
  readonly #condition: ServerCondition;
  readonly #problemLog: ProblemLog;
  readonly #problemTimes = new ProblemTimes();
  #beats = 0;
  /** When the next beat should be: monotonic milliseconds. */
  #beatDue = Number.POSITIVE_INFINITY;
  #cancelBeat: () => void = () => {};
  /** The change of the sockets that is under way. */
  #change: Promise<void> | undefined;
  #isStopping = false;
  /** Whether a new guest would have got an address a second ago. */
  #grants = false;
  readonly #declaration: CurrentDeclaration;
  readonly #orderIntake: OrderIntake;
  readonly #fileReservations: FileReservations;
  readonly #portTextOf: PortTextOf = (card) => this.#listening.service?.portTextOf(card);

  constructor(chosen: ServerParts) {
    const parts = { ...chosen, log: pluggedLog(chosen.log, this.#portTextOf) };
    this.#parts = parts;
    this.#counters = parts.counters ?? new Counters();
    this.#listening = new Listening(parts);
    this.#declaration = new CurrentDeclaration(
      parts,
      () => this.#listening.service,
      () => this.#memory?.store,
    );
    this.#orderIntake = new OrderIntake(
      parts,
      () => this.#listening.service,
      () => this.#memory,
    );
    this.reservations = new ReservationControl(
      parts,
      this.#orderIntake,
      () => this.#memory,
      (id) => this.#fileReservations.placeOf(id),
    );
    this.#fileReservations = new FileReservations(
      this.reservations,
      () => this.#declaration.current.reservations ?? [],
      parts,
    );
    this.leaseImports = new LeaseImports(parts, this.#orderIntake);
    this.#condition = new ServerCondition(parts, this.#listening, () => this.#memory, this.#fileReservations);
    this.#problemLog = new ProblemLog(parts.log);
    if (parts.clusterPeers !== undefined)
      this.#clusterPeersLog = new ClusterPeersLog(parts.clusterPeers, parts.log);
  }

  get status(): Status {
    return this.#condition.status(this.#counters.values(), this.#declaration.shown);
  }

  /** Where this gateway is, and whether it answers new guests, for the gateways that share the leases with it. */
  get placement(): ServerPlacement {
    const tunnelEnds = this.#listening.service?.tunnelEnds ?? [];
    return { tunnelEnds: tunnelEnds.map((end) => ipv4ToText(end)), grants: this.#grants };
  }

  get figures(): Figures {
    const { service } = this.#listening;
    this.#problemTimes.note(this.#condition.problems(), this.#parts.clock.now());
    return figuresOf(this.#memory, service, this.#problemTimes.since);
  }

  /** What metrics alone show. */
  get gauges(): Gauges {
    return gaugesOf(this.#memory, this.#listening.service, this.#organizations?.counts ?? NO_COUNTS);
  }

  /** Brings all that was committed into the lease file, if that is done within the time. */
  async carry(milliseconds: number): Promise<{ readonly isComplete: boolean; readonly at: number }> {
    const at = this.#parts.clock.now();
    return { isComplete: (await this.#memory?.store.carry?.(milliseconds)) ?? false, at };
  }

  /** The counts, for other threads: see `CounterReader`. */
  get counterMemory(): SharedArrayBuffer {
    return this.#counters.memory;
  }

  get isStoring(): boolean {
    return this.#memory !== undefined && this.#memory.store.failure === undefined;
  }

  /**
   * Opens store and sockets. Resolves when it serves, or waits for its listen address.
   *
   * @throws GatewayError for a condition that does not end by itself.
   */
  async start(): Promise<void> {
    try {
      this.#listening.begin();
      this.#memory = await this.#openMemory();
      await this.#fileReservations.begin();
      if (this.#isStopping) return; // A stop was asked for meanwhile.
      await this.#listening.start(this.#memory);
      this.#memory.missedTraffic.beat(this.#parts.clock.monotonic(), BEAT); // A stall before the first beat counts.
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#scheduleBeat();
  }

  /** Stops reading, ends the commits under way, closes sockets and store. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#grants = false;
    this.#cancelBeat();
    this.#expiry?.stop();
    await this.#change;
    this.#decisionLog?.logDropped();
    await this.#listening.stop();
    await this.#orderIntake.handOver();
    this.#memory?.peerMemory?.note();
    this.#memory?.timeGuard.note();
    await this.#memory?.store.close();
    this.#memory = undefined;
    this.#decisionLog?.end();
    this.#parts.log.info({}, 'stopped');
  }

  /**
   * Serves by another declaration. It takes effect as a whole, between two rounds. Its pools are prepared before that, in
   * steps that delay no packet. A change that is impossible while leases run is refused by name; then nothing changes.
   */
  async adopt(next: Declaration): Promise<Adoption> {
    const adoption = await this.#declaration.adopt(next);
    if (adoption.kind === 'adopted') await this.#fileReservations.apply();
    return adoption;
  }

  /** Shows the settings as this declaration has them; its values are those in force. */
  show(next: Declaration): void {
    this.#declaration.show(next);
  }

  /** The changes of a declaration because of which it would be refused. */
  refusals(next: Declaration): readonly RefusedChange[] {
    return this.#declaration.refusals(next);
  }

  /** Why a declaration cannot be put in force as it is now, each in one line: its reservations contradict others. */
  faults(next: Declaration): readonly string[] {
    const listen = this.#listening.service?.listen;
    const plan = listen && next.planOf(listen);
    return faultsOfReservations(next.reservations ?? [], this.reservations.current, plan);
  }

  /** Carries out an order from outside, also while no sockets are open. The history names its author. */
  submit(order: OperatorOrder): Promise<OrderResult> {
    return this.#orderIntake.submit(order);
  }

  /** Asks the segment by ARP who has an address now; undefined: nobody answers. The words are those of `ArpProber.ask`. */
  ask(address: Ipv4, milliseconds: number): Promise<HardwareAddress | undefined | 'no-arp' | 'too-many'> {
    return this.#listening.service?.prober.ask(address, milliseconds) ?? Promise.resolve('no-arp');
  }

  /** What the addresses of a range are used for: at most MOST_MAPPED. */
  mapAddresses(first: Ipv4, last: Ipv4): readonly MappedAddress[] {
    const now = this.#parts.clock.now();
    return mapAddresses(this.#memory, this.#listening.service, now, first, last);
  }

  /** Undefined: the server has not started, or has stopped. */
  get clock(): ClockStatus | undefined {
    return this.#condition.clock;
  }

  /** The operator says that the time is right. This is stored at once; log and history name who said so, and why. */
  trustClock(by: OrderedBy = { author: 'operator' }): ClockStatus | undefined {
    return this.#condition.trustClock(by);
  }

  async #openMemory(): Promise<Memory> {
    const { memory, decisionLog, organizations } = await openMemory({
      parts: this.#parts,
      counters: this.#counters,
      planOf: (listen) => this.#declaration.planOf(listen),
      portTextOf: this.#portTextOf,
      poolUse: () => this.#condition.pool,
      intake: this.#orderIntake,
      expiry: () => this.#expiry,
      orderReservation: (order) => void this.reservations.submit(order),
    });
    this.#decisionLog = decisionLog;
    this.#organizations = organizations;
    this.#expiry = expiryOf(memory, this.#parts, () => this.#listening.service?.exchange);
    return memory;
  }

  #scheduleBeat(): void {
    if (this.#isStopping) return;
    this.#cancelBeat = this.#parts.clock.after(BEAT, () => {
      try {
        this.#beat();
      } finally {
        this.#scheduleBeat(); // After a beat that took long, the sockets are read before the next one.
      }
    });
  }

  #beat(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const monotonic = this.#parts.clock.monotonic();
    this.#counters.beat(this.#parts.clock.now(), Math.max(0, monotonic - this.#beatDue));
    this.#beatDue = monotonic + BEAT;
    memory.missedTraffic.beat(monotonic, BEAT);
    this.#listening.service?.beat();
    this.#beats += 1;
    if (this.#beats % BEATS_OF_A_SECOND !== 0) return;

    this.#listening.service?.check();
    const problems = this.#condition.problems();
    this.#grants =
      this.#listening.service !== undefined && problems.every(({ stopsNewGuests }) => !stopsNewGuests);
    this.#problemLog.check(problems, this.#parts.clock.monotonic());
    this.#problemTimes.note(problems, this.#parts.clock.now());
    memory.timeGuard.check();
    memory.peers.check();
    memory.otherGateways.check();
    memory.peerMemory?.check();
    memory.rogueServers.check(memory.clusterPeers?.live ?? NO_GATEWAYS);
    this.#clusterPeersLog?.check();
    memory.store.idle(this.#parts.clock.now());
    this.#decisionLog?.check();
    this.#expiry?.sweep();
    this.reservations.check(this.#condition.trustsClock);
    this.#fileReservations.check();
    this.#change ??= this.#watch(memory).finally(() => {
      this.#change = undefined;
    });
  }

  async #watch(memory: Memory): Promise<void> {
    const medium = this.#listening.service?.medium;
    memory.missedTraffic.noteOverflows(medium?.lost() ?? 0);
    memory.missedTraffic.noteCarrier(medium?.hasCarrier?.() ?? true);
    await this.#listening.check(memory);
  }
}
