import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { address, at, client, hardware, take } from '../store/changes.ts';
import { openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { EtcdProcesses, hasEtcd } from '../support/etcd-process.ts';
import { blocksOf, pages } from '../support/pages.ts';

/** The block of a page that has these words, without what only a machine with systemd can do. */
function blockWith(path: string, words: string): string {
  const page = pages().find((each) => each.path === path);
  const found = page && blocksOf(page).find(({ text }) => text.includes(words));
  if (found === undefined) throw new Error(`no block of ${path} has ${words}`);
  return found.text.replaceAll(/systemctl [^&;\n]*(&& |; )?/g, '').replaceAll(/&& *$/gm, '');
}

/** What the commands print; each of them has to succeed. */
function ran(script: string, environment: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -euo pipefail\n${script}`], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    timeout: 60_000, // The limit of a test ends nothing that holds up its thread.
  });
  expect(`${script}: ${status} ${status === 0 ? '' : stderr}`).toBe(`${script}: 0 `);
  return stdout;
}

describe.skipIf(findProgram('sqlite3') === undefined)(
  'the commands with sqlite3 of docs/operating.md',
  () => {
    const DIRECTORY = '/var/lib/obiente/vps-gateway';

    async function withLease(directory: string) {
      const store = openIn(directory, { node: 'pve1' });
      const next = { client: client(1), hardware: hardware(1), state: 'bound', expiresAt: at(9e8) } as const;
      await take(store, {
        ...{ kind: 'binding', client: client(1), expectedBindingVersion: 0, at: at(5), reason: 'bound' },
        writes: [{ address: address('10.15.3.20'), expectedVersion: 0, next }],
      });
      store.flush();
      return store;
    }

    test('read leases and their history while a gateway writes the file', async () => {
      const directory = temporaryDirectory();
      await withLease(directory);

      const printed = ran(blockWith('docs/operating.md', 'SELECT address').replace(DIRECTORY, directory));

      expect(printed).toMatch(/^10\.15\.3\.20\|52:54:00:00:00:01\|\|bound\|20/m);
      expect(printed.split('\n').filter((line) => line.includes('10.15.3.20'))).toHaveLength(2);
    });

    test('copy the file while a gateway writes it, and put the copy back', async () => {
      const [directory, root] = [temporaryDirectory(), temporaryDirectory()];
      const store = await withLease(directory);
      const here = (text: string) =>
        text
          .replaceAll(DIRECTORY, directory)
          .replaceAll('/root/', `${root}/`)
          .replaceAll('leases-2026-11-24', 'leases-$(date +%F)');

      ran(here(blockWith('docs/operating.md', '.backup')));
      await store.close();
      ran(here(blockWith('docs/operating.md', 'mkdir aside')));

      expect(readdirSync(directory).sort()).toEqual(['aside', 'leases.sqlite']);
      expect(openIn(directory).leases.at(address('10.15.3.20'))).toMatchObject({ state: 'bound' });
    });

    test('of docs/upgrading.md put the newest copy of an older schema in the place of the lease file', async () => {
      const directory = temporaryDirectory();
      await (await withLease(directory)).close();
      const copies = ['2026-11-01', '2026-11-24'].map((day) =>
        join(directory, `leases.sqlite.schema-6-${day}`),
      );
      for (const copy of copies) copyFileSync(join(directory, 'leases.sqlite'), copy);
      writeFileSync(copies[0] ?? '', 'older');
      utimesSync(copies[0] ?? '', 1, 1);

      ran(blockWith('docs/upgrading.md', 'schema-6').replaceAll(DIRECTORY, directory));

      expect(readdirSync(directory).sort()).toEqual(['leases.sqlite', 'newer']);
      expect(openIn(directory).leases.at(address('10.15.3.20'))).toMatchObject({ state: 'bound' });
    });
  },
);

describe.skipIf(!hasEtcd() || findProgram('etcdctl') === undefined)(
  'the commands with etcdctl of docs/etcd.md',
  () => {
    let cluster: EtcdProcesses;
    let environment: NodeJS.ProcessEnv;
    beforeAll(async () => {
      cluster = await EtcdProcesses.start({ members: 3 });
      await cluster.leader();
      const endpoints = cluster.endpoints.map((endpoint) => `http://${endpoint}`);
      environment = { ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: endpoints.join(',') };
    });
    afterAll(() => cluster.close());

    test('make room, and end the alarm', () => {
      for (const value of ['1', '2', '3']) ran(`etcdctl put key ${value}`, environment);

      const printed = ran(blockWith('docs/etcd.md', 'etcdctl compact'), environment);

      expect(printed).toMatch(/^compacted revision [0-9]+$/m);
      expect(printed.match(/^Finished defragmenting/gm)).toHaveLength(3);
    });

    test('save what etcd has, and make a member with it', () => {
      const folder = temporaryDirectory();
      const [first = ''] = cluster.endpoints;
      const here = (text: string) =>
        text
          .replaceAll('https://192.0.2.11:2379', `http://${first}`)
          .replaceAll('/root/', `${folder}/`)
          .replaceAll('/var/lib/etcd/default', `${folder}/default`)
          .replaceAll('. /etc/default/etcd', '')
          .replaceAll(/^(mv|chown) .*$/gm, '');
      const member = { ETCD_NAME: 'node1', ETCD_INITIAL_ADVERTISE_PEER_URLS: 'http://127.0.0.1:2380' };

      ran(here(blockWith('docs/etcd.md', 'snapshot save')), environment);
      ran(here(blockWith('docs/etcd.md', 'snapshot restore')), {
        ...environment,
        ...member,
        ETCD_INITIAL_CLUSTER: 'node1=http://127.0.0.1:2380',
      });

      expect(existsSync(join(folder, 'default/member/snap/db'))).toBe(true);
    });

    test('put a new member in the place of one that is gone for good', async () => {
      await cluster.kill(2);
      await cluster.leader();
      const [list = '', remove = '', add = ''] = blockWith('docs/etcd.md', 'member remove').split('\n');
      const lost = /^([0-9a-f]+), started, m3,/m.exec(ran(list, environment))?.[1] ?? '';
      const [first, second] = cluster.endpoints;
      const others = { ...environment, ETCDCTL_ENDPOINTS: `http://${first},http://${second}` };

      const removed = ran(remove.replace('8e9e05c52164694d', lost), others);
      // etcd takes no member while one of the others has not been connected for five seconds.
      const added = await cluster.until(async () => ran(add, others));

      expect(removed).toContain(`Member ${lost} removed from cluster`);
      expect(added).toContain('ETCD_INITIAL_CLUSTER_STATE="existing"');
      expect(ran(list, others)).toMatch(/unstarted, , https:\/\/192\.0\.2\.13:2380/);
    });
  },
);
