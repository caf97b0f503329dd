import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What removes the folder when this process has ended however it did: its standard input ends then. */
const SWEEP = 'cat > /dev/null; sleep 1; rm -rf -- "$1"';

/** Runs something with an empty folder, which is gone afterwards, also where this process is killed. */
export async function withLabFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-lab-'));
  const sweeper = spawn('sh', ['-c', SWEEP, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C at the terminal is ours alone.
  });
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    sweeper.kill('SIGKILL');
  }
}
