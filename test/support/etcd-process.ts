import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  type EtcdMember,
  EtcdMembers,
  type EtcdMembersOptions,
  type EtcdSite,
  memberOn,
} from '../../src/cli/lab/nodes/etcd-members.ts';

/** True if etcd (Debian: etcd-server) is here. */
export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface EtcdOptions extends EtcdMembersOptions {
  readonly members?: number;
  /** A member on each, on the ports that etcd has by default, instead of on loopback. */
  readonly sites?: readonly EtcdSite[];
}

/** Real members of etcd, on loopback or in machines of a segment. */
export class EtcdProcesses extends EtcdMembers {
  static async start({ members = 1, sites, ...options }: EtcdOptions = {}): Promise<EtcdProcesses> {
    return new EtcdProcesses(sites === undefined ? await onLoopback(members) : sites.map(memberOn), options);
  }
}

async function onLoopback(count: number): Promise<EtcdMember[]> {
  const members: EtcdMember[] = [];
  for (let number = 1; number <= count; number += 1) {
    members.push({
      name: `m${number}`,
      host: undefined,
      client: `127.0.0.1:${await freePort()}`,
      peer: `127.0.0.1:${await freePort()}`,
    });
  }
  return members;
}

/** Below the ports that the kernel gives to connections of other programs, which could take one before etcd opens it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = randomInt(20_000, 32_000);
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return port;
    } catch {
      // Another program has it.
    } finally {
      server.close();
    }
  }
}
