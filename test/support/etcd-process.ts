import { execFileSync } from 'node:child_process';
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

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
