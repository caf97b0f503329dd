import type { HookOptions } from '../hooks/hook-options.ts';
import type { ApiCertificate } from './api-certificates.ts';
import type { ApiSecret } from './secrets.ts';

/** A subnet as text. Addresses are dotted. */
export interface SubnetTexts {
  readonly prefix: string;
  readonly prefix_length: number;
  readonly mask: string;
  readonly router: string;
  readonly pool_start: string;
  readonly pool_end: string;
  /** Ranges; several where the pool has holes. */
  readonly pools: readonly string[];
  /** Ranges that no guest gets. */
  readonly exclusions: readonly string[];
  readonly dns: readonly string[];
  readonly domain: string | null;
}

/** What the management thread is told of a segment. */
export interface ManagedSegment {
  /** The segment's leases directory. */
  readonly directory: string;
  /** Its name in the list of segments, or GATEWAY_SEGMENT, or the subnet. */
  readonly segment: string;
  /** The subnet that is served, for programs. */
  readonly subnet: SubnetTexts;
  /** The memory of `Counters`. */
  readonly counters: SharedArrayBuffer;
  /** The memory of `SharedEvents`. */
  readonly events: SharedArrayBuffer;
  /** The memory of `SampleRing`, which outlives the thread. */
  readonly samples: SharedArrayBuffer;
}

/** What it is told of the process. */
export interface ProcessOptions {
  /** The directory of its socket: the leases directory of the process. */
  readonly sockets: string;
  /** Whether it has that socket. */
  readonly hasSocket: boolean;
  readonly port: number | 'off';
  /** The address that the port is opened on. */
  readonly listen: string;
  /** The certificate that the port shows, and its key; undefined: it has no TLS. */
  readonly tls: ApiCertificate | undefined;
  readonly secrets: readonly ApiSecret[];
  /** Where the platform's own protocol is served; undefined: nowhere. */
  readonly platform: { readonly port: number; readonly listen: string } | undefined;
  readonly openReads: boolean;
  /** Names that `Host` may have, beside addresses and localhost. */
  readonly hosts: readonly string[];
  readonly node: string;
  readonly version: string;
  readonly hooks: HookOptions;
  /** When the process started: wall-clock milliseconds. */
  readonly startedAt: number;
}

/** What the management thread is told at its start; all of it can be cloned. */
export interface ManagementOptions extends ProcessOptions {
  /** At least one. */
  readonly segments: readonly ManagedSegment[];
}

/** What the routes of one segment know. */
export type SegmentOptions = ProcessOptions & ManagedSegment;
