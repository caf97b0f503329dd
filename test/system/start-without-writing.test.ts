import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/reporting/status.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { Printed } from '../support/printed.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:50:00:01';
const B = '52:54:00:50:00:02';

describeSystem('a gateway that starts where nothing can be written to its lease file', ['sqlite3'], () => {
  const segment = useTestSegment();

  const says = (gateway: GatewayProcess, message: RegExp) =>
    gateway.log.some((line) => message.test(String(line['msg'])));
  const asked = async (directory: string, ...words: readonly string[]) => {
    const [command = '', ...rest] = words;
    const line = [process.execPath, builtProgram(), command, '--leases-dir', directory, ...rest];
    return (await run(segment().node, line, gatewayEnvironment(directory))).output;
  };
  const problemsOf = async (directory: string) =>
    (JSON.parse(await asked(directory, 'health', '--json')) as Printed<Status>).problems;

  test("because an operator's sqlite3 holds its lock: serves from the journal, says so, and follows", async () => {
    const { node } = segment();
    const directory = segment().folder();
    const first = await segment().gateway({}, directory);
    const client = segment().client();
    const one = await client.lease(A);
    await first.end('SIGKILL');
    const shell = node.spawn('sqlite3', [join(directory, 'leases.sqlite')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    shell.stdin?.write("BEGIN IMMEDIATE; SELECT 'held';\n");
    if (shell.stdout !== null) await once(shell.stdout, 'data');

    const second = await segment().gateway({}, directory);
    const renewed = await client.reboot(A, one.yiaddr);
    const two = await client.lease(B);
    const problems = await problemsOf(directory);
    await second.until('it said so', () => says(second, /does not follow; leases are given/));
    shell.kill('SIGKILL');
    await second.until('it followed', () => says(second, /follows again/));

    expect(renewed).toMatchObject({ type: 5, yiaddr: one.yiaddr });
    expect(JSON.stringify(problems)).toMatch(/does not follow.*locked/);
    expect(await problemsOf(directory)).toEqual([]);
    const rows = node.run(
      'sqlite3',
      '-readonly',
      join(directory, 'leases.sqlite'),
      'SELECT address FROM leases',
    );
    expect(rows.trim().split('\n').sort()).toEqual([one.yiaddr, two.yiaddr].sort());
  }, 120_000);

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'because its disk was filled after %s, with a lock that is damaged: the same',
    async (signal) => {
      const { node } = segment();
      const directory = segment().folder();
      node.run('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', directory);
      const first = await segment().gateway({}, directory);
      const client = segment().client();
      const one = await client.lease(A);
      await first.end(signal);
      node.run('sh', '-c', `cd ${directory} && head -c 8192 /dev/zero > leases.sqlite.lock`);
      node.run('sh', '-c', `cat /dev/zero > ${directory}/filling 2>/dev/null || true`);

      const second = await segment().gateway({}, directory);
      const renewed = await client.reboot(A, one.yiaddr);
      const two = await client.lease(B);
      // After SIGKILL the log beside the lease file has room enough already, perhaps: then nothing is wrong.
      const isShort = signal === 'SIGTERM';
      if (isShort) await second.until('it said so', () => says(second, /does not follow; leases are given/));
      node.run('rm', join(directory, 'filling'));
      if (isShort) await second.until('it followed', () => says(second, /follows again/));

      expect(renewed).toMatchObject({ type: 5, yiaddr: one.yiaddr });
      const shown = await asked(directory, 'leases');
      for (const { yiaddr } of [one, two]) expect(shown).toContain(yiaddr);
      await second.end('SIGKILL');
      node.run('umount', '--lazy', directory);
    },
    120_000,
  );

  test.each([
    ['its file system is read-only', 'size=1m,ro', /its file system is read-only \(/],
    ['its file system has no room for the first files', 'size=64k', /no space is left on its file system \(/],
  ])(
    'and cannot, since %s: says so, and ends with status 74',
    async (_title, options, says) => {
      const { node } = segment();
      const directory = segment().folder();
      node.run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', directory);

      const ended = await run(
        node,
        [process.execPath, builtProgram(), 'serve'],
        gatewayEnvironment(directory),
      );
      node.run('umount', directory);

      expect(ended.status).toBe(74);
      expect(ended.errors).toMatch(says);
      expect(ended.errors).not.toMatch(/^ +at /m);
    },
    120_000,
  );

  test.each([
    ['its own file may only be read', 'chmod u-w leases.sqlite', /chmod u\+rw \S+leases\.sqlite\)/],
    ['its own log may only be read', 'chmod u-w leases.sqlite-wal', /chmod u\+rw \S+leases\.sqlite-wal\)/],
    ['its own journal may not be read', 'chmod 0 leases.journal', /chmod u\+rw \S+leases\.journal\)/],
    ["a file is root's", 'chown 0 leases.sqlite-shm', /chown -R 65534 \S+\)/],
  ])(
    'and cannot, since %s: ends with the line that mends it',
    async (_title, deed, remedy) => {
      const { node } = segment();
      const directory = segment().folder();
      const first = await segment().gateway({}, directory);
      await segment().client().lease(A);
      await first.end('SIGKILL');
      node.run('sh', '-c', `chmod a+rx ${directory}/.. && cd ${directory} && chown -R 65534 . && ${deed}`);

      const command = [
        'setpriv',
        '--reuid=65534',
        '--clear-groups',
        process.execPath,
        builtProgram(),
        'serve',
      ];
      const ended = await run(node, command, gatewayEnvironment(directory));

      expect(ended.status).toBe(74);
      expect(ended.errors).toMatch(remedy);
    },
    120_000,
  );
});
