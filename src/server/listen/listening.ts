import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import { GatewayError } from '../../errors.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { ListenAddressSearch } from '../parts/listen-address-search.ts';
import type { Memory } from '../parts/memory.ts';
import type { Medium, ServerParts } from '../parts/server-parts.ts';
import { Service } from '../service/service.ts';
import { heldBy } from './listen-ip-claim.ts';
import { ListenIpOwnership } from './listen-ip-ownership.ts';

/** How long a start waits for another server to leave the port: milliseconds. */
const PORT_WAIT = 10_000;
const PORT_RETRY = 500;
/** A condition that lasts is logged again after this time: milliseconds. */
const REMINDER = 60_000;
/** How long an address that was served may be gone before another one is taken; interfaces may be set up anew: milliseconds. */
const RETURN_WAIT = 5000;

interface Obstacle {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Opens and closes the sockets. Interface and address may come late, go and return, and change, and another machine may
 * have the address: this class logs it, waits, and goes on by itself. A gateway that serves keeps its listen IP as long
 * as the machine has it.
 */
export class Listening {
  readonly #parts: ServerParts;
  #memory: Memory | undefined;
  #service: Service | undefined;
  readonly #ownership: ListenIpOwnership;
  /** The address that is served, or was served last. */
  #served: ListenAddress | undefined;
  /** Since when that address is gone, in monotonic milliseconds; undefined: it is there. */
  #goneSince: number | undefined;
  /** Why there is no service. */
  #obstacle: Obstacle | undefined;
  #remindedAt: number | undefined;
  #isStopping = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    // Before the leases are known, no machine is a guest.
    const isGuest = (hardware: HardwareAddress) => this.#memory?.store.leases.hasGuest(hardware) === true;
    this.#ownership = new ListenIpOwnership(parts, isGuest);
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
    const conflict = this.#ownership.problem;
    if (conflict !== undefined)
      problems.push({ name: 'listen-ip-conflict', ...conflict, stopsNewGuests: false });
    return problems;
  }

  /** Asks the segment for the listen IP, while the rest of the start goes on. */
  begin(): void {
    const search = this.#parts.findListenAddress();
    if (search.kind === 'found') this.#ownership.claim(search);
  }

  /**
   * Serves, or waits until it can.
   *
   * @throws GatewayError for a condition that does not end by itself.
   */
  async start(memory: Memory): Promise<void> {
    this.#memory = memory;
    const search = this.#parts.findListenAddress();
    if (search.kind === 'found') await this.#openPatiently(memory, search);
    else if (this.#parts.waits) this.#remind(search);
    else throw new GatewayError('listen-ip-missing', `${search.message}. To mend it: ${search.remedy}`);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#ownership.endClaim();
    await this.#close();
  }

  /** Call it once a second. It never rejects: what fails is tried again at the next call. */
  async check(memory: Memory): Promise<void> {
    try {
      await this.#follow(memory, this.#parts.findListenAddress(this.#served));
      await this.#yieldIfTaken();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#remind({ message, remedy: 'it is tried again every second' });
    }
  }

  /** Tries again while the port is taken: the process that this one replaces may still hold it. */
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
        if (!isRival || clock.monotonic() - start >= PORT_WAIT) throw error;
        if (this.#obstacle === undefined)
          log.warn({ cause: error.message }, 'waiting for another server to go');
        this.#obstacle = { message: error.message, remedy: '' };
      }
      await new Promise<void>((resolve) => clock.after(PORT_RETRY, resolve));
      if (this.#isStopping) return;
    }
  }

  /** Opens the sockets, unless another machine has the address. */
  async #open(memory: Memory, listen: ListenAddress): Promise<void> {
    const claim = this.#ownership.claim(listen);
    await claim?.settled();
    if (this.#isStopping) return;
    const holder = claim?.holder;
    if (holder !== undefined) {
      const obstacle = heldBy(listen, holder);
      // This machine has the address, but not alone. It may not serve on it, so the code is that of a missing address.
      if (!this.#parts.waits)
        throw new GatewayError('listen-ip-missing', `${obstacle.message}. To mend it: ${obstacle.remedy}`);
      this.#remind(obstacle);
      return;
    }
    await this.#serve(memory, listen);
    this.#ownership.endClaim();
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
    this.#ownership.watch(listen, medium);
    this.#served = listen;
    this.#goneSince = undefined;
    this.#obstacle = undefined;
    this.#remindedAt = undefined;
    const { log } = this.#parts;
    if (listen.warning !== undefined)
      log.warn({ cause: listen.warning }, 'the listen address has another prefix');
    log.info({ ...fieldsOf(listen), transport: medium.transport.kind }, 'serving');
  }

  /** Stops serving if another gateway has taken the listen IP. */
  async #yieldIfTaken(): Promise<void> {
    const service = this.#service;
    if (service === undefined || !this.#ownership.mustYield(service.medium)) return;
    this.#parts.log.warn(
      fieldsOf(service.listen),
      'another gateway serves on the listen IP, since this one was not seen for a while',
    );
    await this.#close(); // The next second asks for the address as at a start.
  }

  /** Closes the sockets of an address that is gone or has changed, and opens those of the one that is there. */
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
      if (!isInPlace) this.#logChange(service, search);
      await this.#close();
    }
    if (this.#isStopping) return;
    const obstacle = search.kind === 'found' ? this.#awaitReturn(search) : search;
    if (search.kind !== 'found' || obstacle !== undefined) {
      this.#ownership.endClaim();
      if (obstacle !== undefined) this.#remind(obstacle);
      return;
    }
    this.#ownership.askAgain();
    await this.#open(memory, search);
    if (this.#service !== undefined) memory.missedTraffic.noteGap('interface');
  }

  /** Why an address other than the one that was served is not taken yet; undefined: it may be taken. */
  #awaitReturn(found: ListenAddress): Obstacle | undefined {
    const served = this.#served;
    if (served === undefined || served.listenIp === found.listenIp) return undefined;
    const now = this.#parts.clock.monotonic();
    this.#goneSince ??= now;
    if (now - this.#goneSince >= RETURN_WAIT) return undefined;
    const [was, next] = [served.listenIp, found.listenIp].map(ipv4ToText);
    const { interfaceName, prefixLength } = served;
    return {
      message: `${was} is gone; it may come back before ${next} on ${found.interfaceName} is taken`,
      remedy: `\`ip addr add ${was}/${prefixLength} dev ${interfaceName}\`, or wait`,
    };
  }

  async #close(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    this.#ownership.endWatch();
    await service?.stop();
  }

  #logChange(service: Service, search: ListenAddressSearch): void {
    const before = fieldsOf(service.listen);
    if (search.kind === 'found') {
      this.#parts.log.warn({ before, now: fieldsOf(search) }, 'the interface has changed: opening again');
    } else this.#parts.log.warn({ ...before, cause: search.message }, 'the listen address is gone');
    this.#remindedAt = undefined;
  }

  /** Logs once a minute why there is no service, and what to do. */
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

/** The interface or its address disappeared after it was found and before it was opened. */
function isGone(error: unknown): error is GatewayError {
  return (
    error instanceof GatewayError &&
    (error.code === 'interface-missing' || error.code === 'listen-ip-missing')
  );
}

function fieldsOf(listen: ListenAddress): object {
  return { interface: listen.interfaceName, listenIp: ipv4ToText(listen.listenIp), mtu: listen.mtu };
}
