import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { complain } from '../output/write-whole.ts';

type Koffi = typeof import('koffi');

/**
 * Makes the exit of the process wait for no thread, if `isRunning` is true by then. Node.js would wait for each thread, and a
 * thread that a disk blocks does not end.
 *
 * @param isRunning True while the thread in question runs. Asked at the exit.
 */
export function endAtOnceWhile(isRunning: () => boolean): void {
  const uncaught: unknown[] = [];
  process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));
  process.on('exit', (status) => {
    if (!isRunning()) return;
    for (const error of uncaught) complain(`${inspect(error)}\n`); // Node.js would write it after this listener.
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
