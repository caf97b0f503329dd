import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayProcess } from './gateway-process.ts';

/** Tampers with what a gateway that runs does to its journal, or to another file of its directory, until it is stopped. */
export async function injectInto(
  gateway: GatewayProcess,
  fault: string,
  file = 'leases.journal',
): Promise<ChildProcess> {
  const calls = fault.split(':')[0] ?? '';
  const flags = [
    '-f',
    '-q',
    '-P',
    join(gateway.directory, file),
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${fault}`,
    '-o',
    '/dev/null',
  ];
  const strace = spawn('strace', [...flags, '-p', String(gateway.pid)], { stdio: 'ignore' });
  await gateway.until('strace held it', () => /^TracerPid:\s+[1-9]/m.test(statusOf(gateway)));
  return strace;
}

/** Ends the tampering. */
export async function stop(strace: ChildProcess): Promise<void> {
  const end = once(strace, 'exit');
  strace.kill('SIGINT');
  await end;
}

/** /proc/<pid>/status. */
export function statusOf(gateway: GatewayProcess): string {
  return readFileSync(`/proc/${gateway.pid}/status`, 'latin1');
}
