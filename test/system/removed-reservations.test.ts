import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { commandsOn } from '../support/commands.ts';
import { leaseSeconds, rebind } from '../support/patient-guest.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:05:01';

describeSystem('a reservation that is removed while a guest has its address', [], () => {
  const segment = useTestSegment();
  const { managed, program } = commandsOn(segment);
  const reservations = (directory: string, ...words: readonly string[]) =>
    program(directory, 'reservations', ...words);
  const fileOf = (entries: readonly object[]): string => {
    const file = join(segment().folder(), 'entries.json');
    writeFileSync(file, JSON.stringify(entries));
    return file;
  };
  const undoOf = (address: string) => ['set', 'web', '--mac', A, '--address', address];
  /** What is said of the guest. */
  const fateOf = (word: 'keeps' | 'would keep', address: string) =>
    `${A} ${word} ${address} until its lease ends at ENDS: its renewals do not extend it. After that, or if it asks anew with a DHCPDISCOVER, it gets another address; \`vps-gateway reservations ${undoOf(address).join(' ')}\` lets it stay`;
  const withoutTimes = (output: string) =>
    output.replaceAll(/\n +/g, ' ').replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'ENDS');

  test('remove says what becomes of the guest, and what lets it stay', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(A);
    await reservations(directory, ...undoOf(yiaddr));

    const dry = await reservations(directory, 'remove', 'web', '--dry-run');
    const removed = await reservations(directory, 'remove', 'web');
    const undone = await reservations(directory, ...undoOf(yiaddr));
    const released = await reservations(directory, 'remove', 'web', '--release');

    expect(withoutTimes(dry.output)).toContain(fateOf('would keep', yiaddr));
    expect(withoutTimes(removed.output)).toContain(fateOf('keeps', yiaddr));
    expect(undone.status).toBe(0);
    expect(released.output).toBe(
      `web: removed, and its lease ended; ${yiaddr} is kept for this id for a day\n`,
    );
  });

  test('so does reconcile; and it is so: a renewal gets what is left, a DHCPDISCOVER another address', async () => {
    const directory = await managed();
    const client = segment().client();
    const lease = await client.lease(A);
    const { yiaddr } = lease;
    const reconcile = (entries: readonly object[], ...words: readonly string[]) =>
      reservations(directory, 'reconcile', fileOf(entries), '--scope', 'node=pve1', ...words);
    await reconcile([{ id: 'web', mac: [A], address: yiaddr }, { id: 'idle' }]);

    const dry = await reconcile([], '--allow-empty', '--dry-run');
    const extended = await rebind(client, lease, 5);
    const ran = await reconcile([], '--allow-empty');
    await delay(1100);
    const kept = await rebind(client, lease, 5);
    const anew = await client.lease(A);

    const rowOf = (id: string, output: string) =>
      withoutTimes(output)
        .split('\n')
        .find((line) => line.startsWith(`removed  ${id}`))
        ?.replaceAll(/ {2,}/g, '  ');
    expect(rowOf('web', dry.output)).toBe(`removed  web  ${yiaddr}  ${fateOf('would keep', yiaddr)}`);
    expect(rowOf('web', ran.output)).toBe(`removed  web  ${yiaddr}  ${fateOf('keeps', yiaddr)}`);
    expect(rowOf('idle', ran.output)).toBe('removed  idle  -  -');
    expect(leaseSeconds(extended)).toBe(43_200);
    expect(kept.yiaddr).toBe(yiaddr);
    expect(leaseSeconds(kept)).toBeLessThan(43_200);
    expect(anew.yiaddr).not.toBe(yiaddr);
  });

  test('of an address that another entry of the set takes up nothing else is said than there', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(A);
    const reconcile = (...entries: readonly object[]) =>
      reservations(directory, 'reconcile', fileOf(entries), '--scope', 'node=pve1');
    await reconcile({ id: 'web', mac: [A], address: yiaddr });

    const { output } = await reconcile({ id: 'shop', mac: [A], address: '10.15.3.57' });

    expect(output).toMatch(/^removed +web +- +-$/m);
    expect(output).toMatch(
      new RegExp(
        `^added +shop +10\\.15\\.3\\.57 +its guest still has ${yiaddr}, until its next renewal`,
        'mi',
      ),
    );
  });
});
