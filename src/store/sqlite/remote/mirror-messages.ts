import type { ErrorCode } from '../../../errors.ts';
import type { ClockNote } from '../../../lease/clock-note.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import type { Say } from '../../../log/say.ts';
import type {
  KeptLease,
  MirroredChange,
  MirroredReservation,
  MirrorPosition,
  RevisionTime,
} from '../../mirror.ts';
import type { Lacking } from '../maintenance/mirror-file.ts';
import type { Opening } from '../opening.ts';

// What a gateway's thread and that of its mirror's file say to each other; all of it can be cloned.

/** What a lease file had when it was opened. */
export interface MirrorContents {
  readonly opening: Opening;
  readonly position: MirrorPosition | undefined;
  readonly leases: readonly KeptLease[];
  readonly reservations: readonly Reservation[];
  readonly clockNote: ClockNote | undefined;
  readonly revisionTimes: readonly RevisionTime[];
}

/** The newest of each, if it is newer than what was sent before. */
export interface MirrorNotes {
  readonly position?: MirrorPosition;
  readonly quorum?: { readonly hasQuorum: boolean; readonly now: Instant };
  readonly clockNote?: ClockNote;
  readonly revisionTimes?: readonly RevisionTime[];
  /** Reservations that have changed since what was sent before, each once. */
  readonly reservations?: readonly MirroredReservation[];
  /** All leases have been sent since that loss. */
  readonly completed?: Lacking;
}

/**
 * write: answered by `taken`, also if it has no changes; an urgent one only when the file has all of it. close: all that came
 * before is written, and the thread ends.
 */
export type ToMirror =
  | {
      readonly kind: 'write';
      readonly changes: readonly MirroredChange[];
      readonly notes: MirrorNotes;
      readonly isUrgent: boolean;
    }
  | { readonly kind: 'close' };

/** taken, with `lacking`: the file has lost leases and asks for all of them. failed: a mistake of ours has ended the thread. */
export type FromMirror =
  | ({ readonly kind: 'opened' } & MirrorContents)
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  | {
      readonly kind: 'taken';
      readonly trouble: string | undefined;
      readonly lacking: Lacking | undefined;
      /** It was urgent, and the file has all that was put. */
      readonly isComplete: boolean;
    }
  | {
      readonly kind: 'say';
      readonly level: Parameters<Say>[0];
      readonly fields: object;
      readonly message: string;
    }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'ended' };

/** One end of the way between the two; what comes before `hear` is called waits for it. */
export interface MirrorPort<Sent, Received> {
  post(message: Sent): void;
  /** The last one that is passed hears all. */
  hear(take: (message: Received) => void): void;
}

/** The gateway's end. After `ended` nothing comes. */
export type MirrorThreadPort = MirrorPort<ToMirror, FromMirror>;
