import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GatewayError } from '../../errors.ts';

/** A disk that has not answered for so long is not waited for: milliseconds. */
const PATIENCE = 4000;

const REMEDY =
  'see to the disk (dmesg, iostat -x; `fsfreeze -u` if it was frozen); `vps-gateway health` asks the gateway itself';

/**
 * Refuses a directory whose file system takes no writes at all: a frozen one, a disk that hangs. If the directory is not
 * there, the nearest one above it counts. For commands that would hang with it. It is tried by setting a time of the directory
 * that nobody reads. If the user may not write there, that fails at once, and counts as an answer.
 *
 * @throws GatewayError 'store-failed'
 */
export async function refuseSilentDisk(wanted: string): Promise<void> {
  const path = resolve(wanted);
  if (!(await canTouch(path))) throw silent(wanted);
  let nearest = path; // What is below it takes no longer to be looked up than it did to touch it.
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (nearest !== path && !(await canTouch(nearest))) throw silent(wanted);
}

/**
 * Another process does it: no thread that the kernel holds can be ended, and no process with one. It ends when the disk
 * goes on, after us. True too where it cannot be tried.
 */
function canTouch(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const child = spawn('touch', ['-a', '-c', '--', path], { stdio: 'ignore', cwd: '/' });
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      answer(false);
    }, PATIENCE);
    const done = () => {
      clearTimeout(limit);
      answer(true);
    };
    child.once('error', done);
    child.once('exit', done);
  });
}

function silent(directory: string): GatewayError {
  const seconds = PATIENCE / 1000;
  return new GatewayError(
    'store-failed',
    `${directory}: its disk has not answered for ${seconds} s, so the lease file is not read: ${REMEDY}`,
  );
}
