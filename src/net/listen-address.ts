import type { Ipv4 } from './ipv4.ts';

/** Where this gateway listens. */
export interface ListenAddress {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly listenIp: Ipv4;
  /** As the interface has it, 0 to 32. */
  readonly prefixLength: number;
  /** The interface's, in octets. */
  readonly mtu: number;
}
