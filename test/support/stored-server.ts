import type { LeaseStore } from '../../src/store/lease-store.ts';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import { fileIn, openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { FakeClock } from './clock.ts';
import { MemoryCluster } from './memory-etcd.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { ServerNode } from './server-node.ts';
import { beginSegment, openSharedStore } from './shared-store.ts';

/** A server over a store, and the reasons that its history has, in order. */
export interface Stored {
  readonly node: ServerNode;
  store(): LeaseStore;
  reasons(): Promise<readonly string[]>;
}

/** Leases in SQLite. */
export function embedded(): Promise<Stored> {
  const directory = temporaryDirectory();
  let opened: LeaseStore | undefined;
  const node = new ServerNode({
    openStore: (inFlight) => (opened = openIn(directory, { inFlight })),
  });
  return Promise.resolve({
    node,
    store: () => storeOf(opened),
    reasons: async () => {
      await node.server.stop();
      const database = openSqlite(fileIn(directory), { readonly: true });
      const rows = database.prepare('SELECT reason FROM history ORDER BY id').pluck().all() as string[];
      database.close();
      return rows;
    },
  });
}

/** Leases in etcd. */
export async function shared(): Promise<Stored> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const mirror = new MemoryMirror();
  const clock = new FakeClock();
  let opened: LeaseStore | undefined;
  const node = new ServerNode({
    clock,
    openStore: async (inFlight) =>
      (opened = await openSharedStore({ etcd: cluster.connect(), clock, inFlight, mirror })),
  });
  return {
    node,
    store: () => storeOf(opened),
    reasons: () =>
      Promise.resolve(
        mirror.changes.filter(({ after }) => after.state !== 'offered').map(({ reason }) => reason),
      ),
  };
}

function storeOf(store: LeaseStore | undefined): LeaseStore {
  if (store === undefined) throw new Error('the store is not open');
  return store;
}
