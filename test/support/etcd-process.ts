import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { run } from './run.ts';

/** How long a cluster may take to have a leader: milliseconds. */
const PATIENCE = 30_000;

/** True if etcd (Debian: etcd-server) is here. */
export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Where a member runs that is not on loopback. */
export interface EtcdSite {
  readonly host: NamespaceHost;
  /** One of the machine's own. */
  readonly address: string;
}

interface Member {
  readonly name: string;
  /** Undefined: here, on loopback. */
  readonly host: NamespaceHost | undefined;
  readonly client: string;
  readonly peer: string;
  child: ChildProcess | undefined;
}

export interface EtcdOptions {
  readonly members?: number;
  /** A member on each, on the ports that etcd has by default, instead of on loopback. */
  readonly sites?: readonly EtcdSite[];
  /** Flags for all members. */
  readonly flags?: readonly string[];
  /** https instead of http between client and member. */
  readonly isSecure?: boolean;
  /** Where their data is; the system's folder for such things by default. */
  readonly folder?: string;
  /** A command that runs each member's. */
  readonly under?: readonly string[];
}

/** Real members of etcd, on loopback or in machines of a segment, with data that is gone at the end. */
export class EtcdProcesses {
  readonly #folder: string;
  readonly #members: readonly Member[];
  readonly #flags: readonly string[];
  readonly #under: readonly string[];
  readonly #scheme: string;

  private constructor(members: readonly Member[], options: EtcdOptions) {
    const { flags = [], isSecure = false, folder = tmpdir(), under = [] } = options;
    this.#folder = mkdtempSync(join(folder, 'etcd-'));
    this.#members = members;
    this.#flags = flags;
    this.#under = under;
    this.#scheme = isSecure ? 'https' : 'http';
  }

  static async start(options: EtcdOptions = {}): Promise<EtcdProcesses> {
    const members =
      options.sites === undefined ? await onLoopback(options.members ?? 1) : options.sites.map(onSite);
    const cluster = new EtcdProcesses(members, options);
    for (let place = 0; place < members.length; place += 1) cluster.revive(place);
    return cluster;
  }

  /** host:port of each member. */
  get endpoints(): readonly string[] {
    return this.#members.map(({ client }) => client);
  }

  /** The processes of the members that run. */
  get pids(): readonly number[] {
    return this.#members.map(({ child }) => child?.pid).filter((pid) => pid !== undefined);
  }

  /** Starts a member (again), with the data that it has. */
  revive(place: number): void {
    const member = this.#at(place);
    const peers = this.#members.map(({ name, peer }) => `${name}=http://${peer}`).join(',');
    const client = this.#urlOf(member);
    const args = [
      ...['--name', member.name, '--data-dir', join(this.#folder, member.name), '--pre-vote=true'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', `http://${member.peer}`],
      ...['--initial-advertise-peer-urls', `http://${member.peer}`],
      ...['--initial-cluster', peers, '--logger', 'zap', '--log-level', 'error', ...this.#flags],
    ];
    const start = member.host?.spawn.bind(member.host) ?? spawn;
    const [program = '', ...words] = [...this.#under, 'etcd', ...args];
    member.child = start(program, words, { stdio: 'ignore' });
  }

  async kill(place: number): Promise<void> {
    const { child } = this.#at(place);
    if (child === undefined || !isRunning(child)) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** All members lose their data, and begin anew. */
  async empty(): Promise<void> {
    const places = [...this.#members.keys()];
    await Promise.all(places.map((place) => this.kill(place)));
    for (const { name } of this.#members) rmSync(join(this.#folder, name), { recursive: true, force: true });
    for (const place of places) this.revive(place);
    await this.leader();
  }

  /** The place of the member that leads; waits until one does. */
  leader(milliseconds = PATIENCE): Promise<number> {
    return this.until(async () => {
      for (const [place, member] of this.#members.entries()) {
        if (await this.#leads(member)) return place;
      }
      throw new Error('no member of etcd leads');
    }, milliseconds);
  }

  /** Waits until something succeeds. */
  async until<Value>(attempt: () => Promise<Value>, milliseconds = PATIENCE): Promise<Value> {
    const end = Date.now() + milliseconds;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() > end) throw error;
        await delay(100);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((_, place) => this.kill(place)));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #leads(member: Member): Promise<boolean> {
    if (member.child === undefined || !isRunning(member.child)) return false;
    const args = ['--endpoints', this.#urlOf(member), '--dial-timeout=1s', '--command-timeout=1s'];
    const { status, output } = await run(
      member.host,
      ['etcdctl', ...args, 'endpoint', 'status', '--write-out=json'],
      { ...process.env, ETCDCTL_API: '3' },
    );
    if (status !== 0) return false;
    // Identifiers of 64 bits, which JSON.parse would round.
    const [, own] = /"member_id":(\d+)/.exec(output) ?? [];
    const [, leader] = /"leader":(\d+)/.exec(output) ?? [];
    return own !== undefined && own === leader;
  }

  #urlOf({ client }: Member): string {
    return `${this.#scheme}://${client}`;
  }

  #at(place: number): Member {
    const member = this.#members[place];
    if (member === undefined) throw new Error(`no member ${place}`);
    return member;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function onLoopback(count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let number = 1; number <= count; number += 1) {
    members.push({
      name: `m${number}`,
      host: undefined,
      client: `127.0.0.1:${await freePort()}`,
      peer: `127.0.0.1:${await freePort()}`,
      child: undefined,
    });
  }
  return members;
}

function onSite({ host, address }: EtcdSite, index: number): Member {
  const [client, peer] = [`${address}:2379`, `${address}:2380`];
  return { name: `m${index + 1}`, host, client, peer, child: undefined };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
