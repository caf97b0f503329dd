import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { Cluster, type ClusterNode } from '../support/cluster.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

const SOON = 10_000;

/** What an operator does beside the running gateway, by a shell in the directory of the lease file. */
const DEEDS = [
  { title: 'is deleted', deed: 'rm leases.*', says: 'leases.sqlite is gone' },
  {
    title: 'has an older backup moved over it',
    deed: 'mv backup.sqlite leases.sqlite',
    says: 'leases.sqlite was replaced',
  },
  {
    title: 'has its directory renamed',
    deed: 'mv "$PWD" "$PWD.old"',
    says: 'leases.sqlite is gone',
  },
];

describeSystem('the lease file of a gateway with etcd', ['etcd', 'etcdctl', 'sqlite3'], () => {
  let cluster: Cluster;
  let node: ClusterNode;
  let directory: string;
  let acks: HeardReply[];
  beforeEach(async () => {
    // So small that a file fills it at once.
    directory = mkdtempSync(join(tmpdir(), 'vps-gateway-mirror-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]);
    cluster = await Cluster.open({ directories: [join(directory, 'leases')] });
    onTestFailed(() => console.log(cluster.story(40)));
    const [first] = cluster.nodes;
    if (first === undefined) throw new Error('no node');
    node = first;
    acks = [];
    await cluster.begin();
    await cluster.start(0);
    await boot();
    await untilMirrored();
  });
  afterEach(async () => {
    await cluster?.close();
    execFileSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true, force: true });
  });

  test.each(DEEDS)(
    '$title: guests are served, the log says which file, and it is made anew with all leases and their history',
    async ({ deed, says }) => {
      shell('sqlite3 leases.sqlite ".backup backup.sqlite"');
      await boot();
      await untilMirrored();

      shell(deed);
      await boot();
      await gateway().until('it was made anew', () => line(/made anew/) !== undefined);
      await boot();
      await untilMirrored();
      const said = line(/made anew/)?.['lost'];
      const history: { readonly address: string; readonly event: string }[] = JSON.parse(
        await cluster.program(0, 'leases', 'history', '--json'),
      );
      await cluster.kill(0);
      await cluster.start(0);

      expect(said).toContain(says);
      expect(history.map(({ address, event }) => `${event} ${address}`).sort()).toEqual(
        acks.map(({ yiaddr }) => `bound ${yiaddr}`).sort(),
      );
      for (const ack of acks)
        expect(await rebind(cluster.client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    },
    120_000,
  );

  test("is held by an operator's sqlite3 at the start: guests are served, it is said, and the file follows", async () => {
    await cluster.kill(0);
    const sqlite = node.host.spawn('sqlite3', [join(node.directory, 'leases.sqlite')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    sqlite.stdin?.write("BEGIN IMMEDIATE; SELECT 'held';\n");
    if (sqlite.stdout !== null) await once(sqlite.stdout, 'data');

    await cluster.start(0);
    await boot();
    await cluster.until(async () => expect(await problems()).toMatch(/does not follow.*locked/));
    sqlite.kill('SIGKILL');

    await untilMirrored();
    await cluster.until(async () => expect(await problems()).toBe(''));
  }, 120_000);

  test('is on a full disk at the start, with a lock that is zeros: guests are served, it is said, and the file follows', async () => {
    await gateway().end(); // After kill -9 the log beside the lease file would have room already.
    writeFileSync(join(node.directory, 'leases.sqlite.lock'), Buffer.alloc(8192));
    shell('cat /dev/zero > filling 2>/dev/null || true');

    const start = cluster.start(0); // It is done when nothing is wrong any more.
    await boot();
    await cluster.until(async () => expect(await problems()).toMatch(/does not follow: SQLITE_/));
    shell('rm filling');

    await start;
    await untilMirrored();
    await cluster.until(async () => expect(await problems()).toBe(''));
  }, 120_000);

  function gateway(): GatewayProcess {
    if (node.gateway === undefined) throw new Error('no gateway');
    return node.gateway;
  }

  /** The first line of the log with this message. */
  function line(message: RegExp) {
    return gateway().log.find(({ msg }) => message.test(String(msg)));
  }

  async function boot(): Promise<void> {
    acks.push(await bootUntilLeased(cluster.client, hardwareOf(acks.length + 1), SOON));
  }

  function shell(command: string): void {
    execFileSync('sh', ['-c', command], { cwd: node.directory });
  }

  async function problems(): Promise<string> {
    const asked = await askHealth(join(node.directory, HEALTH_SOCKET), 2000);
    return asked.problems.map(runningProblemToText).join('; ');
  }

  function untilMirrored(): Promise<void> {
    return cluster.until(async () => {
      const rows = (await cluster.mirror(0)).filter(({ state }) => state === 'bound');
      expect(rows.map(({ address, mac }) => `${address} ${mac}`).sort()).toEqual(
        acks.map(({ yiaddr, chaddr }) => `${yiaddr} ${chaddr}`).sort(),
      );
    });
  }
});
