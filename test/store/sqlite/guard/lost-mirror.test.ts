import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openMirror } from '../../../../src/store/sqlite/open-mirror.ts';
import { FakeClock } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { beginSegment, openSharedStore } from '../../../support/shared-store.ts';
import { address, at, bind } from '../../changes.ts';
import { fileIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');

async function gateway(directory: string) {
  const cluster = new MemoryCluster();
  const clock = new FakeClock(at(0));
  const said: string[] = [];
  await beginSegment(cluster.connect());
  const mirror = await openMirror({
    directory,
    clock,
    now: clock.now(),
    seed: 0,
    node: 'pve1',
    inFlight: new Set<Ipv4>(),
    say: (_, __, message) => void said.push(message),
  });
  const store = await openSharedStore({ etcd: cluster.connect(), clock, mirror, place: 10 });
  return { clock, store, said };
}

/** Of the file as it is on the disk now, which a crash would leave. */
function inFile(directory: string, sql: string): readonly unknown[] {
  const copy = temporaryDirectory();
  execFileSync('sh', ['-c', `cp ${fileIn(directory)} ${fileIn(directory)}-wal ${copy}`]);
  const database = openSqlite(fileIn(copy));
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

const LOSSES: readonly {
  readonly title: string;
  readonly befall: (directory: string) => void;
  readonly what: string;
}[] = [
  {
    title: 'deleted',
    befall: (directory) => execFileSync('sh', ['-c', `rm ${directory}/leases.*`]),
    what: 'leases.sqlite is gone',
  },
  {
    title: 'gone with its directory',
    befall: (directory) => renameSync(directory, `${directory}.old`),
    what: 'leases.sqlite is gone',
  },
  {
    title: 'replaced',
    befall: (directory) => {
      writeFileSync(join(directory, 'other'), 'an older backup');
      renameSync(join(directory, 'other'), fileIn(directory));
    },
    what: 'leases.sqlite was replaced',
  },
  {
    title: 'without its log',
    befall: (directory) => rmSync(`${fileIn(directory)}-wal`),
    what: 'leases.sqlite-wal is gone',
  },
];

describe.each(LOSSES)('a mirror whose lease file is $title under the running gateway', ({ befall, what }) => {
  test('is said within a second, and leases are given all the same: they rest on etcd', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const { store, clock } = await gateway(directory);
    await bind(store, { client: 1, address: A });
    await clock.pass(1500);

    befall(directory);
    await clock.pass(1000);

    expect(store.trouble).toContain(what);
    expect(store.failure).toBeUndefined();
    expect(await bind(store, { client: 2, address: B, at: clock.now() })).toBe('committed');
    await store.close();
  });

  test('is made anew with all leases and their history, and follows', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const { store, clock, said } = await gateway(directory);
    await bind(store, { client: 1, address: A, hostname: 'web' });
    await clock.pass(1500);

    befall(directory);
    await clock.pass(2500);
    await bind(store, { client: 2, address: B, at: clock.now() });
    await clock.pass(2500);

    expect(store.trouble).toBeUndefined();
    expect(inFile(directory, 'SELECT address FROM leases')).toEqual(['10.15.3.20', '10.15.3.21']);
    expect(inFile(directory, 'SELECT hostname FROM leases')).toEqual(['web', null]);
    expect(inFile(directory, 'SELECT event FROM lease_history')).toEqual(['bound', 'bound']);
    expect(inFile(directory, 'SELECT quorum FROM mirror_state')).toEqual(['yes']);
    expect(said).toContain('the lease file was lost and is made anew, with all leases that it had');
    await store.close();
  });

  test('has all when the gateway ends before it was seen', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const { store, clock } = await gateway(directory);
    await bind(store, { client: 1, address: A });
    await clock.pass(1500);

    befall(directory);
    await store.close();

    const again = openIn(directory, { mayBeMirror: true });
    expect(again.leases.at(A)?.state).toBe('bound');
  });
});

describe('a mirror whose directory another process has taken', () => {
  test('is left to that process, and leases are given all the same', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const { store, clock } = await gateway(directory);
    renameSync(directory, `${directory}.old`);
    const other = openIn(directory);

    await clock.pass(3000);
    await bind(store, { client: 1, address: A, at: clock.now() });
    await clock.pass(2000);

    expect(store.trouble).toContain('in use by');
    expect(store.failure).toBeUndefined();
    expect(other.leases.at(A)).toBeUndefined();
    expect(readdirSync(directory).filter((name) => name.includes('.aside-'))).toEqual([]);
    await store.close();
  });
});
