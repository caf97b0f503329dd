import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

/** The header of the journal, before its first batch: bytes. */
const HEADER = 4096;

/** What has become of the journal that a crash has left; the leases of guests 2 to 4 are in no other file. */
const DAMAGES = [
  {
    title: 'one bit of a batch in the middle is another',
    damage: (journal: string) => {
      const bytes = readFileSync(journal);
      const at = bytes.indexOf(`01${hardwareOf(3).replaceAll(':', '')}`, HEADER);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(journal, bytes);
    },
    says: /batches of the journal are lost/,
    kept: [1, 2, 4],
  },
  {
    title: 'it is cut behind its first block',
    damage: (journal: string) => truncateSync(journal, HEADER),
    says: /the journal was not usable as it was/,
    kept: [1],
  },
  {
    title: 'a directory stands in its place',
    damage: (journal: string) => {
      rmSync(journal);
      mkdirSync(journal);
    },
    says: /the journal was not usable as it was/,
    kept: [1],
  },
];

describeSystem('a gateway that starts with a damaged journal', ['sqlite3'], () => {
  const segment = useTestSegment();

  test.each(DAMAGES)(
    'because $title: says so, keeps what it found, has every lease that is whole, and serves',
    async ({ damage, says, kept }) => {
      const directory = segment().folder();
      const journal = join(directory, 'leases.journal');
      const acks = await leasesInJournalAlone(directory);
      damage(journal);
      const found = statSync(journal).isFile() ? readFileSync(journal) : undefined;

      const gateway = await segment().gateway({}, directory);
      const client = segment().client();
      const renewed: number[] = [];
      for (const [index, { chaddr, yiaddr }] of acks.entries())
        if (kept.includes(index + 1)) renewed.push((await client.reboot(chaddr, yiaddr)).type ?? 0);
      const next = await client.lease(hardwareOf(9));
      const said = () => gateway.log.find(({ msg }) => says.test(String(msg)));
      const loaded = () => gateway.log.find(({ msg }) => msg === 'leases loaded');
      await gateway.until('it said what it had loaded', () => loaded() !== undefined);

      expect(renewed).toEqual(kept.map(() => 5));
      expect(next.type).toBe(5);
      expect(loaded()?.['bound']).toBe(kept.length);
      expect(said()).toMatchObject({ level: 'error', kept: expect.stringContaining(`${journal}.damaged-`) });
      const aside = String(said()?.['kept']);
      if (found === undefined) expect(statSync(aside).isDirectory()).toBe(true);
      else expect(readFileSync(aside).equals(found)).toBe(true);
      if (kept.length > 1)
        expect(said()).toMatchObject({ firstBatch: said()?.['lastBatch'], recordsAtMost: 1 });
    },
    120_000,
  );

  /** Four guests' leases, of which the first is in the lease file, and then kill -9. */
  async function leasesInJournalAlone(directory: string): Promise<readonly HeardReply[]> {
    const { node } = segment();
    const file = join(directory, 'leases.sqlite');
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    const acks = [await client.lease(hardwareOf(1))];
    await gateway.until('the row was there', () =>
      node.run('sqlite3', '-readonly', file, 'SELECT count(*) FROM leases').startsWith('1'),
    );
    // As long as it holds the lock, nothing goes into the lease file.
    const shell = node.spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    shell.stdin?.write("BEGIN IMMEDIATE; SELECT 'held';\n");
    if (shell.stdout !== null) await once(shell.stdout, 'data');
    for (const number of [2, 3, 4]) acks.push(await client.lease(hardwareOf(number)));
    await gateway.end('SIGKILL');
    shell.kill('SIGKILL');
    await once(shell, 'exit');
    return acks;
  }
});
