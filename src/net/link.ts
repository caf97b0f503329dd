import type { Ipv4 } from './ipv4.ts';

/** A network interface as the kernel shows it at one moment. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** In octets. */
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly LinkAddress[];
}

export interface LinkAddress {
  readonly address: Ipv4;
  /** 0 to 32. */
  readonly prefixLength: number;
}
