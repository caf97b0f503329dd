import { createHash } from 'node:crypto';
import type { Instant } from '../../../lease/lease.ts';
import { diskErrorOf } from '../disk/disk-error.ts';
import { Journal } from './journal.ts';
import { copyAside, type JournalAside, journalOf, prepareJournal } from './journal-file.ts';
import type { Loss } from './journal-recovery.ts';

/** What was wrong with the journal at the start. */
export interface JournalDamage {
  readonly journal: string;
  /** The file that has what it looked like; undefined: it could not be copied. */
  readonly kept: string | undefined;
  /** What was wrong with the file itself; undefined: only batches in it were damaged. */
  readonly reason: string | undefined;
  readonly losses: readonly Loss[];
  /** The sequence of a batch at its end that is not whole; undefined: there is none. */
  readonly unfinished: number | undefined;
}

export interface OpenJournalOptions {
  /** The id of the lease file. */
  readonly fileId: string;
  /** The sequence of the last batch that is in the lease file; undefined: the file does not know. */
  readonly applied: number | undefined;
  readonly now: Instant;
  /** A whole number that nobody else knows. */
  readonly seed: number;
  /** The whole size of a journal; a new one is smaller at first. */
  readonly bytes: number;
}

/**
 * Opens the journal of a lease file, or makes it. A damaged journal is first copied or renamed, as it was.
 *
 * @throws GatewayError that names the journal: 'store-unusable' or 'store-failed'.
 */
export function openJournal(
  file: string,
  options: OpenJournalOptions,
): { journal: Journal; damage?: JournalDamage } {
  const name = journalOf(file);
  const { fileId, applied, now, seed, bytes } = options;
  try {
    const { isNew, aside } = prepareJournal(file, fileId, now, bytes);
    const journal = new Journal(name, { fileId, applied, run: runOf(seed, now), isNew });
    try {
      const damage = damageOf(name, journal, aside, now);
      return damage === undefined ? { journal } : { journal, damage };
    } catch (error) {
      journal.close();
      throw error;
    }
  } catch (cause) {
    throw diskErrorOf(name, cause);
  }
}

/** The number of this run: 48 bits, never 0. The seed cannot be computed from it. */
export function runOf(seed: number, now: Instant): number {
  return createHash('sha256').update(`journal ${seed} ${now}`).digest().readUIntBE(0, 6) + 1;
}

function damageOf(
  name: string,
  journal: Journal,
  aside: JournalAside | undefined,
  now: Instant,
): JournalDamage | undefined {
  const { losses, unfinished } = journal.found;
  const isDamaged = losses.length > 0 || unfinished !== undefined;
  if (aside === undefined && !isDamaged) return undefined;
  const kept = aside === undefined ? copyAside(name, 'damaged', now) : aside.file;
  return { journal: name, kept, reason: aside?.reason, losses, unfinished };
}
