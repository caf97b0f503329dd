import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a cluster may take to have a leader: milliseconds. */
const PATIENCE = 15_000;

/** True if etcd (Debian: etcd-server) is here. */
export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Member {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
  child: ChildProcess | undefined;
}

export interface EtcdOptions {
  readonly members?: number;
  /** Flags for all members. */
  readonly flags?: readonly string[];
  /** https instead of http between client and member. */
  readonly isSecure?: boolean;
}

/** Real members of etcd on loopback, each on free ports, with data that is gone at the end. */
export class EtcdProcesses {
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-'));
  readonly #members: readonly Member[];
  readonly #flags: readonly string[];
  readonly #scheme: string;

  private constructor(members: readonly Member[], { flags = [], isSecure = false }: EtcdOptions) {
    this.#members = members;
    this.#flags = flags;
    this.#scheme = isSecure ? 'https' : 'http';
  }

  static async start(options: EtcdOptions = {}): Promise<EtcdProcesses> {
    const members: Member[] = [];
    for (let number = 1; number <= (options.members ?? 1); number += 1) {
      const [client, peer] = [await freePort(), await freePort()];
      members.push({
        name: `m${number}`,
        client: `127.0.0.1:${client}`,
        peer: `127.0.0.1:${peer}`,
        child: undefined,
      });
    }
    const cluster = new EtcdProcesses(members, options);
    for (let place = 0; place < members.length; place += 1) cluster.revive(place);
    return cluster;
  }

  /** host:port of each member. */
  get endpoints(): readonly string[] {
    return this.#members.map(({ client }) => client);
  }

  /** Starts a member (again), with the data that it has. */
  revive(place: number): void {
    const member = this.#at(place);
    const peers = this.#members.map(({ name, peer }) => `${name}=http://${peer}`).join(',');
    member.child = spawn(
      'etcd',
      [
        ...['--name', member.name, '--data-dir', join(this.#folder, member.name), '--pre-vote=true'],
        ...['--listen-client-urls', `${this.#scheme}://${member.client}`],
        ...['--advertise-client-urls', `${this.#scheme}://${member.client}`],
        ...[
          '--listen-peer-urls',
          `http://${member.peer}`,
          '--initial-advertise-peer-urls',
          `http://${member.peer}`,
        ],
        ...['--initial-cluster', peers, '--logger', 'zap', '--log-level', 'error', ...this.#flags],
      ],
      { stdio: 'ignore' },
    );
  }

  async kill(place: number): Promise<void> {
    const { child } = this.#at(place);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Waits until something succeeds. */
  async until<Value>(attempt: () => Promise<Value>): Promise<Value> {
    const end = Date.now() + PATIENCE;
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

  #at(place: number): Member {
    const member = this.#members[place];
    if (member === undefined) throw new Error(`no member ${place}`);
    return member;
  }
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
