import type { ClockNote } from '../lease/clock-note.ts';
import type { Instant, Lease, LeaseState, LeaseTexts, Version } from '../lease/lease.ts';

/** A lease with what is kept of it for people. `granter`: by its server identifier, also where it is this gateway. */
export interface KeptLease extends Lease, LeaseTexts {
  /** The node's name of the gateway that granted it; empty: it is not known. */
  readonly node: string;
}

/** What a lease file mirrors. */
export interface MirrorPosition {
  /** GATEWAY_SEGMENT. */
  readonly segment: string;
  /** The id of the shared leases' generation. */
  readonly generation: string;
  /** All changes up to this revision of theirs are in the file. */
  readonly revision: number;
}

/** All up to this revision was known then, by a wall clock with which a live gateway's newest heartbeat agreed. */
export interface RevisionTime {
  readonly revision: Version;
  readonly at: Instant;
}

/** What is to be known of a record that another replaces. */
export type Replaced = Pick<Lease, 'client' | 'state' | 'expiresAt'>;

/** One record of the shared leases that has changed. */
export interface MirroredChange {
  /** What the mirror had. */
  readonly before: Replaced | undefined;
  readonly after: KeptLease;
  /** Why: a member of the engine's Reason, or '' where that is not known. */
  readonly reason: string;
}

/** What a node keeps for itself of the leases that several gateways share. It may lag, and is never the authority. */
export interface Mirror {
  /** Undefined: the file has leases of its own, if any, that the shared ones do not know. */
  readonly position: MirrorPosition | undefined;
  /** All that it holds, by address. */
  leases(): readonly KeptLease[];
  /** Takes a change; it is in the file soon. */
  put(change: MirroredChange): void;
  /** All up to here has been put. */
  reached(position: MirrorPosition): void;
  /** Whether a majority answered when it was asked last, which is `now`. */
  noteQuorum(hasQuorum: boolean, now: Instant): void;
  /** What was noted last of this gateway's clock; undefined: nothing. */
  readonly clockNote: ClockNote | undefined;
  /** It is in the file soon, and safe from a loss of power. */
  noteClock(note: ClockNote): void;
  /** What was noted last of how long the leases have been known here, the oldest first. */
  readonly revisionTimes: readonly RevisionTime[];
  /** It is in the file soon. */
  noteRevisionTimes(notes: readonly RevisionTime[]): void;
  /** Why the file does not follow; undefined: it does. */
  readonly trouble: string | undefined;
  /** Done when all that was put is in the file, or when its disk has been waited for long enough. */
  close(): void | Promise<void>;
}

/** True for what keeps others from an address: a lease or a quarantine that runs, or what a peer has granted. */
export function isHeld({ state, expiresAt }: { state: LeaseState; expiresAt: number }, now: number): boolean {
  return state !== 'free' && state !== 'offered' && expiresAt > now;
}
