import type { ListenAddress, ListenAddressSearch } from '../config/listen-address.ts';
import { GatewayError } from '../errors.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import { ClusterLog } from './cluster.ts';
import { Counters } from './counters.ts';
import { Deafness } from './deafness.ts';
import { DecisionLog } from './decision-log.ts';
import { DeclineLog } from './decline-log.ts';
import { Expiry } from './expiry.ts';
import { type Observer, observers } from './observer.ts';
import { PeerNotes } from './peer-notes.ts';
import { Peers } from './peers.ts';
import { Repeats } from './repeats.ts';
import type { Medium, ServerParts } from './server-parts.ts';
import { type Memory, Service } from './service.ts';
import { type Status, statusOf } from './status.ts';
import { TimeGuard } from './time-guard.ts';

/** How often the event loop is seen to turn: milliseconds. */
const BEAT = 250;
/** Every so many beats: the interfaces are looked at, and house is kept. */
const BEATS_OF_A_SECOND = 4;
/** A rival on our address is waited for so long at the start: milliseconds. */
const RIVAL_PATIENCE = 10_000;
const RIVAL_RETRY = 500;
/** What lasts is said once in this time: milliseconds. */
const REMINDER = 60_000;

/**
 * The running server: store, listen address, sockets, exchange. Interface and address may come late, go and return,
 * and change: it says so and goes on by itself.
 */
