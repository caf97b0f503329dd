import { createHash } from 'node:crypto';
import type { Instant } from '../../../lease/lease.ts';
import { diskErrorOf } from '../disk/disk-error.ts';
import { Journal } from './journal.ts';
import { copyAside, type JournalAside, journalOf, prepareJournal } from './journal-file.ts';
import type { Loss } from './journal-recovery.ts';

/** What was wrong with the journal at the start. */
export interface JournalDamage {
  readonly journal: string;
  /** What it looked like, under another name; undefined: it could not be copied. */
  readonly kept: string | undefined;
  /** What was wrong with the file as such; undefined: only batches in it were damaged. */
  readonly reason: string | undefined;
  readonly losses: readonly Loss[];
  /** The batch at its end that is not whole. */
  readonly unfinished: number | undefined;
}

export interface JournalWanted {
  readonly birth: string;
  readonly carried: number | undefined;
  readonly now: Instant;
  readonly seed: number;
  readonly bytes: number;
}

/**
 * Opens the journal of a lease file, or makes it; a damaged one is kept under another name as it was, before anything is
 * written to it. Throws a GatewayError that names the journal.
 */
export function openJournal(
  file: string,
  wanted: JournalWanted,
): { journal: Journal; damage?: JournalDamage } {
  const name = journalOf(file);
  const { birth, carried, now, seed, bytes } = wanted;
  try {
    const aside = prepareJournal(file, birth, now, bytes);
    const journal = new Journal(name, { birth, carried, run: runOf(seed, now) });
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

/** 48 bits; never 0, which no run has. The seed itself stands in no file. */
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
