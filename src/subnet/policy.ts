import type { ReservationEntry } from '../lease/reservation/reservation.ts';
import type { ClientClass } from './client-class.ts';
import { NO_TERMS, type OwnTerms } from './own-terms.ts';

/** What a segment's settings file says of its guests, beside the settings that have variables. */
export interface Policy {
  /** For all guests of the segment. */
  readonly terms: OwnTerms;
  /** In the order of the file: of two that say the same, the first one counts. */
  readonly classes: readonly ClientClass[];
  readonly reservations: readonly FileReservation[];
  /** All of it as texts, in the order of their names. */
  readonly said: readonly SaidInFile[];
}

/** A reservation of the file; it has an address. */
export interface FileReservation {
  readonly entry: ReservationEntry;
  /** `/etc/vps-gateway/settings.yaml:4:11` (line, column). */
  readonly place: string;
}

/** One thing that a file says. */
export interface SaidInFile {
  /** `options.log_servers`, `classes.pxe`, `pxe.next_server`. */
  readonly name: string;
  /** Equal where two files say the same. */
  readonly text: string;
  /** `/etc/vps-gateway/settings.yaml:4:11` (line, column). */
  readonly place: string;
}

export const NO_POLICY: Policy = { terms: NO_TERMS, classes: [], reservations: [], said: [] };
