import type { StoredState } from '../../lease/stored-state.ts';
import type { JournalDamage } from './journal/open-journal.ts';
import type { SetAside } from './salvage/set-aside.ts';

/** What was found at the start, for the log. */
export interface Opening {
  readonly file: string;
  /** This file's own name, from when it was made. */
  readonly birth: string;
  readonly loaded: Readonly<Record<StoredState, number>>;
  /** Rows that no version of this program has written; they are left as they are, and not used. */
  readonly skipped: number;
  /** The damaged file that was put aside. */
  readonly setAside: SetAside | undefined;
  /** The copy made before a migration. */
  readonly copy: string | undefined;
  /** What was wrong with the journal; undefined: it was whole, or there was none. */
  readonly journalDamage: JournalDamage | undefined;
}
