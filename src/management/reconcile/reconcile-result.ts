import type { ReservationProgress } from '../../engine/order/reservation-order.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation, ReservationSource } from '../../lease/reservation/reservation.ts';
import type { MemberChange } from '../../lease/reservation/reservation-changes.ts';
import type { ReservationResult } from '../../server/order/reservation-intake.ts';
import type { Unexplained } from '../../server/order/unexplained.ts';

/** All reservations that are to have a label of this value. */
export interface Scope {
  readonly label: string;
  readonly value: string;
}

export interface ReconcileRequest extends OrderedBy {
  /** Undefined: the entries are put as they are, and nothing is removed. */
  readonly scope: Scope | undefined;
  /** Each as JSON, with its id. One without the scope's label gets it. */
  readonly entries: readonly unknown[];
  readonly source?: ReservationSource;
  /** Only reservations of this source are removed; absent: of any but the settings file. */
  readonly onlyOf?: ReservationSource;
  /** True: it is said what would happen, and nothing is written. */
  readonly isDryRun?: boolean;
  /** True: an empty set removes all of the scope. */
  readonly mayBeEmpty?: boolean;
}

/** An entry that is not as it should be; it changes nothing else. */
export interface RefusedEntry {
  /** Its position in the request, from 0; undefined: of a reservation that was to be removed. */
  readonly entry: number | undefined;
  readonly id: string | undefined;
  readonly refusal:
    | Extract<ReservationResult, { outcome: 'refused' }>['refusal']
    | { readonly why: 'conflict' | 'failed' | 'unknown' };
}

/** One entry that is as it should be now. */
export interface ReconciledEntry extends ReservationProgress {
  /** Its position in the request, from 0. */
  readonly entry: number;
  readonly id: OutsideId;
  readonly address: Reservation['address'];
  /** What was changed; none of one that is new. */
  readonly changes: readonly MemberChange[];
}

/** One that is not any more. */
export type RemovedEntry = Pick<ReconciledEntry, 'id' | 'address'>;

export type ReconcileResult =
  | {
      readonly kind: 'done';
      readonly added: readonly ReconciledEntry[];
      readonly changed: readonly ReconciledEntry[];
      readonly unchanged: readonly ReconciledEntry[];
      readonly removed: readonly RemovedEntry[];
      readonly refused: readonly RefusedEntry[];
      /** Leases that run, and that no reservation explains; without a scope they are not looked for. */
      readonly unexplained: Unexplained;
    }
  /** empty: the set has no entries, and `mayBeEmpty` was not true. stopped: the server is not running. */
  | { readonly kind: 'empty' | 'stopped' };
