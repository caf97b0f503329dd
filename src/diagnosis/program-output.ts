import { spawnSync } from 'node:child_process';
import { findProgram } from './find-program.ts';

/** What is read of one program at the most: octets. */
const OUTPUT_LIMIT = 16 << 20;

/** failed: it lacks a right, or what it would read is not there. cut-short: it took too long, or printed without an end. */
export type ProgramOutput =
  | { readonly kind: 'printed'; readonly text: string }
  | { readonly kind: 'not-installed' | 'failed' | 'cut-short' };

/** Runs a program that only prints, and waits for it: for commands, not for the server. */
export function outputOf(name: string, words: readonly string[], milliseconds: number): ProgramOutput {
  const program = findProgram(name);
  if (program === undefined) return { kind: 'not-installed' };
  const { status, stdout, error } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: milliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_LIMIT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const code = error !== undefined && 'code' in error ? error.code : undefined;
  if (code === 'ETIMEDOUT' || code === 'ENOBUFS') return { kind: 'cut-short' };
  return status === 0 ? { kind: 'printed', text: stdout } : { kind: 'failed' };
}
