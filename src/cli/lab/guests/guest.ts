import type { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import type { ClientName } from './guest-client.ts';

export const BUILT_IN = 'built-in';
export type GuestSoftware = ClientName | typeof BUILT_IN;

/** What a guest was told with its lease; addresses are dotted. */
export interface GuestLease {
  readonly address: string;
  readonly server: string;
  readonly router: string;
  /** Parted by blanks. */
  readonly dns: string;
  readonly leaseSeconds: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Where a guest is plugged in. */
export interface Plug {
  readonly name: string;
  readonly hardware: string;
  readonly host: NamespaceHost;
  /** As Proxmox would call it. */
  readonly port: string;
}

/** A machine of the segment with a DHCP client. */
export interface Guest extends Plug {
  readonly software: GuestSoftware;
  node: SegmentNode;
  readonly lease: GuestLease | undefined;
  start(): void;
  /** The leases and renewals since the last look. */
  news(): readonly GuestLease[];
  /** Extends its lease now. Absent: this client does so only at T1. */
  readonly renew?: () => void;
  /** Says to the bridges where it is plugged in now, as QEMU does behind a migration. */
  announceMove(): void;
  close(): void;
}
