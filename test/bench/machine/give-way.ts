import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** By which the thread of the API is known, and how far it stands behind the server in service. */
export const MANAGEMENT_NICE = 10;

/**
 * Threads inherit the real-time priority that a benchmark may have, and nice says nothing then: the thread of the API gets the
 * ordinary one. It keeps its distance from a server that goes before whatever else the machine does; else all of that would
 * stand between the two.
 */
export function giveWay(pid: number): void {
  const ofServer = niceOf(pid, pid);
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    if (niceOf(pid, task) !== MANAGEMENT_NICE) continue;
    execFileSync('chrt', ['--other', '--pid', '0', task]);
    execFileSync('renice', ['-n', String(ofServer + MANAGEMENT_NICE), '-p', task], { stdio: 'ignore' });
  }
}

function niceOf(pid: number, task: number | string): number {
  const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1');
  return Number(stat.replace(/^.*\) /, '').split(' ')[16]);
}
