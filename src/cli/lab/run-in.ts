import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NamespaceHost } from './namespace-host.ts';

/** How long a command may take: milliseconds. */
const PATIENCE = 40_000;

export interface Ran {
  /** -1: it took too long, or was killed. */
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command to its end, in a machine of a segment or here. Unlike `host.run` it does not block the thread. */
export async function runIn(
  host: NamespaceHost | undefined,
  [command = '', ...args]: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Ran> {
  const start = host?.spawn.bind(host) ?? spawn;
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  let [output, errors] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    errors += part;
  });
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
  }
  return { status: child.exitCode ?? -1, output, errors };
}
