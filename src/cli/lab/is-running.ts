import type { ChildProcess } from 'node:child_process';

/** False once it has ended, by itself or by a signal. */
export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
