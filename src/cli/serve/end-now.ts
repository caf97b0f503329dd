import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { complain } from '../output/write-whole.ts';

type Koffi = typeof import('koffi');

/**
 * From now on the process ends at once when it ends, while this is so. Else Node's exit would wait for each thread, and a
 * thread that a disk blocks does not end.
 */
export function endAtOnceWhile(isSo: () => boolean): void {
  const uncaught: unknown[] = [];
  process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));
  process.on('exit', (status) => {
    if (!isSo()) return;
    for (const error of uncaught) complain(`${inspect(error)}\n`); // Node would write it after this.
    endNow(status);
  });
}

/** If the system call is not possible, a signal ends the process, without `status`. */
function endNow(status: number): void {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    koffi.load(null).func('_exit', 'void', ['int'])(status);
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
