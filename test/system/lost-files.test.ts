import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/reporting/status.ts';
import { injectInto, stop } from '../support/disk-fault.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { Printed } from '../support/printed.ts';
import { selecting } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4f:00:01';
const B = '52:54:00:4f:00:02';
const C = '52:54:00:4f:00:03';

/** What an operator does beside the running gateway, by a shell in the directory above. */
const DEEDS = [
  { title: 'its files are deleted', deed: 'rm leases/leases.*', file: 'leases.journal' },
  { title: 'its directory is renamed', deed: 'mv leases leases.old', file: 'leases.sqlite' },
  { title: 'its directory is deleted', deed: 'rm -r leases', file: 'leases.sqlite' },
  {
    title: 'an older backup is moved over the lease file',
    deed: 'mv backup.sqlite leases/leases.sqlite',
    file: 'leases.sqlite was replaced',
  },
  {
    title: 'another file system is mounted over its directory',
    deed: 'mount -t tmpfs -o size=64m tmpfs leases',
    file: 'leases.sqlite',
  },
];

describeSystem('a gateway whose lease files are taken away', ['sqlite3', 'strace'], () => {
  const segment = useTestSegment();

  const says = (gateway: GatewayProcess, message: RegExp) =>
    gateway.log.find((line) => message.test(String(line['msg'])));

  const statusOf = async (directory: string): Promise<Printed<Status>> => {
    const words = [process.execPath, builtProgram(), 'health', '--leases-dir', directory, '--json'];
    const asked = await run(segment().node, words, gatewayEnvironment(directory));
    return JSON.parse(asked.output);
  };

  test.each(DEEDS)(
    'because $title: says which, promises nothing until all is made anew, and loses no lease to a crash',
    async ({ deed, file }) => {
      const { node } = segment();
      const parent = segment().folder();
      const directory = join(parent, 'leases');
      const inParent = (command: string) => node.run('sh', '-c', `cd ${parent} && ${command}`);
      const first = await segment().gateway({}, directory);
      const client = segment().client();
      const one = await client.lease(A);
      await first.until('the row was there', () =>
        inParent('sqlite3 leases/leases.sqlite "SELECT count(*) FROM leases"').startsWith('1'),
      );
      inParent('sqlite3 leases/leases.sqlite ".backup backup.sqlite"');
      const two = await client.lease(B);

      inParent(deed);
      await first.until('it said so', () => says(first, /cannot be stored/) !== undefined, 3000);
      await first.until('it was well again', () => says(first, /are stored again/) !== undefined);
      const three = await client.lease(C);
      const status = await statusOf(directory);
      await first.end('SIGKILL');
      const second = await segment().gateway({}, directory);
      const renewed = [await client.lease(A), await client.lease(B), await client.lease(C)];
      const loaded = () => second.log.find((line) => line['msg'] === 'leases loaded');
      await second.until('it said what it had loaded', () => loaded() !== undefined); // The log follows the answers.

      expect(String(says(first, /cannot be stored/)?.['cause'])).toContain(file);
      expect(says(first, /made anew/)).toBeDefined();
      expect(status.problems).toEqual([]);
      expect(renewed.map(({ yiaddr }) => yiaddr)).toEqual([one, two, three].map(({ yiaddr }) => yiaddr));
      expect(loaded()?.['bound']).toBe(3);
      if (deed.startsWith('mount')) node.run('umount', '--lazy', directory);
    },
    120_000,
  );

  test('leaves nothing behind of an attempt that failed, when it makes its journal anew', async () => {
    const directory = segment().folder();
    const gateway = await segment().gateway({}, directory);
    const journal = join(directory, 'leases.journal');
    await gateway.until('its journal was whole', () => statSync(journal).size > 2 ** 24);
    const faults = await injectInto(gateway, 'fsync:error=EIO', '');

    rmSync(journal);
    await eventually('an attempt had failed', async () => {
      const { problems } = await statusOf(directory);
      return problems.some(({ message }) => message.includes('cannot be made anew'));
    });
    await stop(faults);
    await gateway.until('it was well again', () => says(gateway, /are stored again/) !== undefined);

    expect(readdirSync(directory).filter((name) => /aside|new/.test(name))).toEqual([]);
  });

  test('says in its status which file is gone as long as it cannot be made anew, and answers no new guest', async () => {
    const { node } = segment();
    const directory = segment().folder();
    node.run('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', directory);
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    await client.lease(A);
    const offer = await client.discover(B);

    node.run('sh', '-c', `cat /dev/zero > ${directory}/filling 2>/dev/null; rm ${directory}/leases.sqlite`);
    await gateway.until('it said so', () => says(gateway, /cannot be stored/) !== undefined, 3000);
    const xid = client.send(selecting(offer));
    let problems = '';
    while (!problems.includes('cannot be made anew'))
      problems = JSON.stringify((await statusOf(directory)).problems);
    const answers = client.heardFor(xid).map((reply) => reply.type);
    node.run('rm', join(directory, 'filling'));
    await gateway.until('it was well again', () => says(gateway, /are stored again/) !== undefined);
    const later = await client.lease(B);

    // An attempt to make it anew leaves the beginning of another in its place.
    expect(problems).toMatch(/leases\.sqlite (is gone|was replaced)/);
    expect(answers).not.toContain(5);
    expect(later.yiaddr).toBe(offer.yiaddr);
    await gateway.end('SIGKILL');
    node.run('umount', '--lazy', directory);
  }, 120_000);
});
