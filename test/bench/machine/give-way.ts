import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** By which the thread of the API is known. */
const MANAGEMENT_NICE = 10;

/**
 * Threads inherit the real-time priority that a benchmark may have, and nice says nothing then: the thread of the API gets the
 * one that it has in service.
 */
export function giveWay(pid: number): void {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1');
    if (Number(stat.replace(/^.*\) /, '').split(' ')[16]) !== MANAGEMENT_NICE) continue;
    execFileSync('chrt', ['--other', '--pid', '0', task]);
  }
}
