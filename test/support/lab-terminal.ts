import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { eventually } from './eventually.ts';
import { builtProgram } from './gateway-process.ts';

/** The lab at a terminal. `script` is of the package bsdutils, which Debian always has. */
export class LabTerminal {
  readonly #child;
  #text = '';

  /**
   * @param statusFile Gets the exit status of the lab, also where the terminal is gone by then. The kernel tells only the shell that
   *   runs the lab that it is gone.
   * @param under The command that runs the lab.
   */
  constructor(columns: number, { statusFile, under = '' }: { statusFile?: string; under?: string } = {}) {
    const lab = `${under} '${process.execPath}' '${builtProgram()}' lab`;
    const kept = statusFile === undefined ? `exec ${lab}` : `trap : HUP; ${lab}; echo $? > '${statusFile}'`;
    const command = `stty cols ${columns} && { ${kept}; }`;
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (part: string) => (this.#text += part));
  }

  /** What it has shown, with its colours. */
  get colouredLines(): readonly string[] {
    return this.#text.replaceAll('\r', '').split('\n');
  }

  get lines(): readonly string[] {
    return this.colouredLines.map(stripVTControlCharacters);
  }

  press(key: string): void {
    this.#child.stdin.write(key);
  }

  until(what: RegExp): Promise<boolean> {
    const shown = () => this.lines.join('\n');
    return eventually(`${what} was shown`, () => what.test(shown()), 60_000, shown);
  }

  /** The terminal is closed, as the end of an SSH connection does it. */
  hangUp(): void {
    this.#child.kill('SIGKILL');
  }

  async ended(): Promise<number> {
    const [status] = await once(this.#child, 'close');
    return Number(status);
  }
}
