import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** The quiet addresses: those which ARP, asked ahead of need, has shown to be unused. */
export interface QuietView {
  /** True if nobody but the machine that asks was heard at the address since it was asked for. */
  isQuiet(address: Ipv4, asker: HardwareAddress): boolean;
  /**
   * The first quiet address that is fit, from the position on that a hash names, in a circle. Undefined: there is none
   * among the first `limit` quiet ones.
   */
  find(
    hash: number,
    asker: HardwareAddress,
    limit: number,
    isFit: (address: Ipv4) => boolean,
  ): Ipv4 | undefined;
}