export class Server {
  readonly #parts: ServerParts;
  readonly #counters = new Counters();
  #memory: Memory | undefined;
  #decisionLog: DecisionLog | undefined;
  #expiry: Expiry | undefined;
  readonly #clusterLog: ClusterLog | undefined;
  #service: Service | undefined;
  /** Why there is no service. */
  #obstacle: string | undefined;
  #remindedAt: number | undefined;
  #beats = 0;
  #cancelBeat: () => void = () => {};
  /** Closing or opening sockets. */
  #change: Promise<void> | undefined;
  #isStopping = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    if (parts.cluster !== undefined) this.#clusterLog = new ClusterLog(parts.cluster, parts.log);
  }

  get status(): Status {
    return statusOf(this.#memory?.store, this.#service, this.#counters.values(), this.#problems());
  }

  /** Opens all. Done when it serves or waits; throws a GatewayError for what will not mend itself. */
  async start(): Promise<void> {
    try {
      this.#memory = await this.#remember();
      await this.#openFirst(this.#memory);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#scheduleBeat();
  }

  /** Stops reading, finishes the batch, closes sockets and store. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#cancelBeat();
    this.#expiry?.stop();
    await this.#change;
    await this.#service?.stop();
    this.#service = undefined;
    this.#memory?.peerNotes?.note();
    await this.#memory?.store.close();
    this.#memory = undefined;
    this.#parts.log.info({}, 'stopped');
  }

  /** The operator says that the time is right. */
  trustClock(): void {
    this.#memory?.timeGuard.trust();
  }

  async #remember(): Promise<Memory> {
    const { log, clock } = this.#parts;
    const inFlight = new Set<Ipv4>();
    const store = await this.#parts.openStore(inFlight);
    this.#decisionLog = new DecisionLog(log, store, () => clock.monotonic());
    const peers = new Peers(clock, log);
    const memory: Memory = {
      store,
      inFlight,
      deafness: new Deafness(store.leases, log),
      timeGuard: new TimeGuard(clock, log, store.lastStoredAt),
      declines: new DeclineLog(),
      peers,
      peerNotes: this.#parts.cluster === undefined ? new PeerNotes(peers, store, clock) : undefined,
      cluster: this.#parts.cluster,
      repeats: new Repeats(),
      observer: observers(
        this.#counters,
        this.#decisionLog,
        this.#prompter(),
        ...extra(this.#parts.observer),
      ),
      makeRoom: () => this.#expiry?.makeRoom() ?? false,
    };
    this.#expiry = new Expiry(
      store,
      clock,
      this.#orderTaker(),
      () => memory.timeGuard.trustsClock && memory.cluster?.trustsClock !== false,
      () => ({ hearing: peers, sharing: memory.cluster }),
    );
    return memory;
  }

  async #openFirst(memory: Memory): Promise<void> {
    const search = this.#parts.findListenAddress();
    if (search.kind === 'found') await this.#openPatiently(memory, search);
    else if (search.kind === 'waiting' && this.#parts.waits) this.#remind(search);
    else throw new GatewayError('listen-ip-missing', `${search.message}. To mend it: ${search.remedy}`);
  }

  /** A process that is being replaced may hold the address for a while yet. */
  async #openPatiently(memory: Memory, listen: ListenAddress): Promise<void> {
    const { clock, log } = this.#parts;
    const start = clock.monotonic();
    for (;;) {
      try {
        return await this.#open(memory, listen);
      } catch (error) {
        const isRival = error instanceof GatewayError && error.code === 'rival-server';
        if (!isRival || clock.monotonic() - start >= RIVAL_PATIENCE) throw error;
        if (this.#obstacle === undefined)
          log.warn({ cause: error.message }, 'waiting for another server to go');
        this.#obstacle = error.message;
      }
      await new Promise<void>((resolve) => clock.after(RIVAL_RETRY, resolve));
      if (this.#isStopping) return;
    }
  }

  async #open(memory: Memory, listen: ListenAddress): Promise<void> {
    const medium: Medium = await this.#parts.openMedium(listen);
    if (this.#isStopping) {
      medium.close();
      return;
    }
    try {
      this.#service = new Service(this.#parts, memory, listen, medium);
    } catch (error) {
      medium.close();
      throw error;
    }
    this.#obstacle = undefined;
    this.#remindedAt = undefined;
    this.#parts.log.info({ ...fieldsOf(listen), transport: medium.transport.kind }, 'serving');
  }

  #scheduleBeat(): void {
    if (this.#isStopping) return;
    this.#cancelBeat = this.#parts.clock.after(BEAT, () => {
      try {
        this.#beat();
      } finally {
        this.#scheduleBeat(); // After it: if it hangs, the sockets are looked at before the next one.
      }
    });
  }

  #beat(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    memory.deafness.beat(this.#parts.clock.monotonic(), BEAT);
    this.#service?.exchange.beat();
    this.#beats += 1;
    if (this.#beats % BEATS_OF_A_SECOND !== 0) return;

    memory.timeGuard.check();
    memory.peers.check();
    memory.peerNotes?.check();
    this.#clusterLog?.check();
    memory.store.idle(this.#parts.clock.now());
    this.#decisionLog?.check();
    this.#expiry?.sweep();
    this.#change ??= this.#watch(memory).finally(() => {
      this.#change = undefined;
    });
  }

  /** Looks at the interfaces. Whatever goes wrong is tried again: it never rejects. */
  async #watch(memory: Memory): Promise<void> {
    try {
      const medium = this.#service?.medium;
      memory.deafness.overflowed(medium?.lost() ?? 0);
      memory.deafness.carrier(medium?.hasCarrier?.() ?? true);
      await this.#follow(memory, this.#parts.findListenAddress());
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#remind({ message, remedy: 'it is tried again every second' });
    }
  }

  /** Closes what is gone or has changed, opens what is there. */
  async #follow(memory: Memory, search: ListenAddressSearch): Promise<void> {
    const service = this.#service;
    if (service !== undefined) {
      const failure = service.medium.failure?.();
      const isInPlace = search.kind === 'found' && service.isAt(search);
      if (isInPlace && failure === undefined) {
        this.#obstacle = undefined;
        return;
      }
      if (failure !== undefined) this.#parts.log.warn({ cause: failure }, 'the sockets have failed');
      if (!isInPlace) this.#sayChange(service, search);
      this.#service = undefined;
      await service.stop();
    }
    if (this.#isStopping) return;
    if (search.kind !== 'found') {
      this.#remind(search);
      return;
    }
    await this.#open(memory, search);
    memory.deafness.mark('interface');
  }

  #sayChange(service: Service, search: ListenAddressSearch): void {
    const before = fieldsOf(service.listen);
    if (search.kind === 'found') {
      this.#parts.log.warn({ before, now: fieldsOf(search) }, 'the interface has changed: opening again');
    } else this.#parts.log.warn({ ...before, cause: search.message }, 'the listen address is gone');
    this.#remindedAt = undefined;
  }

  /** Says once a minute what is waited for, and what would mend it. */
  #remind({ message, remedy }: { readonly message: string; readonly remedy: string }): void {
    const monotonic = this.#parts.clock.monotonic();
    const isNew = this.#obstacle !== message;
    this.#obstacle = message;
    if (!isNew && this.#remindedAt !== undefined && monotonic - this.#remindedAt < REMINDER) return;
    this.#remindedAt = monotonic;
    this.#parts.log.warn({ cause: message, remedy }, 'waiting for the listen address');
  }

  #orderTaker() {
    const exchange = () => this.#service?.exchange;
    return {
      get isIdle() {
        return exchange()?.isIdle ?? false;
      },
      submit: (order: Parameters<Service['exchange']['submit']>[0]) => exchange()?.submit(order) ?? false,
    };
  }

  /** A pool without room makes the sweep look for some. */
  #prompter(): Observer {
    const nothing = () => {};
    return {
      sentLate: nothing,
      decided: (_message, _client, { reason }) => {
        if (reason === 'pool-full') this.#expiry?.prompt();
      },
      ordered: nothing,
      dropped: nothing,
      omitted: nothing,
      broken: nothing,
    };
  }

  #problems(): readonly string[] {
    const problems: string[] = [];
    if (this.#obstacle !== undefined) problems.push(this.#obstacle);
    const failure = this.#memory?.store.failure;
    if (failure !== undefined) problems.push(`leases cannot be stored: ${failure}`);
    const trouble = this.#memory?.store.trouble;
    if (trouble !== undefined) problems.push(`the lease file does not follow: ${trouble}`);
    const peers = this.#memory?.peers.problem;
    if (peers !== undefined) problems.push(peers);
    problems.push(...(this.#parts.cluster?.problems ?? []));
    if (this.#memory?.timeGuard.trustsClock === false) problems.push('the clock is in doubt');
    return problems;
  }
}

function fieldsOf(listen: ListenAddress): object {
  return { interface: listen.interfaceName, listenIp: ipv4ToText(listen.listenIp), mtu: listen.mtu };
}

function extra(observer: Observer | undefined): readonly Observer[] {
  return observer === undefined ? [] : [observer];
}
