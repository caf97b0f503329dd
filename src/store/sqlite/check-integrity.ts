import { Worker } from 'node:worker_threads';

/**
 * The full check of a lease file, beside the running server: resolves to what is wrong, or undefined for a sound file.
 * Rejects if the check itself cannot be done.
 */
export function checkIntegrity(file: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./integrity-worker.js', import.meta.url), { workerData: file });
    worker.unref(); // It keeps no server from ending.
    worker.once('message', (problem: unknown) => resolve(typeof problem === 'string' ? problem : undefined));
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the check ended without a word')));
  });
}
