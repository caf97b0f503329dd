import type { RunningProblem } from '../diagnosis/running-problem.ts';
import { GatewayError } from '../errors.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { ListenAddressSearch } from './find-listen-address.ts';
import { heldBy, ListenIpClaim } from './listen-ip-claim.ts';
import { ListenIpWatch } from './listen-ip-watch.ts';
import type { Medium, ServerParts } from './server-parts.ts';
import { type Memory, Service } from './service.ts';

/** A rival on our port is waited for so long at the start: milliseconds. */
const RIVAL_PATIENCE = 10_000;
const RIVAL_RETRY = 500;
/** What lasts is said once in this time: milliseconds. */
const REMINDER = 60_000;
/** An address that was served and has gone may come back, as when interfaces are set up anew: milliseconds. */
const RETURN_PATIENCE = 5000;

interface Obstacle {
  readonly message: string;
  readonly remedy: string;
}

/** A question by ARP, and what closes its socket. */
interface OpenClaim {
  readonly claim: ListenIpClaim;
  close(): void;
}

/**
 * Where the server listens. Interface and address may come late, go and return, and change, and another machine may have
 * the address: it says so, waits, and goes on by itself. Whoever serves keeps its listen IP as long as that is there.
 */
export class Listening {
  readonly #parts: ServerParts;
  #memory: Memory | undefined;
  #service: Service | undefined;
  #watch: ListenIpWatch | undefined;
  #claim: OpenClaim | undefined;
  /** Where it serves, or served last. */
  #served: ListenAddress | undefined;
  /** Monotonic; undefined: it is there. */
  #goneSince: number | undefined;
  /** Why there is no service. */
  #obstacle: Obstacle | undefined;
  #remindedAt: number | undefined;
  #isStopping = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  get service(): Service | undefined {
    return this.#service;
  }

  get problems(): readonly RunningProblem[] {
    const problems: RunningProblem[] = [];
    if (this.#obstacle !== undefined) {
      const stopsNewGuests = this.#service === undefined;
      problems.push({ name: 'listen-address', ...this.#obstacle, stopsNewGuests });
    }
    const conflict = this.#watch?.problem;
    if (conflict !== undefined)
      problems.push({ name: 'listen-ip-conflict', ...conflict, stopsNewGuests: false });
    return problems;
  }

  /** Asks the segment for the listen IP, while the rest of the start goes on. */
  begin(): void {
    const search = this.#parts.findListenAddress();
    if (search.kind === 'found') this.#claimFor(search);
  }

  /** Serves or waits; throws a GatewayError for what will not mend itself. */
  async start(memory: Memory): Promise<void> {
    this.#memory = memory;
    const search = this.#parts.findListenAddress();
    if (search.kind === 'found') await this.#openPatiently(memory, search);
    else if (this.#parts.waits) this.#remind(search);
    else throw new GatewayError('listen-ip-missing', `${search.message}. To mend it: ${search.remedy}`);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#endClaim();
    await this.#close();
  }

  /** For every second. Whatever goes wrong is tried again: it never rejects. */
  async check(memory: Memory): Promise<void> {
    try {
      await this.#follow(memory, this.#parts.findListenAddress(this.#served));
      await this.#judge();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#remind({ message, remedy: 'it is tried again every second' });
    }
  }

  /** A process that is being replaced may hold the port for a while yet. */
  async #openPatiently(memory: Memory, listen: ListenAddress): Promise<void> {
    const { clock, log, waits } = this.#parts;
    const start = clock.monotonic();
    for (;;) {
      try {
        return await this.#open(memory, listen);
      } catch (error) {
        if (isGone(error) && waits) {
          this.#remind({ message: error.message, remedy: 'it is tried again every second' });
          return;
        }
        const isRival = error instanceof GatewayError && error.code === 'rival-server';
        if (!isRival || clock.monotonic() - start >= RIVAL_PATIENCE) throw error;
        if (this.#obstacle === undefined)
          log.warn({ cause: error.message }, 'waiting for another server to go');
        this.#obstacle = { message: error.message, remedy: '' };
      }
      await new Promise<void>((resolve) => clock.after(RIVAL_RETRY, resolve));
      if (this.#isStopping) return;
    }
  }

  /** Opens the sockets, unless another machine has the address. */
  async #open(memory: Memory, listen: ListenAddress): Promise<void> {
    const open = this.#claimFor(listen);
    await open?.claim.settled();
    if (this.#isStopping) return;
    const holder = open?.claim.holder;
    if (holder !== undefined) {
      const obstacle = heldBy(listen, holder);
      if (!this.#parts.waits)
        throw new GatewayError('listen-ip-missing', `${obstacle.message}. To mend it: ${obstacle.remedy}`);
      this.#remind(obstacle);
      return;
    }
    await this.#serve(memory, listen);
    this.#endClaim();
  }

  async #serve(
    memory: Memory,
    listen: ListenAddress & { readonly warning?: string | undefined },
  ): Promise<void> {
    const medium: Medium = await this.#parts.openMedium(listen);
    await memory.handOver();
    if (this.#isStopping) {
      medium.close();
      return;
    }
    try {
      this.#service = new Service(this.#parts, memory, listen, medium);
    } catch (error) {
      medium.close();
      throw error;
    } finally {
      memory.handedOver();
    }
    this.#watch = this.#watchOf(listen, medium);
    this.#served = listen;
    this.#goneSince = undefined;
    this.#obstacle = undefined;
    this.#remindedAt = undefined;
    const { log } = this.#parts;
    if (listen.warning !== undefined)
      log.warn({ cause: listen.warning }, 'the listen address has another prefix');
    log.info({ ...fieldsOf(listen), transport: medium.transport.kind }, 'serving');
  }

  /** Whether the listen IP is this machine's alone, while it serves. */
  async #judge(): Promise<void> {
    const [watch, service] = [this.#watch, this.#service];
    if (watch === undefined || service === undefined) return;
    watch.check(service.medium.hasCarrier?.() ?? true);
    if (!watch.mustYield) return;
    this.#parts.log.warn(
      fieldsOf(service.listen),
      'another gateway serves on the listen IP, since this one was not seen for a while',
    );
    await this.#close(); // The next second asks for the address as at a start.
  }

  #watchOf(listen: ListenAddress, medium: Medium): ListenIpWatch | undefined {
    const { listenIp, clock, log } = this.#parts;
    if (listenIp === undefined || medium.arp.listenIp === undefined) return undefined;
    const watch = new ListenIpWatch({
      listen,
      arp: medium.arp.listenIp,
      clock,
      log,
      ownHardware: () => listenIp.ownHardware(),
      isGuest: (hardware) => this.#isGuest(hardware),
      defended: () => listenIp.defended(listen.listenIp),
    });
    watch.check(medium.hasCarrier?.() ?? true); // Its first probe: who answered too late before is found now.
    return watch;
  }

  /** The question for this address, begun now if it was not yet. */
  #claimFor(listen: ListenAddress): OpenClaim | undefined {
    const { listenIp, clock } = this.#parts;
    if (this.#claim !== undefined && isSamePlace(this.#claim.claim.listen, listen)) return this.#claim;
    this.#endClaim();
    const opened = listenIp?.openArp(listen);
    if (listenIp === undefined || opened === undefined) return undefined;
    const claim = new ListenIpClaim({
      listen,
      arp: opened.arp,
      clock,
      ownHardware: () => listenIp.ownHardware(),
      isGuest: (hardware) => this.#isGuest(hardware),
      hasDefended: listenIp.hasDefended(listen.listenIp),
    });
    this.#claim = { claim, close: () => opened.close() };
    return this.#claim;
  }

  /** Before the leases are known nobody is. */
  #isGuest(hardware: HardwareAddress): boolean {
    return this.#memory?.store.leases.hasGuest(hardware) === true;
  }

  #endClaim(): void {
    this.#claim?.close();
    this.#claim = undefined;
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
      await this.#close();
    }
    if (this.#isStopping) return;
    const obstacle = search.kind === 'found' ? this.#awaitReturn(search) : search;
    if (search.kind !== 'found' || obstacle !== undefined) {
      this.#endClaim();
      if (obstacle !== undefined) this.#remind(obstacle);
      return;
    }
    this.#claim?.claim.ask();
    await this.#open(memory, search);
    if (this.#service !== undefined) memory.missedTraffic.noteGap('interface');
  }

  /** Another address than the one that was served is not taken at once; undefined: it may be. */
  #awaitReturn(found: ListenAddress): Obstacle | undefined {
    const served = this.#served;
    if (served === undefined || served.listenIp === found.listenIp) return undefined;
    const now = this.#parts.clock.monotonic();
    this.#goneSince ??= now;
    if (now - this.#goneSince >= RETURN_PATIENCE) return undefined;
    const [was, next] = [served.listenIp, found.listenIp].map(ipv4ToText);
    const { interfaceName, prefixLength } = served;
    return {
      message: `${was} is gone; it may come back before ${next} on ${found.interfaceName} is taken`,
      remedy: `ip addr add ${was}/${prefixLength} dev ${interfaceName}, or wait`,
    };
  }

  async #close(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    this.#watch = undefined;
    await service?.stop();
  }

  #sayChange(service: Service, search: ListenAddressSearch): void {
    const before = fieldsOf(service.listen);
    if (search.kind === 'found') {
      this.#parts.log.warn({ before, now: fieldsOf(search) }, 'the interface has changed: opening again');
    } else this.#parts.log.warn({ ...before, cause: search.message }, 'the listen address is gone');
    this.#remindedAt = undefined;
  }

  /** Says once a minute what is waited for, and what would mend it. */
  #remind(obstacle: Obstacle): void {
    const monotonic = this.#parts.clock.monotonic();
    const isNew = this.#obstacle?.message !== obstacle.message;
    this.#obstacle = obstacle;
    if (!isNew && this.#remindedAt !== undefined && monotonic - this.#remindedAt < REMINDER) return;
    this.#remindedAt = monotonic;
    const { message: cause, remedy } = obstacle;
    this.#parts.log.warn({ cause, remedy }, 'waiting for the listen address');
  }
}

/** The interface or its address went between the look and the opening. */
function isGone(error: unknown): error is GatewayError {
  return (
    error instanceof GatewayError &&
    (error.code === 'interface-missing' || error.code === 'listen-ip-missing')
  );
}

function isSamePlace(one: ListenAddress, other: ListenAddress): boolean {
  return one.listenIp === other.listenIp && one.interfaceIndex === other.interfaceIndex;
}

function fieldsOf(listen: ListenAddress): object {
  return { interface: listen.interfaceName, listenIp: ipv4ToText(listen.listenIp), mtu: listen.mtu };
}
