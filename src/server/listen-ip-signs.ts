import type { Clock } from '../lease/clock.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { ArpSign } from '../transport/arp.ts';
import type { ListenIpArp } from '../transport/transport.ts';

/** Machines that are remembered: a forger of hardware addresses makes us remember no more. */
const MACHINE_LIMIT = 32;
/** Probes that come further apart are not of one wait: milliseconds. */
const ROW_GAP = 3000;

/** When one machine was heard, by the monotonic clock; -Infinity: never. */
interface Heard {
  /** It has the address. */
  holding: number;
  probing: number;
  announcing: number;
  /** Its probes one after the other, without an announcement since. */
  probesInRow: number;
}

/** What other machines have said of the listen IP (RFC 5227). */
export class ListenIpSigns {
  readonly #clock: Clock;
  readonly #ownHardware: () => ReadonlySet<HardwareAddress>;
  /** Who was heard last is last. */
  readonly #machines = new Map<HardwareAddress, Heard>();

  /**
   * @param ownHardware The interfaces of this host: the kernel answers for any of its addresses on each of them, and a
   * bridge may bring that back.
   */
  constructor(arp: ListenIpArp, clock: Clock, ownHardware: () => ReadonlySet<HardwareAddress>) {
    this.#clock = clock;
    this.#ownHardware = ownHardware;
    arp.onSign((sign, hardware) => this.#note(sign, hardware));
  }

  /** The machine that has the address too, and was heard at this monotonic time or later; the one heard last. */
  holderSince(time: number): HardwareAddress | undefined {
    return this.#others().findLast(([, { holding }]) => holding >= time)?.[0];
  }

  /** When another machine announced the address last. */
  get announcedAt(): number {
    return Math.max(...this.#others().map(([, { announcing }]) => announcing), Number.NEGATIVE_INFINITY);
  }

  /** When another machine probed for the address last. */
  get probedAt(): number {
    return Math.max(...this.#others().map(([, { probing }]) => probing), Number.NEGATIVE_INFINITY);
  }

  /** How often this machine has probed, one time soon after the other and until just now, without announcing. */
  probesOf(hardware: HardwareAddress): number {
    const heard = this.#machines.get(hardware);
    if (heard === undefined || this.#clock.monotonic() - heard.probing > ROW_GAP) return 0;
    return heard.probesInRow;
  }

  #note(sign: ArpSign, hardware: HardwareAddress): void {
    if (hardware === NO_HARDWARE) return;
    const now = this.#clock.monotonic();
    const never = Number.NEGATIVE_INFINITY;
    const heard = this.#machines.get(hardware) ?? {
      holding: never,
      probing: never,
      announcing: never,
      probesInRow: 0,
    };
    this.#machines.delete(hardware);
    this.#machines.set(hardware, heard);
    if (sign === 'probe') {
      heard.probesInRow = now - heard.probing > ROW_GAP ? 1 : heard.probesInRow + 1;
      heard.probing = now;
    } else {
      heard.holding = now;
    }
    if (sign === 'announcement') {
      heard.announcing = now;
      heard.probesInRow = 0;
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    if (this.#machines.size <= MACHINE_LIMIT) return;
    for (const oldest of this.#machines.keys()) {
      this.#machines.delete(oldest);
      return;
    }
  }

  /** Looks at the interfaces only if anybody was heard. */
  #others(): readonly (readonly [HardwareAddress, Heard])[] {
    if (this.#machines.size === 0) return [];
    const own = this.#ownHardware();
    return [...this.#machines].filter(([hardware]) => !own.has(hardware));
  }
}
