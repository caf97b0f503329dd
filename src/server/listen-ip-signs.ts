import type { Clock } from '../lease/clock.ts';
import { type HardwareAddress, isStation } from '../net/hardware-address.ts';
import type { ListenIpArp, ListenIpSign } from '../transport/transport.ts';

/** How many machines are remembered, though somebody forges more hardware addresses. */
const MACHINE_LIMIT = 32;
/** The pause between two tests whether a machine answers ARP for every address: milliseconds. */
const PROXY_INTERVAL = 1000;
/** Probes that are further apart do not belong together: milliseconds. */
const ROW_GAP = 3000;

/** How old the list of this host's interfaces may be: milliseconds. */
const OWN_AGE = 100;

/** How old it may be whether a machine is a guest, for which every lease is looked at: milliseconds. */
const GUEST_AGE = 10_000;

/** When one machine was heard, by the monotonic clock; -Infinity: never. */
interface Heard {
  /** It has the address. */
  holding: number;
  probing: number;
  announcing: number;
  /** Its probes one after the other, without an announcement since. */
  probesInRow: number;
  /** It answers ARP for every address, so its answer for this one proves nothing. */
  isProxy: boolean;
  /** It leases an address here, as it was at that time. */
  isGuest: boolean;
  guestReadAt: number;
}

type Machine = readonly [HardwareAddress, Heard];

const NEVER: Heard = {
  holding: Number.NEGATIVE_INFINITY,
  probing: Number.NEGATIVE_INFINITY,
  announcing: Number.NEGATIVE_INFINITY,
  probesInRow: 0,
  isProxy: false,
  isGuest: false,
  guestReadAt: Number.NEGATIVE_INFINITY,
};

/** What other machines have said of the listen IP (RFC 5227). */
export class ListenIpSigns {
  readonly #arp: ListenIpArp;
  readonly #clock: Clock;
  readonly #ownHardware: () => ReadonlySet<HardwareAddress>;
  readonly #isGuest: (hardware: HardwareAddress) => boolean;
  #own: ReadonlySet<HardwareAddress> = new Set();
  #ownReadAt = Number.NEGATIVE_INFINITY;
  #askedForNobodyAt = Number.NEGATIVE_INFINITY;
  /** In the order in which they were heard; the last one is the newest. */
  readonly #machines = new Map<HardwareAddress, Heard>();

  /**
   * @param ownHardware The interfaces of this host: the kernel answers for any of its addresses on each of them, and a
   * bridge may bring that back.
   * @param isGuest Who leases an address here. A guest runs no gateway, however it defends the address: at most it imitates
   * one, to keep this one from serving.
   */
  constructor(
    arp: ListenIpArp,
    clock: Clock,
    ownHardware: () => ReadonlySet<HardwareAddress>,
    isGuest: (hardware: HardwareAddress) => boolean,
  ) {
    this.#isGuest = isGuest;
    this.#arp = arp;
    this.#clock = clock;
    this.#ownHardware = ownHardware;
    arp.onSign((sign, hardware) => this.#note(sign, hardware));
  }

  /** The machine that has the address too, and was heard at this monotonic time or later: the last one, guests only after others. */
  holderSince(time: number): HardwareAddress | undefined {
    const holders = this.#others().filter(([, { holding }]) => holding >= time);
    if (holders.length < 2) return holders[0]?.[0];
    return (holders.findLast((machine) => !this.#isKnownGuest(machine)) ?? holders.at(-1))?.[0];
  }

  /** How many of the machines that are remembered have had the address. */
  get holders(): number {
    return this.#others().filter(([, { holding }]) => holding > NEVER.holding).length;
  }

  /** When another machine that is no guest announced the address last. */
  get announcedAt(): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const machine of this.#others()) {
      const [, { announcing }] = machine;
      if (announcing > latest && !this.#isKnownGuest(machine)) latest = announcing;
    }
    return latest;
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

  #isKnownGuest([hardware, heard]: Machine): boolean {
    const now = this.#clock.monotonic();
    if (now - heard.guestReadAt > GUEST_AGE) {
      heard.guestReadAt = now;
      heard.isGuest = this.#isGuest(hardware);
    }
    return heard.isGuest;
  }

  #note(sign: ListenIpSign, hardware: HardwareAddress): void {
    if (!isStation(hardware)) return; // No machine's: what answers so is forged.
    const now = this.#clock.monotonic();
    const heard = this.#machines.get(hardware) ?? { ...NEVER };
    this.#machines.delete(hardware);
    this.#machines.set(hardware, heard);
    this.#forgetOldest();
    if (sign === 'proxy') {
      heard.isProxy = true;
    } else if (sign === 'probe') {
      heard.probesInRow = now - heard.probing > ROW_GAP ? 1 : heard.probesInRow + 1;
      heard.probing = now;
    } else {
      heard.holding = now;
      this.#askForNobody(now);
    }
    if (sign === 'announcement') {
      heard.announcing = now;
      heard.probesInRow = 0;
    }
  }

  /** Limited, so that many forged hardware addresses cause few ARP requests. */
  #askForNobody(now: number): void {
    if (now - this.#askedForNobodyAt < PROXY_INTERVAL) return;
    this.#askedForNobodyAt = now;
    this.#arp.probeNobody();
  }

  #forgetOldest(): void {
    if (this.#machines.size <= MACHINE_LIMIT) return;
    for (const oldest of this.#machines.keys()) {
      this.#machines.delete(oldest);
      return;
    }
  }

  /** Looks at the interfaces only if anybody was heard, and once for several questions. */
  #others(): readonly Machine[] {
    if (this.#machines.size === 0) return [];
    const now = this.#clock.monotonic();
    if (now - this.#ownReadAt > OWN_AGE) {
      this.#own = this.#ownHardware();
      this.#ownReadAt = now;
    }
    return [...this.#machines].filter(([hardware, { isProxy }]) => !isProxy && !this.#own.has(hardware));
  }
}
