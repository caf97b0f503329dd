import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Removes the folder when this process has ended, also by SIGKILL: then standard input ends. */
const REMOVE = 'cat > /dev/null; sleep 1; rm -rf -- "$1"';

/** Runs something with an empty folder, which is gone afterwards, also where this process is killed. */
export async function withLabFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-lab-'));
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
