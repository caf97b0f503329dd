import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/**
 * Ends the process at once. Node's `process.exit` waits for each thread, and a thread that a disk blocks does not end. If
 * the system call is not possible, a signal ends the process, without `status`.
 */
export function endNow(status: number): void {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    koffi.load(null).func('_exit', 'void', ['int'])(status);
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
