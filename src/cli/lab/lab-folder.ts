import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';

/** Removes the folder when this process has ended, also by SIGKILL: then standard input ends. */
const REMOVE = 'cat > /dev/null; sleep 1; rm -rf -- "$1"';

const FULL = ['ENOSPC', 'EDQUOT'] as const;
const ELSEWHERE = 'name another folder (TMPDIR=/var/tmp vps-gateway lab)';

/**
 * Runs something with an empty folder, which is gone afterwards, also where this process is killed.
 *
 * @param room How many bytes it will take.
 * @throws GatewayError lab-unavailable: there is not as much room, or no folder can be made.
 */
export async function withLabFolder<Result>(
  room: number,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = madeFolder(room);
  const remover = spawn('sh', ['-c', REMOVE, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Or Ctrl-C at the terminal would end it too.
  });
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    remover.kill('SIGKILL');
  }
}

function madeFolder(room: number): string {
  const parent = tmpdir();
  try {
    const { bavail, bsize } = statfsSync(parent);
    if (bavail * bsize >= room) return mkdtempSync(join(parent, 'vps-gateway-lab-'));
    const free = `${parent} has ${megabytes(bavail * bsize)} free, and the lab needs ${megabytes(room)}`;
    throw new GatewayError('lab-unavailable', `${free}: ${ELSEWHERE}`);
  } catch (error) {
    throw error instanceof GatewayError ? error : noFolder(error);
  }
}

/** What is thrown where a file of the lab cannot be written, because its disk is full. Another error is given back. */
export function fullDisk(error: unknown): unknown {
  const isFull = error instanceof Error && 'code' in error && FULL.some((code) => code === error.code);
  return isFull ? noFolder(error) : error;
}

function noFolder(error: unknown): GatewayError {
  const why = error instanceof Error ? error.message : String(error);
  const text = `the lab cannot keep its files in ${tmpdir()} (${why}): ${ELSEWHERE}`;
  return new GatewayError('lab-unavailable', text, error);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
