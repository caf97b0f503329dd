import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./integrity-process.js', import.meta.url));

/**
 * Checks a whole lease file in a process of its own, beside the running server. Resolves to what is wrong; undefined: the
 * file is sound. Rejects if the check cannot be done, and if it is aborted.
 */
export function checkIntegrity(file: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, file], { signal, killSignal: 'SIGKILL' }, (error, output) => {
      if (error !== null) reject(error);
      else resolve(output.trim() || undefined);
    });
  });
}
