import { readFileSync } from 'node:fs';

/** What has used a processor, in all its threads. */
export interface Consumer {
  nanoseconds(): number;
}

/** Of one tick of /proc/stat. */
const NANOSECONDS = 10_000_000;

/** How busy the rest of the machine is beside some programs and this one: 1 is one processor. */
export class LoadMeter {
  readonly #programs: readonly Consumer[];
  readonly #start = process.hrtime.bigint();
  readonly #busy = busyNanoseconds();
  readonly #own: number;

  constructor(programs: readonly Consumer[]) {
    this.#programs = programs;
    this.#own = this.#ownNanoseconds();
  }

  others(): number {
    const elapsed = Number(process.hrtime.bigint() - this.#start);
    const foreign = busyNanoseconds() - this.#busy - (this.#ownNanoseconds() - this.#own);
    return Math.max(0, foreign / elapsed);
  }

  #ownNanoseconds(): number {
    const { user, system } = process.cpuUsage();
    let sum = (user + system) * 1000;
    for (const program of this.#programs) sum += program.nanoseconds();
    return sum;
  }
}

/** All processors together: user, nice, system, irq, softirq and what the host took away. */
function busyNanoseconds(): number {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .trim()
    .split(/\s+/)
    .map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softirq + steal) * NANOSECONDS;
}
