import type { Log } from '../../log/log.ts';
import { checkIntegrity } from '../../store/sqlite/salvage/check-integrity.ts';

/** Checks every row of a lease file, in another process, and logs what is found. */
export async function logIntegrity(log: Log, file: string, stopping: AbortSignal): Promise<void> {
  try {
    const problem = await checkIntegrity(file, stopping);
    if (problem === undefined) log.info({ file }, 'the lease file is sound');
    else
      log.error(
        { file, cause: problem, remedy: 'restart: what can be read is kept' },
        'the lease file is damaged',
      );
  } catch (error) {
    if (!stopping.aborted) log.warn({ file, err: error }, 'the lease file could not be checked');
  }
}
