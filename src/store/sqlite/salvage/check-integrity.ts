import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./integrity-process.js', import.meta.url));

/**
 * The full check of a lease file, beside the running server: resolves to what is wrong, or undefined for a sound file.
 * Rejects if the check itself cannot be done, and if it is aborted.
 */
export function checkIntegrity(file: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, file], { signal, killSignal: 'SIGKILL' }, (error, output) => {
      if (error !== null) reject(error);
      else resolve(output.trim() || undefined);
    });
  });
}
