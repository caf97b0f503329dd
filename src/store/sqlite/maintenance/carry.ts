import type { Clock } from '../../../lease/clock.ts';
import type { LeaseFiles } from './lease-files.ts';

/** As much is done at once: milliseconds. */
const AT_ONCE = 1;
/** Time for packets between two pieces: milliseconds. */
const PAUSE = 1;

/**
 * Applies the journal to the lease file until the file has all that was committed before the call. Packets are read
 * between the pieces, each of which is about a millisecond.
 *
 * @param files The files now: they are others when they were lost and made anew.
 * @returns False if it has not come so far within the time, or fails.
 */
export async function carry(files: () => LeaseFiles, clock: Clock, milliseconds: number): Promise<boolean> {
  const { journal, applier } = files();
  const mark = journal.sequence;
  const end = clock.monotonic() + milliseconds;
  while (applier.applied < mark) {
    const begun = clock.monotonic();
    do {
      if (files().applier !== applier || !files().maintenance.applySome(clock.now())) return false;
    } while (applier.applied < mark && clock.monotonic() - begun < AT_ONCE);
    if (applier.applied >= mark) return true;
    if (clock.monotonic() >= end) return false;
    await new Promise<void>((resolve) => clock.after(PAUSE, resolve));
  }
  return true;
}
