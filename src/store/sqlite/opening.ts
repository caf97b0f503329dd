import type { StoredState } from '../../lease/stored-state.ts';
import type { JournalDamage } from './journal/open-journal.ts';
import type { SetAside } from './salvage/set-aside.ts';

/** What was found when a lease file was opened, for the log. */
export interface Opening {
  readonly file: string;
  /** The id of this file, from when it was made. */
  readonly fileId: string;
  readonly loaded: Readonly<Record<StoredState, number>>;
  /** Rows that no version of this program has written. They stay in the file, unused. */
  readonly skipped: number;
  /** The damaged file that was set aside; undefined: the file was sound. */
  readonly setAside: SetAside | undefined;
  /** The name of the copy from before a migration; undefined: there was none. */
  readonly copy: string | undefined;
  /** What was wrong with the journal; undefined: nothing, or there was no journal. */
  readonly journalDamage: JournalDamage | undefined;
}
