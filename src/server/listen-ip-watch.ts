import type { Clock } from '../lease/clock.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { ListenIpArp } from '../transport/transport.ts';
import { heldBy } from './listen-ip-claim.ts';
import { ListenIpSigns } from './listen-ip-signs.ts';

/** Between two probes: milliseconds. */
const ASK_INTERVAL = 30_000;
/** The same while another machine has the address; RFC 5227 §2.4 (c): DEFEND_INTERVAL. */
const DEFEND_INTERVAL = 10_000;
/** Who was not heard for so long has the address no more: milliseconds. */
const STANDING = 180_000;
/** So long after the link has come (back), or this process goes on, this gateway is the one that comes second: milliseconds. */
const LINK_YOUTH = 5000;
/** Between two checks; longer, and this process stood still, so that another gateway may have begun to serve: milliseconds. */
const STANDSTILL = 4000;
/** What changes all the time is said once in this time: milliseconds. */
const REMINDER = 60_000;

export interface WatchParts {
  readonly listen: ListenAddress;
  readonly arp: ListenIpArp;
  readonly clock: Clock;
  readonly log: Log;
  readonly ownHardware: () => ReadonlySet<HardwareAddress>;
  /** Who leases an address here. */
  readonly isGuest: (hardware: HardwareAddress) => boolean;
  /** Called whenever the address was defended. */
  readonly defended: () => void;
}

/**
 * The question while serving: asked now and then, and heard all the time. The gateway that serves goes on, since it
 * cannot know who is right, and defends the address (RFC 5227 §2.4 (c)); that is also how a second gateway learns that
 * it has to wait. What it says of it stands until the other was not heard for minutes.
 */
export class ListenIpWatch {
  readonly #parts: WatchParts;
  readonly #signs: ListenIpSigns;
  #askedAt = Number.NEGATIVE_INFINITY;
  #defendedAt = Number.NEGATIVE_INFINITY;
  #hasCarrier = true;
  /** Since when others can see this gateway again, which they could not before. */
  #linkedAt = Number.NEGATIVE_INFINITY;
  #checkedAt: number | undefined;
  #holder: HardwareAddress | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#signs = new ListenIpSigns(parts.arp, parts.clock, parts.ownHardware, parts.isGuest);
  }

  /** What stands now, with what mends it. */
  get problem(): { readonly message: string; readonly remedy: string } | undefined {
    return this.#holder === undefined ? undefined : heldBy(this.#parts.listen, this.#holder);
  }

  /** While others could not see this gateway, another one has begun to serve: it defends the address. */
  get mustYield(): boolean {
    const isYoung = this.#parts.clock.monotonic() - this.#linkedAt < LINK_YOUTH;
    return isYoung && this.#signs.announcedAt >= this.#linkedAt;
  }

  /** For every second. */
  check(hasCarrier: boolean): void {
    const now = this.#parts.clock.monotonic();
    const stoodStill = this.#checkedAt !== undefined && now - this.#checkedAt > STANDSTILL;
    this.#checkedAt = now;
    if (hasCarrier && (!this.#hasCarrier || stoodStill)) {
      this.#linkedAt = now;
      this.#askedAt = Number.NEGATIVE_INFINITY;
    }
    this.#hasCarrier = hasCarrier;
    this.#say(this.#signs.holderSince(now - STANDING), now);
    // A machine that has probed for the address may be using it by now.
    const isWanted = this.#signs.probedAt >= this.#askedAt;
    const interval = this.#holder === undefined ? ASK_INTERVAL : DEFEND_INTERVAL;
    if (isWanted || now - this.#askedAt >= interval) {
      this.#askedAt = now;
      this.#parts.arp.probe();
    }
    const isDisputed = this.#signs.holderSince(now - DEFEND_INTERVAL * 2) !== undefined;
    // A probe names no sender and is no conflict by itself, so that interval is not for it.
    if (isDisputed && (isWanted || now - this.#defendedAt >= DEFEND_INTERVAL)) {
      this.#defendedAt = now;
      this.#parts.arp.announce();
      this.#parts.defended();
    }
  }

  #say(holder: HardwareAddress | undefined, now: number): void {
    const before = this.#holder;
    this.#holder = holder;
    if (holder === before) return;
    const { listen, log } = this.#parts;
    const listenIp = ipv4ToText(listen.listenIp);
    if (holder === undefined) {
      log.warn({ listenIp }, 'no other machine has the listen IP any more');
    } else if (before === undefined || now - this.#saidAt >= REMINDER) {
      this.#saidAt = now;
      const { message: cause, remedy } = heldBy(listen, holder);
      log.warn(
        { listenIp, hardware: hardwareToText(holder), cause, remedy },
        'another machine has the listen IP',
      );
    }
  }
}
