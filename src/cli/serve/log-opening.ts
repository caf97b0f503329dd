import type { Logger } from '../../log/logger.ts';
import type { JournalDamage } from '../../store/sqlite/journal/open-journal.ts';
import type { Opening } from '../../store/sqlite/opening.ts';

/** Logs what was found in the lease file and its journal at the start. */
export function logOpening(
  log: Logger,
  { file, loaded, skipped, setAside, copy, journalDamage }: Opening,
): void {
  if (setAside !== undefined) {
    const { salvaged, reason, file: damaged } = setAside;
    log.error(
      { damaged, cause: reason, ...salvaged },
      'the lease file was damaged: it is set aside, and what could be read is kept',
    );
  }
  if (copy !== undefined)
    log.info({ copy }, 'the lease file has a new schema; a copy of the old one is kept');
  if (journalDamage !== undefined) logJournalDamage(log, journalDamage);
  if (skipped > 0) log.warn({ file, skipped }, 'rows of the lease file that are none of ours are left alone');
  log.info({ file, ...loaded }, 'leases loaded');
}

/** Logs the numbers of the lost batches. The whole batches are in use already. */
function logJournalDamage(log: Logger, { journal, kept, reason, losses, unfinished }: JournalDamage): void {
  const file = kept === undefined ? { journal, kept: 'no room' } : { journal, kept };
  if (reason !== undefined)
    log.error(
      { ...file, cause: reason },
      'the journal was not usable as it was: it is set aside, and what is whole in it is used',
    );
  for (const { first, last, records } of losses) {
    const batches = { firstBatch: first, lastBatch: last, recordsAtMost: records ?? 'not known' };
    log.error(
      { ...file, ...batches },
      'batches of the journal are lost: leases in them are as they were before; all others are used',
    );
  }
  if (unfinished !== undefined)
    log.warn(
      { ...file, batch: unfinished },
      'the last batch of the journal is not whole: it is lost, or the power went before anybody was promised anything of it',
    );
}
