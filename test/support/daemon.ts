import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';

/** A program in a machine of the segment, whose output goes into a file. */
export class Daemon {
  readonly #host: NamespaceHost;
  readonly #output: string;
  #child: ChildProcess | undefined;

  constructor(host: NamespaceHost, output: string) {
    this.#host = host;
    this.#output = output;
  }

  start(command: string, ...args: readonly string[]): void {
    const output = openSync(this.#output, 'a');
    this.#child = this.#host.spawn(command, args, { stdio: ['ignore', output, output] });
    closeSync(output);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'exit');
    child.kill(signal);
    await end;
  }

  /** The end of what it has written. */
  story(): string {
    if (!existsSync(this.#output)) return '';
    return readFileSync(this.#output, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  }
}

/** A file as a machine of the segment sees it: its folders are not those of this machine. */
export function fileOf(host: NamespaceHost, ...path: readonly string[]): string {
  return join(`/proc/${host.pid}/root`, ...path);
}

/** Neither udev nor anybody else's settings: a read-only /sys tells both daemons that there is no udev here. */
export function hideMachine(host: NamespaceHost, ...folders: readonly string[]): void {
  host.run('mount', '-o', 'remount,bind,ro', '/sys');
  for (const folder of folders) host.run('mount', '-t', 'tmpfs', 'tmpfs', folder);
}
