import type { Clock } from '../../lease/clock.ts';
import { type HardwareAddress, hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { ListenIpArp } from '../../transport/transport.ts';
import { ListenIpSigns } from './listen-ip-signs.ts';

/**
 * How long the start waits for an answer, from the first probe on: milliseconds. RFC 5227 §1.1 has seconds, for a host
 * that does not use its address yet. Here the kernel has the address already. The one who answers is a kernel too, and takes
 * less than a millisecond. The probe leaves before the lease file is opened. Who answers later is found while serving.
 */
const ANSWER_TIME = 50;
/** A machine that has not answered for this time is gone: milliseconds. It is probed each second. */
const GONE = 3000;
/**
 * A serving gateway defends its address within two seconds of a probe (see ListenIpWatch), and it is probed each second:
 * where nobody has done so for so long, none serves. Milliseconds.
 */
const UNDEFENDED = 6000;
/** The same where this gateway has served against the holder until just before it was restarted. */
const UNDEFENDED_RESTART = 2500;
/**
 * A machine that has sent so many probes in a row waits too. Then the one with the lower hardware address serves at once, and the
 * other one when nobody has defended the address for `UNDEFENDED_SECOND`: milliseconds.
 */
const PROBES_OF_A_WAIT = 4;
const UNDEFENDED_SECOND = 12_000;
/**
 * The address plan has ten gateways. Where more machines than that have one address, somebody makes up hardware addresses,
 * and waiting for them would leave the segment without a server for as long as that one likes.
 */
const MOST_HOLDERS = 10;

export interface ClaimParts {
  readonly listen: ListenAddress;
  readonly arp: ListenIpArp;
  readonly clock: Clock;
  readonly ownHardware: () => ReadonlySet<HardwareAddress>;
  /** True for a machine that leases an address here. */
  readonly isGuest: (hardware: HardwareAddress) => boolean;
  /** True if this gateway served on the address until a moment ago, and defended it against another machine. */
  readonly hasDefended: boolean;
}

/**
 * Asks before serving whether another machine has the listen IP. If it has, it may run a gateway that came first, so this
 * one waits: two gateways with one server identifier would both grant each lease, and no guest could tell them apart. A
 * machine that has the address and does not defend it runs no gateway, and a guest runs none though it defends it (it
 * leases an address here). To wait for these protects nobody: after some seconds this gateway serves all the same, and
 * says so.
 */
export class ListenIpClaim {
  readonly listen: ListenAddress;
  readonly #arp: ListenIpArp;
  readonly #clock: Clock;
  readonly #signs: ListenIpSigns;
  readonly #began: number;
  readonly #hasDefended: boolean;

  /** Sends the first probe. */
  constructor({ listen, arp, clock, ownHardware, isGuest, hasDefended }: ClaimParts) {
    this.listen = listen;
    this.#arp = arp;
    this.#clock = clock;
    this.#signs = new ListenIpSigns(arp, clock, ownHardware, isGuest);
    this.#began = clock.monotonic();
    this.#hasDefended = hasDefended;
    arp.probe();
  }

  /** Resolves when the time for answers to the first probes is over. */
  async settled(): Promise<void> {
    const left = this.#began + ANSWER_TIME - this.#clock.monotonic();
    if (left > 0) {
      this.#arp.probe(); // One may be lost.
      await new Promise<void>((resolve) => this.#clock.after(left, resolve));
    }
    this.#arp.hearNow();
  }

  /** Sends a further probe. Call it once a second. */
  ask(): void {
    this.#arp.probe();
  }

  /** The machine for which this gateway has to wait; undefined: none. */
  get holder(): HardwareAddress | undefined {
    const now = this.#clock.monotonic();
    const holder = this.#signs.holderSince(now - GONE);
    if (holder === undefined || this.#signs.holders > MOST_HOLDERS) return undefined;
    const undefended = now - Math.max(this.#began, this.#signs.announcedAt);
    return undefended >= this.#patienceWith(holder) ? undefined : holder;
  }

  #patienceWith(holder: HardwareAddress): number {
    if (this.#hasDefended) return UNDEFENDED_RESTART;
    if (this.#signs.probesOf(holder) < PROBES_OF_A_WAIT) return UNDEFENDED;
    return this.#arp.hardware < holder ? 0 : UNDEFENDED_SECOND;
  }
}

/** The problem that another machine has the listen IP, and its remedy. */
export function heldBy(
  { listenIp, prefixLength, interfaceName }: ListenAddress,
  holder: HardwareAddress,
): { readonly message: string; readonly remedy: string } {
  const address = ipv4ToText(listenIp);
  return {
    message: `another machine on ${interfaceName} has the listen IP ${address} too: ${hardwareToText(holder)}`,
    remedy:
      `give one of the two an address of its own: find the other by its MAC (bridge fdb show | grep -i ${hardwareToText(holder)}), ` +
      `or here ip addr del ${address}/${prefixLength} dev ${interfaceName} and add another`,
  };
}
