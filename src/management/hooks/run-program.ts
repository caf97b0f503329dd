import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { readable } from '../../wire/readable-text.ts';
import type { Delivery, DeliveryOutcome } from './outlet.ts';

/** Octets of its standard error that are read; a program that writes more is cut off from it. */
const MOST_OUTPUT = 65_536;
/** Characters of its last line that are shown. */
const MOST_SHOWN = 200;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ProgramOptions {
  /** An absolute path. */
  readonly program: string;
  readonly milliseconds: number;
  /** The leases directory, which commands that it runs may need. */
  readonly directory: string;
}

/**
 * Runs a program for each document, which it gets on its standard input. No shell is between; of this process it gets neither
 * environment nor open files. It leads a process group of its own, which is killed when its time is over, and when it
 * ends: nothing of a run is left for the next one, but what has gone into a session of its own.
 */
export function programDelivery({ program, milliseconds, directory }: ProgramOptions): Delivery {
  let running: ChildProcess | undefined;
  return {
    name: 'hook',
    target: program,
    deliver: ({ text }) =>
      new Promise((resolve) => {
        let child: Program;
        try {
          child = start(program, directory);
        } catch (error) {
          return resolve(notRun(error as Error)); // As ETXTBSY, where somebody writes it just now.
        }
        running = child;
        let isOver = false;
        const timer = setTimeout(() => {
          isOver = true;
          endGroup(child, 'SIGKILL');
        }, milliseconds);
        const lastLine = lastLineOf(child.stderr);
        const settle = (outcome: DeliveryOutcome) => {
          clearTimeout(timer);
          running = undefined;
          // What it has left in a session of its own may hold the other ends for ever.
          child.stdin?.destroy();
          child.stderr?.destroy();
          resolve(outcome);
        };
        child.on('error', (error) => settle(notRun(error)));
        child.on('exit', (status, signal) => {
          endGroup(child, 'SIGKILL');
          if (status === 0) return settle({ kind: 'taken' });
          const ending = signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`;
          const cause = isOver ? `it took more than ${milliseconds / 1000} seconds and was killed` : ending;
          // What it has written last may still be on its way.
          setImmediate(() => settle(failed([cause, ...lastLine()].join(': '), isOver)));
        });
        child.stdin?.on('error', () => {}); // It need not read.
        child.stdin?.end(text);
      }),
    end: () => running !== undefined && endGroup(running, 'SIGTERM'),
  };
}

/** Without pipes, where this process may open no more files; an `error` follows then. */
type Program = ChildProcess & { readonly stdin?: Writable; readonly stderr?: Readable };

function start(program: string, directory: string): Program {
  return spawn(program, [], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true, // setsid(2): a group of its own.
    cwd: '/',
    env: { PATH, LANG: 'C.UTF-8', GATEWAY_DHCP_LEASES_DIR: directory },
  });
}

function notRun({ message }: Error): DeliveryOutcome {
  return failed(`it cannot be run: ${message}`);
}

function failed(cause: string, isTimeout = false): DeliveryOutcome {
  return { kind: 'failed', cause, isTimeout, mayRepeat: false };
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

/** Reads up to a bound, and keeps the last line that is not empty. Who writes on after that gets SIGPIPE. */
function lastLineOf(stream: Readable | undefined): () => readonly string[] {
  let read = 0;
  let text = '';
  let isCut = false;
  stream?.on('error', () => {});
  stream?.on('data', (octets: Buffer) => {
    read += octets.length;
    text = (text + octets.toString('latin1')).slice(-4 * MOST_SHOWN);
    if (read < MOST_OUTPUT) return;
    isCut = true;
    stream.destroy();
  });
  return () => {
    const line = Buffer.from(text, 'latin1').toString('utf8').trimEnd().split('\n').at(-1)?.trim() ?? '';
    const shown = readable(line).slice(-MOST_SHOWN);
    return isCut ? [`its output was cut after ${read} octets`, shown] : shown === '' ? [] : [shown];
  };
}
