import type { Clock } from '../../lease/clock.ts';
import type { Log } from '../../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { ListenIpArp } from '../../transport/transport.ts';
import { heldBy } from './listen-ip-claim.ts';
import { ListenIpSigns } from './listen-ip-signs.ts';

/** Time between two probes: milliseconds. */
const PROBE_INTERVAL = 30_000;
/** The same while another machine has the address; RFC 5227 §2.4 (c): DEFEND_INTERVAL. */
const DEFEND_INTERVAL = 10_000;
/** A machine that was silent for this time no longer has the address: milliseconds. */
const HOLDER_TIME = 180_000;
/** For this time after the link is back, or after a stall of this process, this gateway yields to another one: milliseconds. */
const YIELD_TIME = 5000;
/** A longer time between two checks is a stall, in which another gateway may have begun to serve: milliseconds. */
const STALL = 4000;
/** The shortest time between two log lines about changing holders: milliseconds. */
const REMINDER = 60_000;

export interface WatchParts {
  readonly listen: ListenAddress;
  readonly arp: ListenIpArp;
  readonly clock: Clock;
  readonly log: Log;
  readonly ownHardware: () => ReadonlySet<HardwareAddress>;
  /** True for a machine that leases an address here. */
  readonly isGuest: (hardware: HardwareAddress) => boolean;
  /** Called whenever this gateway defends the address. */
  readonly defended: () => void;
}

/**
 * Looks for other machines with the listen IP while this gateway serves: it probes from time to time, and listens always.
 * The gateway that serves goes on, since it cannot know who is right, and defends the address (RFC 5227 §2.4 (c)); so a
 * second gateway learns that it has to wait. The problem lasts until the other machine was silent for minutes.
 */
export class ListenIpWatch {
  readonly #parts: WatchParts;
  readonly #signs: ListenIpSigns;
  #probedAt = Number.NEGATIVE_INFINITY;
  #defendedAt = Number.NEGATIVE_INFINITY;
  #hasCarrier = true;
  /** When other machines could see this gateway again, after a time in which they could not. */
  #linkedAt = Number.NEGATIVE_INFINITY;
  #checkedAt: number | undefined;
  #holder: HardwareAddress | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#signs = new ListenIpSigns(parts.arp, parts.clock, parts.ownHardware, parts.isGuest);
  }

  /** The current conflict and its remedy; undefined: none. */
  get problem(): { readonly message: string; readonly remedy: string } | undefined {
    return this.#holder === undefined ? undefined : heldBy(this.#parts.listen, this.#holder);
  }

  /** True if another gateway has begun to serve, and defends the address, while other machines could not see this one. */
  get mustYield(): boolean {
    const mayYield = this.#parts.clock.monotonic() - this.#linkedAt < YIELD_TIME;
    return mayYield && this.#signs.announcedAt >= this.#linkedAt;
  }

  /** Call it once a second. */
  check(hasCarrier: boolean): void {
    const now = this.#parts.clock.monotonic();
    const hasStalled = this.#checkedAt !== undefined && now - this.#checkedAt > STALL;
    this.#checkedAt = now;
    if (hasCarrier && (!this.#hasCarrier || hasStalled)) {
      this.#linkedAt = now;
      this.#probedAt = Number.NEGATIVE_INFINITY;
    }
    this.#hasCarrier = hasCarrier;
    this.#logHolder(this.#signs.holderSince(now - HOLDER_TIME), now);
    // A machine that has probed for the address may be using it by now.
    const isWanted = this.#signs.probedAt >= this.#probedAt;
    const interval = this.#holder === undefined ? PROBE_INTERVAL : DEFEND_INTERVAL;
    if (isWanted || now - this.#probedAt >= interval) {
      this.#probedAt = now;
      this.#parts.arp.probe();
    }
    const isDisputed = this.#signs.holderSince(now - DEFEND_INTERVAL * 2) !== undefined;
    // A probe names no sender and is no conflict by itself, so DEFEND_INTERVAL does not apply to it.
    if (isDisputed && (isWanted || now - this.#defendedAt >= DEFEND_INTERVAL)) {
      this.#defendedAt = now;
      this.#parts.arp.announce();
      this.#parts.defended();
    }
  }

  #logHolder(holder: HardwareAddress | undefined, now: number): void {
    const before = this.#holder;
    this.#holder = holder;
    if (holder === before) return;
    const { listen, log } = this.#parts;
    const listenIp = ipv4ToText(listen.listenIp);
    if (holder === undefined) {
      log.warn({ listenIp }, 'no other machine has the listen IP any more');
    } else if (before === undefined || now - this.#loggedAt >= REMINDER) {
      this.#loggedAt = now;
      const { message: cause, remedy } = heldBy(listen, holder);
      log.warn(
        { listenIp, hardware: hardwareToText(holder), cause, remedy },
        'another machine has the listen IP',
      );
    }
  }
}
