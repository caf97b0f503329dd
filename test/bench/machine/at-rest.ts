import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';

/** Bytes that belong to this process alone, and all that are resident. */
export function memoryOf(pid: number): { readonly own: number; readonly resident: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sum = (name: RegExp) =>
    [...text.matchAll(name)].reduce((total, [, kilobytes]) => total + Number(kilobytes), 0) * 1024;
  return { own: sum(/^Private_\w+: +(\d+) kB$/gm), resident: sum(/^Rss: +(\d+) kB$/gm) };
}

/** How often a second a thread of the process wakes up. */
export async function wakeUpsOf(pid: number, seconds: number): Promise<number> {
  const before = switchesOf(pid);
  await pass(seconds * 1000);
  const after = switchesOf(pid);
  let sum = 0;
  for (const [task, count] of after) sum += count - (before.get(task) ?? 0);
  return sum / seconds;
}

/** How often each thread has waited for something. */
function switchesOf(pid: number): ReadonlyMap<string, number> {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return new Map(
    tasks.map((task) => {
      const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
      return [task, Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1])];
    }),
  );
}
