import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandsOn } from '../support/commands.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:05:01';
const B = '52:54:00:4e:05:02';

describeSystem('the commands about reservations', [], () => {
  const segment = useTestSegment();

  const { managed, program } = commandsOn(segment);
  const reservations = (directory: string, ...words: readonly string[]) =>
    program(directory, 'reservations', ...words);
  const fileOf = (content: unknown): string => {
    const file = join(segment().folder(), 'entries.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const shown = async (directory: string, id: string) =>
    JSON.parse((await reservations(directory, 'show', id, '--json')).output)[0];

  test('an address is kept for a guest, which gets it; what flags do not name stays; an empty text removes', async () => {
    const directory = await managed();

    const dry = await reservations(directory, 'set', 'web', '--mac', A, '--dry-run', '--json');
    const none = await reservations(directory, 'show', 'web');
    const made = await reservations(
      directory,
      ...['set', 'web', '--mac', A, '--address', '10.15.3.57', '--label', 'node=pve1', '--note', 'shop'],
      ...['--lease-time', '10m', '--hostname', 'web-1', '--reason', 'a new shop'],
    );
    const { yiaddr } = await segment().client().lease(A);
    const more = await reservations(directory, 'set', 'web', '--label', 'tier=front', '--note', '', '--json');
    const history = await program(directory, 'leases', 'history', '10.15.3.57', '--json');

    expect(JSON.parse(dry.output)).toMatchObject({ id: 'web', change: 'added', dry_run: true });
    expect(none.status).toBe(1);
    expect(made).toMatchObject({
      status: 0,
      output: 'web: 10.15.3.57 is kept for it from now on\n',
      errors: '',
    });
    expect(yiaddr).toBe('10.15.3.57');
    expect(JSON.parse(more.output)).toMatchObject({ id: 'web', address: '10.15.3.57', mac: [A] });
    const now = await shown(directory, 'web');
    expect(now).toMatchObject({
      hostname: 'web-1',
      lease_time: 600,
      labels: { node: 'pve1', tier: 'front' },
      leases: [{ address: '10.15.3.57' }],
      held_by: null,
    });
    expect(now).not.toHaveProperty('note');
    const same = await reservations(directory, 'set', 'web', '--mac', A, '--dry-run');
    expect(same.output).toBe('web: 10.15.3.57 is kept for it so already\n');
    expect(JSON.parse(history.output)[0]).toMatchObject({
      event: 'reserved',
      reason: 'reserved-by-operator by cli:root: a new shop',
    });
  });

  test('what another reservation has is refused with whose it is; a leased address waits for its guest, and that is said', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(B);
    await reservations(directory, 'set', 'db', '--mac', A, '--address', '10.15.3.58');

    const held = await reservations(directory, 'set', 'web', '--address', '10.15.3.58', '--unknown-guest');
    const card = await reservations(directory, 'set', 'web', '--mac', A);
    const router = await reservations(directory, 'set', 'web', '--address', '10.15.3.1', '--unknown-guest');
    const waits = await reservations(directory, 'set', 'web', '--address', yiaddr, '--unknown-guest');

    expect([held.status, card.status, router.status, waits.status]).toEqual([65, 65, 65, 0]);
    expect(held.errors).toMatch(
      /another reservation has what it claims\n {2}\/address: belongs to the reservation db\nto mend it: /,
    );
    expect(held.errors).toMatch(/shows the other one; remove it, or choose another address\n$/);
    expect(card.errors).toContain('/mac/0: belongs to the reservation db');
    expect(card.errors).toMatch(
      /mend it: .* take what both name from one of the two, or remove the other one\n$/,
    );
    expect(router.errors).toMatch(/10\.15\.3\.1 .*\nto mend it: `vps-gateway settings`/);
    expect(waits.output).toMatch(
      /not yet: another guest \(52:54:00:4e:05:02\) has the address, and is moved at its next renewal; at 20/,
    );
    expect((await shown(directory, 'web')).held_by).toMatchObject({ mac: B });
  });

  test('it is said which address the guest has until its next renewal, and until when; by its port, and in a dry run, too', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(A);
    await segment().client().lease(B);
    const [other] = JSON.parse((await program(directory, 'leases', 'list', '--mac', B, '--json')).output);
    const set = ['set', 'web', '--mac', A, '--address'];
    const still = new RegExp(
      `^  its guest still has ${yiaddr.replaceAll('.', '\\.')}, until its next renewal; at 20\\S+Z at the latest$`,
      'm',
    );

    const tried = await reservations(directory, ...set, '10.15.3.57', '--dry-run');
    const triedTaken = await reservations(directory, ...set, other.address, '--dry-run');
    const made = await reservations(directory, ...set, '10.15.3.57');
    const json = await reservations(directory, ...set, '10.15.3.57', '--json');
    const file = fileOf([{ id: 'web', mac: [A], address: other.address }]);
    const imported = await reservations(directory, 'import', file, '--dry-run');
    const reconciled = await reservations(
      directory,
      ...['reconcile', file, '--scope', 'node=pve1', '--dry-run'],
    );

    for (const { output } of [tried, triedTaken, made]) expect(output).toMatch(still);
    expect(triedTaken.output).toMatch(/not yet: another guest \(52:54:00:4e:05:02\) has the address/);
    expect(JSON.parse(json.output)).toMatchObject({ pending: null, still_has: { address: yiaddr } });
    for (const { output } of [imported, reconciled]) {
      expect(output).toMatch(
        /address: 10\.15\.3\.57 -> .*\. Not yet: another guest \(52:54:00:4e:05:02\) has/,
      );
      expect(output).toMatch(new RegExp(`[Ii]ts guest still has ${yiaddr}`));
    }
  }, 120_000);

  test('one of which nothing says which guest it is for is refused, and what is missing is named', async () => {
    const directory = await managed();

    const none = await reservations(directory, 'set', 'web', '--address', '10.15.3.57');
    const later = await reservations(directory, 'set', 'web', '--address', '10.15.3.57', '--unknown-guest');
    const noted = await reservations(directory, 'set', 'web', '--note', 'for the shop');
    const known = await reservations(directory, 'set', 'web', '--mac', A);
    const without = await reservations(directory, 'set', 'web', '--mac', '');

    expect([none, later, noted, known, without].map(({ status }) => status)).toEqual([78, 0, 0, 0, 78]);
    expect(none.errors).toMatch(
      /^vps-gateway: web: nothing says which guest it is for: .*--mac .*--port .*--client-id.*--circuit-id/,
    );
    expect(await shown(directory, 'web')).toMatchObject({ mac: [A] });
  });

  test('the address of a lease is kept for its guest in one step', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(A);

    const kept = await program(directory, 'leases', 'reserve', A, '--id', 'web', '--hostname', 'web-1');
    const none = await program(directory, 'leases', 'reserve', '10.15.3.250');

    expect(kept.output).toBe(`web: ${yiaddr} is kept for it from now on\n`);
    expect(await shown(directory, 'web')).toMatchObject({ mac: [A], hostname: 'web-1', address: yiaddr });
    expect(none.status).toBe(1);
    expect(none.errors).toMatch(
      /has leased nothing at that address; what another one has leased is ordered there\nto mend it: `vps-gateway reservations set/,
    );
  });

  test('one is removed, if its address is the one that is meant; its address is kept for a day', async () => {
    const directory = await managed();
    await reservations(directory, 'set', 'web', '--address', '10.15.3.57', '--unknown-guest');

    const other = await reservations(directory, 'remove', 'web', '--address', '10.15.3.58');
    const dry = await reservations(directory, 'remove', 'web', '--dry-run');
    const removed = await reservations(directory, 'remove', 'web', '--reason', 'closed');
    const again = await reservations(directory, 'remove', 'web');
    const kept = await reservations(directory, 'set', 'db', '--address', '10.15.3.57', '--unknown-guest');
    const retired = await reservations(directory, 'list', '--retired', '--json');

    expect(other.status).toBe(65);
    expect(other.errors).toContain('its address is 10.15.3.57');
    expect(dry.output).toContain('web: would be removed');
    expect(removed.output).toBe('web: removed; 10.15.3.57 is kept for this id for a day\n');
    expect(again.status).toBe(1);
    expect(kept.errors).toMatch(
      /is kept for the id web until .*\nto mend it: the other one was removed: choose another/,
    );
    expect(JSON.parse(retired.output)).toMatchObject([{ id: 'web', address: '10.15.3.57' }]);
  });

  test('an import over what is there says what each was: which members, from what to what; dry, too, and by reconcile', async () => {
    const directory = await managed();
    const [label, name] = [{ node: 'pve1', rack: 'a' }, 'web'];
    await reservations(
      directory,
      ...['import', fileOf([{ id: 'web', mac: [A], address: '10.15.3.57', hostname: name, labels: label }])],
    );
    const file = fileOf([
      ...[
        {
          id: 'web',
          mac: [A, B],
          address: '10.15.3.57',
          labels: { node: 'pve1', rack: 'b' },
          note: 'a move',
        },
      ],
      ...[{ id: 'new', address: '10.15.3.58', labels: { node: 'pve1' } }],
    ]);

    const dry = await reservations(directory, 'import', file, '--dry-run');
    const reconciled = await reservations(
      ...[directory, 'reconcile', file, '--scope', 'node=pve1', '--dry-run'],
    );
    const set = await reservations(...[directory, 'set', 'web', '--hostname', 'db', '--dry-run']);
    const json = await reservations(directory, 'import', file, '--json');
    const again = await reservations(directory, 'import', file);

    const said = `mac: ${A} -> ${A}, ${B}; hostname: web -> none; labels.rack: a -> b; note: none -> "a move"`;
    expect(dry.output).toMatch(new RegExp(`^changed +web +10\\.15\\.3\\.57 +${said}$`, 'm'));
    expect(dry.output).toMatch(/^added +new +10\.15\.3\.58 +-$/m);
    expect(reconciled.output).toContain(said);
    expect(set.output).toMatch(/^ {2}hostname: web -> db$/m);
    expect(JSON.parse(json.output).items).toMatchObject([
      { what: 'changed', remark: said, changes: [{ member: 'mac', from: [A], to: [A, B] }, {}, {}, {}] },
      { what: 'added', remark: null, changes: [] },
    ]);
    expect(again.output).toMatch(/^unchanged +web +10\.15\.3\.57 +-$/m);
  }, 120_000);

  test('a file is imported entry by entry: a bad one is refused by name, the rest stand; what was listed may be imported', async () => {
    const directory = await managed();
    const entries = [
      { id: 'web', mac: [A], address: '10.15.3.57' },
      { id: 'db', address: '10.15.3.57' },
      { id: 'bad', mac: ['zz'], colour: 'red' },
      { mac: [B] },
      7,
    ];

    const dry = await reservations(directory, 'import', fileOf(entries), '--dry-run');
    const before = await reservations(directory, 'list', '--json');
    const ran = await reservations(directory, 'import', fileOf(entries), '--json', '--reason', 'moved here');
    const listed = await reservations(directory, 'list', '--json');
    const again = await reservations(directory, 'import', fileOf(listed.output));
    const more = await reservations(directory, 'import', fileOf(listed.output), '--dry-run');
    const other = await reservations(
      directory,
      'import',
      fileOf([{ id: 'web', mac: [A], address: '10.15.3.57', note: 'shop' }]),
    );

    expect(dry.output).toMatch(/^added +web +10\.15\.3\.57/m);
    expect(dry.output).toContain('\nwould be: 1 added, 0 changed, 4 refused, 0 as they were\n');
    expect(dry.errors).toContain('a dry run: nothing was changed');
    expect(before.output).toBe('[]\n');
    expect(ran.status).toBe(65);
    expect(JSON.parse(ran.output).items).toMatchObject([
      { what: 'added', id: 'web', address: '10.15.3.57' },
      { what: 'refused', id: 'db', remark: expect.stringContaining('belongs to the reservation web') },
      { what: 'refused', id: 'bad', remark: expect.stringMatching(/\/mac\/0: .*\/colour: /) },
      { what: 'refused', id: null, remark: 'entry 4 of the file has no id' },
      { what: 'refused', id: null, remark: 'entry 5 of the file has no id' },
    ]);
    expect(again).toMatchObject({ status: 0, errors: '' });
    expect(again.output).toMatch(
      /^unchanged +web +10\.15\.3\.57 .*\n0 added, 0 changed, 0 refused, 1 as they were\n$/m,
    );
    expect(more.output).toMatch(
      /^unchanged +web .*\nwould be: 0 added, 0 changed, 0 refused, 1 as they were\n$/m,
    );
    expect(other.output).toMatch(/^changed +web .*\n0 added, 1 changed, 0 refused, 0 as they were\n$/m);
  });

  test('what one entry of a file gives up, an earlier one takes; guests of a file exchange their addresses', async () => {
    const directory = await managed();
    const at = (...pairs: readonly (readonly [string, number])[]) =>
      fileOf(pairs.map(([id, last]) => ({ id, address: `10.15.3.${last}` })));
    await reservations(directory, 'import', at(['a', 61], ['b', 62], ['c', 63]));

    const chain = await reservations(directory, 'import', at(['a', 62], ['b', 63], ['c', 64], ['d', 61]));
    const tried = await reservations(directory, 'import', at(['a', 63], ['b', 62]), '--dry-run');
    const exchange = await reservations(directory, 'import', at(['a', 63], ['b', 62]));
    const listed = await reservations(directory, 'list', '--json');

    expect(chain).toMatchObject({ status: 0, errors: '' });
    expect(chain.output).toMatch(
      /^changed +a +10\.15\.3\.62\b[\s\S]*^changed +b .*\.63\b[\s\S]*^changed +c .*\.64\b/m,
    );
    expect(tried.output).toMatch(
      /^changed +a .*63\b[\s\S]*^changed +b .*62\b[\s\S]*would be: 0 added, 2 changed, 0 refused/m,
    );
    expect(exchange).toMatchObject({ status: 0, errors: '' });
    expect(JSON.parse(listed.output).map(({ address }: { address: string }) => address)).toEqual(
      [63, 62, 64, 61].map((last) => `10.15.3.${last}`),
    );
  });

  test('a file is made the whole set of a scope: dry, then for good; none else is touched', async () => {
    const directory = await managed();
    await segment().client().lease(B);
    await reservations(directory, 'set', 'other', '--label', 'node=pve2', '--unknown-guest');
    const scope = ['--scope', 'node=pve1'];
    await reservations(directory, 'reconcile', fileOf([{ id: 'old' }, { id: 'web' }]), ...scope);
    const wanted = fileOf([{ id: 'web', mac: [A] }, { id: 'new' }, { id: 'bad', mac: 'zz' }]);

    const dry = await reservations(directory, 'reconcile', wanted, ...scope, '--dry-run');
    const ran = await reservations(directory, 'reconcile', wanted, ...scope);
    const empty = await reservations(directory, 'reconcile', fileOf([]), ...scope);
    const all = await reservations(directory, 'reconcile', fileOf([]), ...scope, '--allow-empty', '--json');
    const left = await reservations(directory, 'list', '--json');

    expect(dry.output).toContain('would be: 1 added, 1 changed, 1 removed, 1 refused, 0 as they were\n');
    expect(ran.status).toBe(65);
    expect(ran.output).toMatch(/^removed +old +-/m);
    expect(ran.output).toMatch(/^refused +bad +- +\/mac: /m);
    expect(ran.output).toMatch(new RegExp(`^unexplained +- +10\\.15\\.3\\.\\d+ +${B}`, 'm'));
    expect(empty.status).toBe(65);
    expect(empty.errors).toMatch(/would remove every reservation .*\n.*\nto mend it: --allow-empty/);
    expect(JSON.parse(all.output)).toMatchObject({ removed: ['new', 'web'] });
    expect(JSON.parse(left.output)).toMatchObject([{ id: 'other' }]);
  }, 120_000);

  test('bad input is refused, and it is said what is wrong', async () => {
    const directory = await managed();
    const set = ['set', 'web', '--unknown-guest'];
    const bad: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[...set, '--mac', 'zz'], 65, /\/mac\/0: is not a MAC address/],
      [[...set, '--address', '10.15.3'], 65, /\/address: is not an address/],
      [[...set, '--hostname', 'a b'], 65, /\/hostname: is not a host name/],
      [[...set, '--lease-time', '5s'], 65, /\/lease_time: /],
      [[...set, '--lease-time', 'ever'], 78, /Write it as 10m or 12h/],
      [[...set, '--label', 'node'], 78, /Write it as name=text/],
      [[...set, '--option', 'colour=red'], 65, /\/options\/colour: /],
      [[...set, '--reason', 'a\nb'], 78, /\/reason: /],
      [['set', 'x'.repeat(65), '--mac', A], 65, /\/id: is 1 to 64 characters/],
      [[...set, '--from', '/nowhere'], 78, /\/nowhere: cannot be read \(ENOENT\)/],
      [[...set, '--from', fileOf('[]')], 78, /is not one entry/],
      [['import', fileOf('{"id":')], 78, /is no JSON: /],
      [['import', fileOf('{}')], 78, /has no list of reservations/],
      [['reconcile', fileOf([])], 78, /required option '--scope/],
      [['reconcile', fileOf([]), '--scope', 'node'], 78, /--scope node: not a label/],
    ];

    for (const [words, status, why] of bad) {
      const ran = await reservations(directory, ...words);
      expect(ran, words.join(' ')).toMatchObject({ status, output: '' });
      expect(ran.errors).toMatch(why);
    }
  }, 120_000);
});
