import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../is-running.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import { runIn } from '../run-in.ts';
import { untilSucceeds } from '../until-succeeds.ts';

/** How long a cluster may take to have a leader: milliseconds. */
const PATIENCE = 30_000;

export interface EtcdMember {
  readonly name: string;
  /** Undefined: it runs on this machine, on loopback. */
  readonly host: NamespaceHost | undefined;
  /** host:port for clients, and for the other members. */
  readonly client: string;
  readonly peer: string;
}

/** The machine of a member that is not on loopback. */
export interface EtcdSite {
  readonly host: NamespaceHost;
  /** One of the machine's own. */
  readonly address: string;
}

/** A member on the ports that etcd has by default. */
export function memberOn({ host, address }: EtcdSite, index: number): EtcdMember {
  return { name: `m${index + 1}`, host, client: `${address}:2379`, peer: `${address}:2380` };
}

export interface EtcdMembersOptions {
  /** Flags for all members. */
  readonly flags?: readonly string[];
  /** https instead of http between client and member. */
  readonly isSecure?: boolean;
  /** Where their data is; the system's folder for such things by default. */
  readonly folder?: string;
  /** A command before that of each member. */
  readonly under?: readonly string[];
}

/** Real members of etcd, whose data is removed at the end. An index is a position in the list of members. */
export class EtcdMembers {
  readonly #folder: string;
  readonly #members: readonly EtcdMember[];
  readonly #children = new Map<EtcdMember, ChildProcess>();
  readonly #flags: readonly string[];
  readonly #under: readonly string[];
  readonly #scheme: string;

  /** Starts them all. */
  constructor(members: readonly EtcdMember[], options: EtcdMembersOptions = {}) {
    const { flags = [], isSecure = false, folder = tmpdir(), under = [] } = options;
    this.#folder = mkdtempSync(join(folder, 'etcd-'));
    this.#members = members;
    this.#flags = flags;
    this.#under = under;
    this.#scheme = isSecure ? 'https' : 'http';
    for (let index = 0; index < members.length; index += 1) this.revive(index);
  }

  /** host:port of each member. */
  get endpoints(): readonly string[] {
    return this.#members.map(({ client }) => client);
  }

  /** The processes of the members that were started. */
  get pids(): readonly number[] {
    return [...this.#children.values()].map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  /** Starts a member (again), with the data that it has. */
  revive(index: number): void {
    const member = this.#at(index);
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
    this.#children.set(member, start(program, words, { stdio: 'ignore' }));
  }

  async kill(index: number): Promise<void> {
    const child = this.#children.get(this.#at(index));
    if (child === undefined || !isRunning(child)) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** All members lose their data, and begin anew. */
  async empty(): Promise<void> {
    const indexes = [...this.#members.keys()];
    await Promise.all(indexes.map((index) => this.kill(index)));
    for (const { name } of this.#members) rmSync(join(this.#folder, name), { recursive: true, force: true });
    for (const index of indexes) this.revive(index);
    await this.leader();
  }

  /**
   * The index of the member that leads; waits until one does.
   *
   * @throws Error if none leads when the time is over.
   */
  leader(milliseconds = PATIENCE): Promise<number> {
    return this.until(async () => {
      for (const [index, member] of this.#members.entries()) {
        if (await this.#leads(member)) return index;
      }
      throw new Error('no member of etcd leads');
    }, milliseconds);
  }

  /** Waits until something succeeds. */
  until<Value>(attempt: () => Promise<Value>, milliseconds = PATIENCE): Promise<Value> {
    return untilSucceeds(attempt, milliseconds);
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((_, index) => this.kill(index)));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Waits until a member answers and knows who leads. @throws Error if it does not when the time is over. */
  async untilAnswers(index: number, milliseconds = PATIENCE): Promise<void> {
    await this.until(async () => {
      const status = await this.#statusOf(this.#at(index));
      if (status === undefined || status.leader === '0') throw new Error('the member knows no leader');
    }, milliseconds);
  }

  async #leads(member: EtcdMember): Promise<boolean> {
    const status = await this.#statusOf(member);
    return status !== undefined && status.own === status.leader;
  }

  /** Its own identifier, and that of the one who leads. Undefined: it does not answer. */
  async #statusOf(member: EtcdMember): Promise<{ own: string; leader: string } | undefined> {
    const child = this.#children.get(member);
    if (child === undefined || !isRunning(child)) return undefined;
    const args = ['--endpoints', this.#urlOf(member), '--dial-timeout=1s', '--command-timeout=1s'];
    const { status, output } = await runIn(
      member.host,
      ['etcdctl', ...args, 'endpoint', 'status', '--write-out=json'],
      { ...process.env, ETCDCTL_API: '3' },
    );
    // Identifiers of 64 bits, which JSON.parse would round.
    const [, own] = /"member_id":(\d+)/.exec(output) ?? [];
    const [, leader] = /"leader":(\d+)/.exec(output) ?? [];
    return status !== 0 || own === undefined || leader === undefined ? undefined : { own, leader };
  }

  #urlOf({ client }: EtcdMember): string {
    return `${this.#scheme}://${client}`;
  }

  #at(index: number): EtcdMember {
    const member = this.#members[index];
    if (member === undefined) throw new Error(`no member ${index}`);
    return member;
  }
}
