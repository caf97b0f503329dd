import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { API_SOCKET } from '../../../management/listen/socket-file.ts';
import type { Status } from '../../../reporting/status.ts';
import { askHealth, HEALTH_SOCKET } from '../../../server/status/health.ts';
import { type ListedLease, openLeaseReader } from '../../../store/sqlite/lease-reader.ts';
import { GatewayApi } from '../../api/gateway-api.ts';
import { isRunning } from '../is-running.ts';
import { type Ran, runIn } from '../run-in.ts';
import type { SegmentNode } from './segment-node.ts';

/** How long it may take to answer, or to end when it is asked to: milliseconds. */
const ANSWER_TIME = 1000;
const END_TIME = 2000;
const ASK_EVERY = 100;

export interface GatewayPlan {
  readonly name: string;
  /** Of its lease file. */
  readonly directory: string;
  /** What starts the program: Node's arguments up to the command's name. */
  readonly program: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

/** The gateway of a node: the real program. */
export class NodeGateway {
  readonly name: string;
  readonly node: SegmentNode;
  readonly directory: string;
  /** Called with each line that it writes. */
  onLine: (line: string) => void = () => {};
  /** Called when it ends, but not after `kill` and `stop`. */
  onEnd: (how: string) => void = () => {};
  readonly #plan: GatewayPlan;
  #child: ChildProcess | undefined;

  constructor(node: SegmentNode, plan: GatewayPlan) {
    this.node = node;
    this.name = plan.name;
    this.directory = plan.directory;
    this.#plan = plan;
  }

  get address(): string {
    return this.node.address;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && isRunning(this.#child);
  }

  /** Its management API. */
  get api(): GatewayApi {
    return new GatewayApi(this.directory);
  }

  get apiSocket(): string {
    return join(this.directory, API_SOCKET);
  }

  get file(): string {
    return join(this.directory, 'leases.sqlite');
  }

  /** Starts it (again), with the lease file that it has. */
  start(): void {
    const child = this.node.host.spawn(process.execPath, [...this.#plan.program, 'serve'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment(),
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.onLine(line));
    }
    child.once('exit', (status, signal) => {
      if (this.#child === child) this.onEnd(signal ?? `status ${status}`);
    });
  }

  /** kill -9 */
  kill(): Promise<void> {
    return this.#end('SIGKILL', END_TIME);
  }

  /** As an operator would end it. */
  stop(): Promise<void> {
    return this.#end('SIGTERM', END_TIME);
  }

  /** Runs another command of the program on its node, with its settings. */
  command(...words: readonly string[]): Promise<Ran> {
    const command = [process.execPath, ...this.#plan.program, ...words];
    return runIn(this.node.host, command, this.#environment());
  }

  /** Undefined: it does not answer. */
  async health(): Promise<Status | undefined> {
    return askHealth(join(this.directory, HEALTH_SOCKET), ANSWER_TIME).catch(() => undefined);
  }

  /** Waits until a new guest would get an address of it. False: it does not serve in time, or has ended. */
  async serves(milliseconds: number): Promise<boolean> {
    const end = Date.now() + milliseconds;
    do {
      if ((await this.health())?.verdict === 'served' && existsSync(this.apiSocket)) return true;
      await delay(ASK_EVERY);
    } while (this.isRunning && Date.now() < end);
    return false;
  }

  /** The leases in its file, whether it runs or not. */
  rows(): readonly ListedLease[] {
    if (!existsSync(this.file)) return [];
    const reader = openLeaseReader(this.directory);
    try {
      return [...reader.leases({})];
    } finally {
      reader.close();
    }
  }

  async #end(signal: NodeJS.Signals, milliseconds: number): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || !isRunning(child)) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await Promise.race([ended, delay(milliseconds, undefined, { ref: false })]);
  }

  #environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/^(GATEWAY|LOG)_/.test(name));
    return {
      ...Object.fromEntries(own),
      GATEWAY_DHCP_LEASES_DIR: this.directory,
      LOG_FORMAT: 'json',
      ...this.#plan.settings,
    };
  }
}
