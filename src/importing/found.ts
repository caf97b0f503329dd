import type { ClientKey } from '../lease/client-key.ts';
import type { Instant } from '../lease/lease.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** A file with its text. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Where something stands in the files of another server. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What cannot be taken over as it stands there. */
export interface SourceFault extends Place {
  readonly what: string;
}

/** Why a record of a lease file is left out, though nothing is wrong with it. */
export type LeftOut = 'expired' | 'not leased' | 'declined or abandoned' | 'older entry' | 'IPv6';

/** A lease that another server has given. */
export interface FoundLease extends Place, LeaseToImport {}

/** One without its place. */
export interface LeaseToImport {
  readonly address: Ipv4;
  readonly hardware: HardwareAddress;
  /** Option 61; absent: the client has sent none that counts. */
  readonly identifier?: ClientKey;
  /** NEVER: without end. */
  readonly expiresAt: Instant;
  readonly hostname?: string;
}

/** One record of a lease file: a lease, or that an address is not leased any more. */
export type LeaseContent = LeaseToImport | { readonly address: Ipv4; readonly leftOut: LeftOut };
export type LeaseRow = Place & LeaseContent;

/** What a lease file has, in its order. */
export interface LeaseRows {
  readonly rows: readonly LeaseRow[];
  readonly faults: readonly SourceFault[];
  /** Lines of DHCPv6, which no address here belongs to. */
  readonly ipv6: number;
}

/** What another server keeps for a guest. */
export interface FoundHost extends Place {
  readonly macs: readonly HardwareAddress[];
  readonly identifier?: ClientKey;
  readonly address?: Ipv4;
  readonly hostname?: string;
  readonly leaseSeconds?: number;
  /** What the reservation is to be called; absent: by its name or its card. */
  readonly id?: string;
  /** The number of the guest at the platform. */
  readonly vpsId?: string;
}

export interface Hosts {
  readonly hosts: readonly FoundHost[];
  readonly faults: readonly SourceFault[];
}
