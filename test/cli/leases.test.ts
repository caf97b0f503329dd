import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, test } from 'vitest';
import { addLeasesCommand } from '../../src/cli/leases.ts';
import { addReservationsCommand } from '../../src/cli/reservations/reservations.ts';
import { type Instant, instant, type OutsideIds } from '../../src/lease/lease.ts';
import { openMirror } from '../../src/store/sqlite/open-mirror.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, reserve } from '../store/changes.ts';
import { FakeClock } from '../support/clock.ts';
import { reservationOf } from '../support/reservations.ts';

/** A lease until 2125. */
const FAR = at(100 * 365 * 86_400);

describe('vps-gateway leases', () => {
  let directory: string;
  let store: SqliteStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'leases-'));
    store = openSqliteStore({ directory, inFlight: new Set(), now: at(0), seed: 0, node: 'pve1' });
    const web = { client: 1, address: address('10.15.3.20'), expiresAt: FAR, hostname: 'web-1' };
    await bind(store, web);
    await bind(store, { client: 2, address: address('10.15.3.21'), expiresAt: at(60), hostname: 'DB' });
    await bind(store, { client: 3, address: address('10.15.3.22') });
    await bind(store, {
      client: 3,
      address: address('10.15.3.22'),
      at: at(9),
      state: 'free',
      reason: 'released',
    });
    await bind(store, { client: 4, address: address('10.15.3.9'), expiresAt: FAR });
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function run(...words: string[]) {
    return runAt(undefined, ...words);
  }

  function runAt(columns: number | undefined, ...words: string[]) {
    const seen = { output: '', remarks: '', status: 0 };
    const program = new Command().exitOverride();
    addLeasesCommand(program, {
      output: { write: (text) => (seen.output += text), hasColour: false, columns },
      environment: { GATEWAY_DHCP_LEASES_DIR: directory },
      remark: (text) => (seen.remarks += text),
      exitWith: (status) => (seen.status = status),
    });
    program.parse(['leases', ...words], { from: 'user' });
    return seen;
  }

  const addressesIn = (output: string) => {
    const lines = output.trim().split('\n').slice(1);
    return lines.map((line) => line.split(' ')[0]);
  };

  it('shows every lease in the order of the addresses, while the server runs', () => {
    const { output, status } = run();

    expect(output.split('\n')).toEqual([
      'ADDRESS     MAC                HOSTNAME  STATE    EXPIRES               VPS  NODE  CLIENT          RESERVATION  ORGANIZATION  PORT',
      '10.15.3.9   52:54:00:00:00:04  -         bound    2125-12-08T00:00:00Z  -    pve1  01525400000004  -            -             -',
      '10.15.3.20  52:54:00:00:00:01  web-1     bound    2125-12-08T00:00:00Z  -    pve1  01525400000001  -            -             -',
      '10.15.3.21  52:54:00:00:00:02  DB        expired  2026-01-01T00:01:00Z  -    pve1  01525400000002  -            -             -',
      '10.15.3.22  52:54:00:00:00:03  -         free     -                     -    pve1  01525400000003  -            -             -',
      '',
    ]);
    expect(status).toBe(0);
  });

  it('the number of a guest stays its VPS where its reservation names none, and the id is the reservation alone', async () => {
    const ids = (vpsId: string, reservationId: string, port?: string) =>
      ({ vpsId, reservationId, ...(port !== undefined && { port }) }) as OutsideIds;
    const lease = (client: number, its: OutsideIds) =>
      bind(store, { client, address: address(`10.15.3.${client}`), expiresAt: FAR, ids: its });
    await lease(31, ids('web1', 'web1', 'veth101i0'));
    await lease(32, ids('web2', 'web2'));
    await lease(33, ids('vps-9', 'web3', 'tap103i0'));

    const rows = run()
      .output.split('\n')
      .map((line) => line.split(/ {2,}/));
    const vps = rows[0]?.indexOf('VPS') ?? -1;
    const reservation = rows[0]?.indexOf('RESERVATION') ?? -1;
    const shown = rows.slice(-4, -1).map((cells) => [cells[vps], cells[reservation]]);

    expect(shown).toEqual([
      ['101', 'web1'],
      ['web2', 'web2'],
      ['vps-9', 'web3'],
    ]);
    expect(run('show', '10.15.3.31').output).toMatch(/^vps +101$/m);
  });

  it('a terminal of 80 columns has address, MAC, name, state and end in one line each', async () => {
    const long = 'a-name-that-is-much-longer-than-what-is-left';
    await bind(store, { client: 250, address: address('10.15.3.250'), expiresAt: FAR, hostname: long });

    expect(runAt(80).output.split('\n').slice(0, 3)).toEqual([
      'ADDRESS      MAC                HOSTNAME           STATE    EXPIRES',
      '10.15.3.9    52:54:00:00:00:04  -                  bound    2125-12-08T00:00:00Z',
      '10.15.3.20   52:54:00:00:00:01  web-1              bound    2125-12-08T00:00:00Z',
    ]);
    expect(runAt(80).output).toContain('10.15.3.250  52:54:00:00:00:fa  a-name-that-is-m…  bound');
    for (const words of [[], ['history'], ['show', '10.15.3.250']])
      for (const line of runAt(80, ...words).output.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('a wide terminal has the node too, and the client where it is not the MAC itself', () => {
    expect(runAt(100).output.split('\n')[0]).toBe(
      'ADDRESS     MAC                HOSTNAME  STATE    EXPIRES               NODE',
    );
  });

  it.each([
    [['export'], /^10\.15\.3\.20 web-1 web-1\.vps\.local\n$/],
    [['export', '--domain', 'example.net'], /^10\.15\.3\.20 web-1 web-1\.example\.net\n$/],
    [['export', '--domain', 'off'], /^10\.15\.3\.20 web-1\n$/],
    [
      ['export', '--format', 'csv'],
      /^address,mac,names\r\n10\.15\.3\.9,52:54:00:00:00:04,\r\n10\.15\.3\.20,/,
    ],
    [['export', '--format', 'dnsmasq'], /^dhcp-host=52:54:00:00:00:01,10\.15\.3\.20,web-1$/m],
    [['export', '--format', 'kea'], /"hw-address": "52:54:00:00:00:01"/],
    [
      ['export', '--json'],
      /^\{"items":\[\{"address":"10\.15\.3\.9","mac":"52:54:00:00:00:04","names":\[\]\}/,
    ],
  ])('%j writes the leases that run for another server, without a gateway too', async (words, expected) => {
    await store.close();

    expect(run(...words)).toMatchObject({ output: expect.stringMatching(expected), status: 0, remarks: '' });
  });

  it.each([
    [['export', '--format', 'xml'], /Allowed choices are hosts, json, csv, dnsmasq, kea/],
    [['export', '--domain', 'a b'], /a b: not a domain: write it as example.net, or off/],
  ])('%j is refused', (words, why) => {
    expect(() => run(...words)).toThrow(why);
  });

  it('shows the same when the server does not run', async () => {
    const running = run('list').output;
    await store.close();

    expect(run('list').output).toBe(running);
  });

  it('shows a lease as soon as it is committed', async () => {
    await bind(store, { client: 5, address: address('10.15.3.30'), expiresAt: FAR });

    expect(addressesIn(run().output)).toContain('10.15.3.30');
  });

  it.each([
    [['--address', '10.15.3.21'], ['10.15.3.21']],
    [['--mac', '52:54:00:00:00:01'], ['10.15.3.20']],
    [['--mac', '52-54-00-00-00-03'], ['10.15.3.22']],
    [
      ['--state', 'bound'],
      ['10.15.3.9', '10.15.3.20'],
    ],
    [['--state', 'expired'], ['10.15.3.21']],
    [['--state', 'free'], ['10.15.3.22']],
    [['--hostname', 'db'], ['10.15.3.21']],
    [['--hostname', 'WEB'], ['10.15.3.20']],
    [['--state', 'bound', '--mac', '52:54:00:00:00:04'], ['10.15.3.9']],
  ])('filters by %j', (flags, addresses) => {
    expect(addressesIn(run('list', ...flags).output)).toEqual(addresses);
    expect(addressesIn(run(...flags).output)).toEqual(addresses);
  });

  it('prints one array of objects with --json', () => {
    const rows: unknown = JSON.parse(run('--state', 'bound', '--json').output);

    expect(rows).toEqual([
      expect.objectContaining({ address: '10.15.3.9', hostname: null }),
      {
        address: '10.15.3.20',
        mac: '52:54:00:00:00:01',
        hostname: 'web-1',
        state: 'bound',
        starts: '2026-01-01T00:00:00Z',
        expires: '2125-12-08T00:00:00Z',
        updated: '2026-01-01T00:00:00Z',
        vps_id: null,
        node: 'pve1',
        client: '01525400000001',
        lease_seconds: 3_153_600_000,
        reservation_id: null,
        organization_id: null,
        port: null,
      },
    ]);
  });

  it('shows names in UTF-8, cut in the table and whole with --json, and finds them in whatever case', async () => {
    const long = 'ü'.repeat(127);
    await bind(store, { client: 6, address: address('10.15.3.31'), expiresAt: FAR, hostname: 'Jürgens-PC' });
    await bind(store, { client: 7, address: address('10.15.3.32'), expiresAt: FAR, hostname: long });

    const shown = run().output;
    expect(shown).toContain('  Jürgens-PC  ');
    expect(shown).toContain(`  ${'ü'.repeat(39)}…  bound`);
    expect(addressesIn(run('--hostname', 'JÜRGEN').output)).toEqual(['10.15.3.31']);
    expect(run('show', '10.15.3.32').output).toContain(`hostname      ${long}\n`);
    expect(JSON.parse(run('--address', '10.15.3.32', '--json').output)).toMatchObject([{ hostname: long }]);
  });

  it('ends with status 1 and a remark when nothing matches', () => {
    const table = run('list', '--address', '10.15.3.99');
    const json = run('list', '--address', '10.15.3.99', '--json');

    expect(table).toMatchObject({ output: '', status: 1 });
    expect(table.remarks).toContain('no lease matches');
    expect(json).toMatchObject({ output: '[]\n', status: 1 });
  });

  it('an empty store is no error', async () => {
    await store.close();
    rmSync(directory, { recursive: true });
    await openSqliteStore({ directory, inFlight: new Set(), now: at(0), seed: 0 }).close();

    expect(run()).toEqual({ output: '', remarks: 'no leases yet', status: 0 });
    expect(run('--json')).toMatchObject({ output: '[]\n', status: 0 });
  });

  it.each(['10.15.3.20', '52:54:00:00:00:01'])('show %s tells all of one lease', (of) => {
    expect(run('show', of).output.split('\n')).toEqual([
      'address       10.15.3.20',
      'mac           52:54:00:00:00:01',
      'hostname      web-1',
      'state         bound',
      'since         2026-01-01T00:00:00Z',
      'expires       2125-12-08T00:00:00Z',
      'length        3153600000 s',
      'updated       2026-01-01T00:00:00Z',
      'vps           -',
      'reservation   -',
      'organization  -',
      'port          -',
      'node          pve1',
      'client        01525400000001',
      'identifier    52:54:00:00:00:01',
      '',
    ]);
  });

  it('show of an address that has no lease says where to look', () => {
    const { remarks, status, output } = run('show', '10.15.3.77');

    expect(remarks).toContain('vps-gateway leases history 10.15.3.77');
    expect(status).toBe(1);
    expect(output).toBe('');
  });

  it.each(['10.15.3.22', '52:54:00:00:00:03'])('history %s tells who had it and when', (of) => {
    expect(run('history', of).output.split('\n').slice(1)).toEqual([
      '2026-01-01T00:00:00Z  10.15.3.22  bound     52:54:00:00:00:03  -         bound     2026-01-01T01:00:00Z  pve1',
      '2026-01-01T00:00:09Z  10.15.3.22  released  52:54:00:00:00:03  -         released  -                     pve1',
      '',
    ]);
  });

  it('history as JSON', () => {
    const events = JSON.parse(run('history', '10.15.3.22', '--json').output) as readonly { event: string }[];

    expect(events.map(({ event }) => event)).toEqual(['bound', 'released']);
    expect(run('history', '10.15.3.99').status).toBe(1);
  });

  it.each(['10.15.3.20', '52:54:00:00:00:01'])('leases %s shows that one', (of) => {
    expect(run(of).output).toBe(run('show', of).output);
    expect(run(of).output).toContain('hostname      web-1');
  });

  it.each([
    [['--since', '2026-01-01T00:00:01Z'], ['10.15.3.22 released']],
    [['--since', '2026-01-01', '--until', '2026-01-01T00:00:08'], ['10.15.3.22 bound']],
    [['--until', '2026-01-01 01:00:05+01:00'], ['10.15.3.22 bound']],
    [['--last', '1'], ['10.15.3.22 released']],
    [
      ['--last', '9'],
      ['10.15.3.22 bound', '10.15.3.22 released'],
    ],
    [['--at', '2026-01-01T00:00:05Z'], ['10.15.3.22 bound']],
    [['--at', '2026-01-01T00:00:09Z'], ['10.15.3.22 released']],
  ])('history 10.15.3.22 %j', (flags, expected) => {
    expect(eventsOf(run('history', '10.15.3.22', '--json', ...flags).output)).toEqual(expected);
  });

  it('history of a MAC at a time: the addresses that it had then, also those that others had later', async () => {
    await bind(store, { client: 5, address: address('10.15.3.22'), at: at(20) });
    const had = (time: string) => run('history', '52:54:00:00:00:03', '--at', time, '--json').output;

    expect(eventsOf(had('2026-01-01T00:00:05Z'))).toEqual(['10.15.3.22 bound']);
    expect(had('2026-01-01T00:00:30Z')).toBe('[]\n');
  });

  it('history of a time has who held the address, whatever was reserved since', async () => {
    await reserve(store, reservationOf('vps-1', '10.15.3.20'), { at: at(20) });

    const at30 = (of: string) => run('history', of, '--at', '2026-01-01T00:00:30Z', '--json').output;
    expect(eventsOf(at30('52:54:00:00:00:01'))).toEqual(['10.15.3.20 bound']);
    expect(eventsOf(at30('10.15.3.20'))).toEqual(['10.15.3.20 bound']);
  });

  it('history of a time that is still to come is said to be so', () => {
    const { output, remarks, status } = run('history', '10.15.3.22', '--at', '2225-01-01');

    expect(output).toContain('released');
    expect(remarks).toBe('--at is still to come: shown is what holds now');
    expect(status).toBe(0);
    expect(run('history', '--since', '2225-01-01').remarks).toMatch(/^--since is still to come/);
    expect(run('history', '--until', '2225-01-01').remarks).toBe('');
  });

  it('history of everything, the newest only', () => {
    expect(eventsOf(run('history', '--last', '2', '--json').output)).toEqual([
      '10.15.3.22 released',
      '10.15.3.9 bound',
    ]);
  });

  it.each([
    [['history', '--since', 'yesterday'], '--since yesterday'],
    [['history', '--at', '2026-13-01'], '2026-11-24T14:00 (UTC)'],
    [['history', '--last', '0'], '--last 0'],
    [['--since', '2h'], '`vps-gateway leases history [address|mac] --since 2h` tells what was'],
    [['list', '--last', '3'], '`vps-gateway leases history [address|mac] --last 3`'],
    [['10.15.3.20', '--at', '1h'], '`vps-gateway leases history 10.15.3.20 --at 1h`'],
    [['show', '10.15.3.20', '--until', '1h'], '`vps-gateway leases history 10.15.3.20 --until 1h`'],
    [['history', '--at', '2h', '--since', '3h'], '--at: is one moment'],
    [['history', '--at', '2h', '--until', '1h'], '--at: is one moment'],
    [['history', '--since', '1h', '--until', '2h'], '--until 2h: is before --since 1h'],
    [['histroy'], 'did you mean `vps-gateway leases history`?'],
    [['web-1'], 'vps-gateway leases list --hostname'],
    [['list', '--address', '10.15.3'], '--address 10.15.3'],
    [['list', '--mac', '52:54'], '--mac 52:54'],
    [['list', '--state', 'taken'], 'bound, expired, free, declined, peer'],
    [['show', 'web-1'], '10.15.3.20 or 52:54:00:12:34:56'],
    [['history', '10.15.3.300'], '10.15.3.300'],
  ])('%j is refused with what is wrong and how to write it', (words, text) => {
    expect(() => run(...words)).toThrow(
      expect.objectContaining({ code: 'bad-settings', message: expect.stringContaining(text) }),
    );
  });

  it('a directory without a lease file is named, with the remedy; the flag beats the variable', () => {
    const other = join(directory, 'other');

    expect(() => run('list', '--leases-dir', other)).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringContaining(join(other, 'leases.sqlite')),
      }),
    );
  });

  it('a file that is none is left to the gateway', async () => {
    await store.close();
    writeFileSync(join(directory, 'leases.sqlite'), 'nothing of the kind '.repeat(500));

    expect(() => run()).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringContaining('start the gateway'),
      }),
    );
  });

  it('shows no more of a host name than a terminal can bear', async () => {
    await bind(store, { client: 6, address: address('10.15.3.40'), hostname: '\u001b[2Jevil' });

    expect(run('--address', '10.15.3.40').output).toContain('?[2Jevil');
    expect(run('--address', '10.15.3.40').output).not.toContain('\u001b');
  });
});

