import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** How often the time that a program has used is looked at, for when it has ended: milliseconds. */
const SAMPLE = 50;
/** Server and clients come before whatever else the machine does. */
export const NICE = ['nice', '-n', '-10'];
/**
 * The same, and no real-time priority even where the bench has one: processes of that priority that share a processor take
 * turns of 100 ms (/proc/sys/kernel/sched_rr_timeslice_ms), and what goes from one to the other and back takes as long.
 */
export const ORDINARY = ['chrt', '--other', '0', ...NICE];

export interface ProgramOptions {
  /** A network namespace, or the process in whose it is; undefined: ours. */
  readonly namespace?: string | number;
  /** The processor that it may use; undefined: all. */
  readonly processor?: number;
  /** File for both outputs; undefined: they are kept, for `output`. */
  readonly log?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs it; NICE by default. */
  readonly under?: readonly string[];
}

/** Time of all threads of a process on a processor; 0: it has just ended, or a thread of it. */
export function nanosecondsOf(pid: number): number {
  try {
    let sum = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
    return sum;
  } catch {
    return 0;
  }
}

function entering(namespace: string | number | undefined): readonly string[] {
  if (namespace === undefined) return [];
  if (typeof namespace === 'string') return ['ip', 'netns', 'exec', namespace];
  return ['nsenter', '--target', String(namespace), '--net', '--mount', '--'];
}

const RUNNING = new Set<Program>();

/** Kills whatever still runs; for the end of this process, however it comes. */
export function killAll(): void {
  for (const program of RUNNING) program.signal('SIGKILL');
}

/** A process of ours, and what it has used. Each word of the command is replaced by the next, so the pid stays. */
export class Program {
  readonly pid: number;
  readonly startedAt = process.hrtime.bigint();
  /** Set when it has ended. */
  status: number | string | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #sampling: NodeJS.Timeout;
  #output = '';
  #nanoseconds = 0;

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    const { namespace, processor, log, environment, under = NICE } = options;
    const words = [
      ...entering(namespace),
      ...under,
      ...(processor === undefined ? [] : ['taskset', '-c', String(processor)]),
      ...command,
    ];
    const target = log === undefined ? 'pipe' : openSync(log, 'a');
    this.#child = spawn(words[0] ?? '', words.slice(1), {
      stdio: ['ignore', target, target],
      // Not the variables of a shell, which no service has: with NODE_EXTRA_CA_CERTS alone Node.js starts 40 ms later.
      env: { PATH: process.env['PATH'], ...environment },
    });
    if (typeof target === 'number') closeSync(target);
    const keep = (text: Buffer) => {
      this.#output += text.toString();
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.pid = this.#child.pid ?? 0;
    RUNNING.add(this);
    this.#sampling = setInterval(() => this.nanoseconds(), SAMPLE);
    this.#ended = new Promise((resolve) => {
      const end = (status: number | string) => {
        this.status = status;
        clearInterval(this.#sampling);
        RUNNING.delete(this);
        resolve();
      };
      this.#child.once('error', (error) => end(error.message));
      this.#child.once('close', (status, signal) => end(status ?? signal ?? 'unknown'));
    });
  }

  /** What it has written so far. */
  get output(): string {
    return this.#output;
  }

  /** Time of all its threads on a processor, its own system calls included; after its end what was last seen. */
  nanoseconds(): number {
    this.#nanoseconds = Math.max(this.#nanoseconds, nanosecondsOf(this.pid));
    return this.#nanoseconds;
  }

  /** Bytes: the most that were resident, and those that are. */
  memory(): { readonly peak: number; readonly resident: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return { peak: kilobytes('VmHWM') * 1024, resident: kilobytes('VmRSS') * 1024 };
  }

  signal(signal: NodeJS.Signals): void {
    if (this.status === undefined) this.#child.kill(signal);
  }

  /** Resolves when it has ended by itself. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Ends it: asked first, and killed after two seconds. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), 2000);
    await this.#ended;
    clearTimeout(timer);
  }
}
