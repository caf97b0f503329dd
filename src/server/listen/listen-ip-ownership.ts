import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { Medium, ServerParts } from '../parts/server-parts.ts';
import { ListenIpClaim } from './listen-ip-claim.ts';
import { ListenIpWatch } from './listen-ip-watch.ts';

/** A claim, and what closes its ARP socket. */
interface OpenClaim {
  readonly claim: ListenIpClaim;
  close(): void;
}

/**
 * Whether the listen IP is this machine's alone: a claim asks the segment by ARP before the sockets are opened, and a
 * watch looks for other holders while the server serves.
 */
export class ListenIpOwnership {
  readonly #parts: Pick<ServerParts, 'listenIp' | 'clock' | 'log'>;
  readonly #isGuest: (hardware: HardwareAddress) => boolean;
  #claim: OpenClaim | undefined;
  #watch: ListenIpWatch | undefined;

  /** @param isGuest True for a machine that has a lease. */
  constructor(
    parts: Pick<ServerParts, 'listenIp' | 'clock' | 'log'>,
    isGuest: (hardware: HardwareAddress) => boolean,
  ) {
    this.#parts = parts;
    this.#isGuest = isGuest;
  }

  /** What the watch has found; undefined: no other machine uses the listen IP, or there is no watch. */
  get problem(): ListenIpWatch['problem'] {
    return this.#watch?.problem;
  }

  /** The claim of this address, begun now if there is none yet; undefined: ARP cannot be used. */
  claim(listen: ListenAddress): ListenIpClaim | undefined {
    const { listenIp, clock } = this.#parts;
    if (this.#claim !== undefined && isSameListen(this.#claim.claim.listen, listen)) return this.#claim.claim;
    this.endClaim();
    const opened = listenIp?.openArp(listen);
    if (listenIp === undefined || opened === undefined) return undefined;
    const claim = new ListenIpClaim({
      listen,
      arp: opened.arp,
      clock,
      ownHardware: () => listenIp.ownHardware(),
      isGuest: this.#isGuest,
      hasDefended: listenIp.hasDefended(listen.listenIp),
    });
    this.#claim = { claim, close: () => opened.close() };
    return claim;
  }

  /** The claim that is open, if there is one, asks the segment once more. */
  askAgain(): void {
    this.#claim?.claim.ask();
  }

  endClaim(): void {
    this.#claim?.close();
    this.#claim = undefined;
  }

  /** Watches the address that is served from now on. */
  watch(listen: ListenAddress, medium: Medium): void {
    const { listenIp, clock, log } = this.#parts;
    this.#watch = undefined;
    if (listenIp === undefined || medium.arp.listenIp === undefined) return;
    this.#watch = new ListenIpWatch({
      listen,
      arp: medium.arp.listenIp,
      clock,
      log,
      ownHardware: () => listenIp.ownHardware(),
      isGuest: this.#isGuest,
      defended: () => listenIp.defended(listen.listenIp),
    });
    this.#watch.check(medium.hasCarrier?.() ?? true); // Its first probe finds a machine that answered the claim too late.
  }

  /** Call it once a second while the server serves. True: another gateway serves on the listen IP. */
  mustYield(medium: Medium): boolean {
    this.#watch?.check(medium.hasCarrier?.() ?? true);
    return this.#watch?.mustYield ?? false;
  }

  endWatch(): void {
    this.#watch = undefined;
  }
}

function isSameListen(one: ListenAddress, other: ListenAddress): boolean {
  return one.listenIp === other.listenIp && one.interfaceIndex === other.interfaceIndex;
}
