import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { ip } from './packet.ts';

/** Of the package, also for what is compiled into a folder of it. */
const ROOT = packageOf(import.meta.dirname);
const PROGRAM = join(ROOT, 'bin/vps-gateway.js');
/** How long a start or an end may take: milliseconds. */
const PATIENCE_MILLISECONDS = 30_000;

export interface GatewayOptions {
  /** Of leases.sqlite. */
  readonly directory: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** A command that runs the gateway's command: strace and its flags. */
  readonly under?: readonly string[];
  /** For Node. */
  readonly nodeOptions?: readonly string[];
  readonly args?: readonly string[];
  /** What it writes is appended to this file too. */
  readonly logFile?: string;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** The real program in a machine of a segment. */
export class GatewayProcess {
  /** Its log; lines that are no JSON are in `words`. */
  readonly log: LogLine[] = [];
  readonly words: string[] = [];
  /** Of leases.sqlite. */
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #logFile: string | undefined;

  constructor(host: NamespaceHost, options: GatewayOptions) {
    this.directory = options.directory;
    this.#logFile = options.logFile;
    const command = [
      ...(options.under ?? []),
      process.execPath,
      ...(options.nodeOptions ?? []),
      builtProgram(),
      'serve',
      ...(options.args ?? []),
    ];
    this.#child = host.spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: gatewayEnvironment(options.directory, options.settings),
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#read(line));
    }
  }

  /** Starts the program and waits until it listens on the address. */
  static async start(
    host: NamespaceHost,
    options: GatewayOptions,
    address = '10.15.3.10',
  ): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(host, options);
    await gateway.untilListening(address);
    return gateway;
  }

  /** Of the program itself, or of the command that it runs under. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until something is so; throws with the log's end if the program ends before, or it takes too long. */
  async until(what: string, isSo: () => boolean, milliseconds = PATIENCE_MILLISECONDS): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!isSo()) {
      if (this.hasEnded || Date.now() > end) {
        const story = [...this.words, ...this.log.map((line) => JSON.stringify(line))].slice(-20).join('\n');
        const fate = this.hasEnded ? 'the gateway ended' : `${milliseconds} ms passed`;
        throw new Error(`${fate} before ${what}:\n${story}`);
      }
      await delay(5);
    }
  }

  /** Broadcast socket and listen address: by the kernel's table, not by what the program says of itself. */
  async untilListening(address: string): Promise<void> {
    await this.until(`it listened on ${address}`, () => this.isListening(address));
  }

  /** Its management thread starts beside the packets' one, so that the first answers may come before its API is there. */
  async untilManaged(): Promise<void> {
    await this.until('its API was there', () => existsSync(join(this.directory, API_SOCKET)));
  }

  isListening(address: string): boolean {
    const table = this.udpTable();
    return table.includes(endpoint(address)) && table.includes(endpoint('255.255.255.255'));
  }

  /** /proc/net/udp of its network. */
  udpTable(): string {
    return readFileSync(`/proc/${this.pid}/net/udp`, 'latin1');
  }

  /** The reason of the decision on the message with this xid, as soon as it is in the log. */
  async reasonFor(xid: number): Promise<unknown> {
    const text = xid.toString(16).padStart(8, '0');
    const found = () => this.log.find((line) => line['xid'] === text);
    await this.until(`the log told of xid ${text}`, () => found() !== undefined);
    return found()?.['reason'];
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'));
    return Number(found?.[1]) * 1024;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; returns the exit status, or the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    if (!this.hasEnded) {
      const end = once(this.#child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
      this.#child.kill(signal);
      await end;
    }
    return this.#child.exitCode ?? this.#child.signalCode ?? -1;
  }

  /** Waits for it to end by itself. */
  async ended(): Promise<number | NodeJS.Signals> {
    if (!this.hasEnded)
      await once(this.#child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
    return this.#child.exitCode ?? this.#child.signalCode ?? -1;
  }

  #read(line: string): void {
    if (this.#logFile !== undefined) appendFileSync(this.#logFile, `${line}\n`);
    try {
      const entry: LogLine = JSON.parse(line);
      this.log.push(entry);
    } catch {
      this.words.push(line);
    }
  }
}

/** Of our own environment, only what is no setting of a gateway or of the test's runner. */
export function gatewayEnvironment(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(GATEWAY|LOG|VITEST|NODE)_/.test(name));
  return {
    ...Object.fromEntries(own),
    GATEWAY_DHCP_LEASES_DIR: directory,
    LOG_FORMAT: 'json',
    ...settings,
  };
}

/** The UDP sockets on port 67 in the network of a process, by `ss`. */
export function serverSockets(pid: number): string {
  const command = ['--net', '--target', String(pid), 'ss', '-Hulpn', 'sport = :67'];
  return execFileSync('nsenter', command, { encoding: 'utf8' });
}

/** An address with port 67 as /proc/net/udp writes it on a little-endian machine. */
function endpoint(address: string): string {
  const octets = ip(address)
    .reverse()
    .map((octet) => octet.toString(16).padStart(2, '0'));
  return `${octets.join('').toUpperCase()}:0043`;
}

function packageOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageOf(dirname(folder));
}

/** The program, bundled anew if a source is newer than what was bundled last. */
export function builtProgram(): string {
  renewed('dist/run/vps-gateway.js', 'node bin/bundle.js');
  return PROGRAM;
}

/** The path of a compiled source, `net/ipv4.js`; all are compiled anew if one is newer. */
export function compiled(path: string): string {
  renewed('dist/index.js', 'npx tsc -p .');
  return join(ROOT, 'dist', path);
}

/** One process at a time makes it; the others wait. */
function renewed(output: string, command: string): void {
  const file = join(ROOT, output);
  const timeOf = (path: string) => (existsSync(path) ? statSync(path).mtimeMs : 0);
  const newest = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(ROOT, 'src', name))
    .reduce((one, other) => (timeOf(one) > timeOf(other) ? one : other));
  if (timeOf(file) >= timeOf(newest)) return;
  const make = `[ "$0" -nt "$1" ] || ${command}`;
  const args = [join(ROOT, 'tsconfig.json'), 'sh', '-c', make, file, newest];
  execFileSync('flock', args, { cwd: ROOT, stdio: 'inherit' });
}