function eventsOf(json: string): readonly string[] {
  const events = JSON.parse(json) as readonly { readonly address: string; readonly event: string }[];
  return events.map(({ address, event }) => `${address} ${event}`);
}

test('of a copy of shared leases that is old it is said how old, on a node that is cut off from etcd', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'leases-copy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const minutesAgo = (minutes: number) => instant(Date.now() - minutes * 60_000);
  const noted = async (hasQuorum: boolean, now: Instant) => {
    const clock = new FakeClock(now);
    const mirror = await openMirror({ directory, clock, now, seed: 0, node: 'pve1', inFlight: new Set() });
    mirror.reached({ segment: 'vpsnet', generation: 'g', revision: 7 });
    mirror.noteQuorum(hasQuorum, now);
    mirror.close();
  };
  const remarksOf = (command: 'leases' | 'reservations', ...words: string[]) => {
    const seen = { output: '', remarks: [] as string[] };
    const program = new Command().exitOverride();
    const add = command === 'leases' ? addLeasesCommand : addReservationsCommand;
    add(program, {
      output: { write: (text) => (seen.output += text), hasColour: false },
      environment: { GATEWAY_DHCP_LEASES_DIR: directory },
      remark: (text) => seen.remarks.push(text),
      exitWith: () => {},
    });
    program.parse([command, ...words], { from: 'user' });
    return seen.remarks.filter((text) => text.includes('etcd'));
  };

  await noted(true, minutesAgo(3));
  await noted(false, minutesAgo(1));
  const old = [
    remarksOf('leases'),
    remarksOf('leases', '--json'),
    remarksOf('leases', '10.15.3.20'),
    remarksOf('leases', 'history'),
    remarksOf('leases', 'export'),
    remarksOf('reservations'),
  ];
  await noted(true, minutesAgo(0));
  const fresh = [remarksOf('leases'), remarksOf('reservations')];

  for (const remarks of old)
    expect(remarks).toEqual([
      expect.stringMatching(/^copy of etcd's leases as of 3 minutes ago \(20.*Z\): what other gateways have/),
    ]);
  expect(fresh).toEqual([[], []]);
});
