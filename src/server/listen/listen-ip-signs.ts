import type { Clock } from '../../lease/clock.ts';
import { type HardwareAddress, isStation } from '../../net/hardware-address.ts';
import type { ListenIpArp, ListenIpSign } from '../../transport/transport.ts';

/** Machines that are remembered, even if somebody forges more hardware addresses. */
const MACHINE_LIMIT = 32;
/** Time between two tests for machines that answer ARP for every address: milliseconds. */
const PROXY_INTERVAL = 1000;
/** Probes further apart than this are not in one row: milliseconds. */
const ROW_GAP = 3000;

/** The list of this host's interfaces is read again after this time: milliseconds. */
const OWN_AGE = 100;

/** Whether a machine is a guest is looked up again after this time, since it reads every lease: milliseconds. */
const GUEST_AGE = 10_000;

/** The ARP messages of one machine. Times are monotonic milliseconds; -Infinity: never. */
interface MachineSigns {
  /** When it last showed that it has the address. */
  heldAt: number;
  probedAt: number;
  announcedAt: number;
  /** Probes in a row, without an announcement since. */
  probesInRow: number;
  /** It answers ARP for every address, so its answer for this one proves nothing. */
  isProxy: boolean;
  /** It leased an address here at `guestReadAt`. */
  isGuest: boolean;
  guestReadAt: number;
}

type Machine = readonly [HardwareAddress, MachineSigns];

const NO_SIGNS: MachineSigns = {
  heldAt: Number.NEGATIVE_INFINITY,
  probedAt: Number.NEGATIVE_INFINITY,
  announcedAt: Number.NEGATIVE_INFINITY,
  probesInRow: 0,
  isProxy: false,
  isGuest: false,
  guestReadAt: Number.NEGATIVE_INFINITY,
};

/** Remembers the ARP messages of other machines about the listen IP (RFC 5227). */
export class ListenIpSigns {
  readonly #arp: ListenIpArp;
  readonly #clock: Clock;
  readonly #ownHardware: () => ReadonlySet<HardwareAddress>;
  readonly #isGuest: (hardware: HardwareAddress) => boolean;
  #own: ReadonlySet<HardwareAddress> = new Set();
  #ownReadAt = Number.NEGATIVE_INFINITY;
  #proxyTestedAt = Number.NEGATIVE_INFINITY;
  /** The machine with the newest message is last. */
  readonly #machines = new Map<HardwareAddress, MachineSigns>();

  /**
   * @param ownHardware The interfaces of this host: the kernel answers for any of its addresses on each of them, and a
   * bridge may bring that back.
   * @param isGuest True for a machine that leases an address here. A guest runs no gateway, even if it defends the address:
   * it may imitate one, to keep this one from serving.
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

  /** The newest machine that showed at this monotonic time or later that it has the address; a guest only if there is no other. */
  holderSince(time: number): HardwareAddress | undefined {
    const holders = this.#others().filter(([, { heldAt }]) => heldAt >= time);
    if (holders.length < 2) return holders[0]?.[0];
    return (holders.findLast((machine) => !this.#isKnownGuest(machine)) ?? holders.at(-1))?.[0];
  }

  /** The number of remembered machines that have had the address. */
  get holders(): number {
    return this.#others().filter(([, { heldAt }]) => heldAt > NO_SIGNS.heldAt).length;
  }

  /** When a machine that is no guest last announced the address. */
  get announcedAt(): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const machine of this.#others()) {
      const [, { announcedAt }] = machine;
      if (announcedAt > latest && !this.#isKnownGuest(machine)) latest = announcedAt;
    }
    return latest;
  }

  /** When another machine last probed for the address. */
  get probedAt(): number {
    return Math.max(...this.#others().map(([, { probedAt }]) => probedAt), Number.NEGATIVE_INFINITY);
  }

  /** The number of this machine's probes in a row, without an announcement; 0 if the last one is too long ago. */
  probesOf(hardware: HardwareAddress): number {
    const signs = this.#machines.get(hardware);
    if (signs === undefined || this.#clock.monotonic() - signs.probedAt > ROW_GAP) return 0;
    return signs.probesInRow;
  }

  #isKnownGuest([hardware, signs]: Machine): boolean {
    const now = this.#clock.monotonic();
    if (now - signs.guestReadAt > GUEST_AGE) {
      signs.guestReadAt = now;
      signs.isGuest = this.#isGuest(hardware);
    }
    return signs.isGuest;
  }

  #note(sign: ListenIpSign, hardware: HardwareAddress): void {
    if (!isStation(hardware)) return; // No machine has such an address: it is forged.
    const now = this.#clock.monotonic();
    const signs = this.#machines.get(hardware) ?? { ...NO_SIGNS };
    this.#machines.delete(hardware);
    this.#machines.set(hardware, signs);
    this.#forgetOldest();
    if (sign === 'proxy') {
      signs.isProxy = true;
    } else if (sign === 'probe') {
      signs.probesInRow = now - signs.probedAt > ROW_GAP ? 1 : signs.probesInRow + 1;
      signs.probedAt = now;
    } else {
      signs.heldAt = now;
      this.#testForProxy(now);
    }
    if (sign === 'announcement') {
      signs.announcedAt = now;
      signs.probesInRow = 0;
    }
  }

  /** Limited, so that many forged hardware addresses cause few ARP requests. */
  #testForProxy(now: number): void {
    if (now - this.#proxyTestedAt < PROXY_INTERVAL) return;
    this.#proxyTestedAt = now;
    this.#arp.probeNobody();
  }

  #forgetOldest(): void {
    if (this.#machines.size <= MACHINE_LIMIT) return;
    for (const oldest of this.#machines.keys()) {
      this.#machines.delete(oldest);
      return;
    }
  }

  /** The machines that are not this host. Reads the interfaces only if there are any, and not at each call. */
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
