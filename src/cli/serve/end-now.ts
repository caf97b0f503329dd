import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/**
 * Ends the process at once, whatever its threads do: Node's own `process.exit` waits for each of them, and one that a
 * disk holds answers nobody. Where the system call cannot be made, a signal does it, and `status` is not seen.
 */
export function endNow(status: number): void {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    koffi.load(null).func('_exit', 'void', ['int'])(status);
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
