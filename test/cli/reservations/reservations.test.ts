import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusalText } from '../../../src/cli/reservations/import.ts';
import { wantedEntry } from '../../../src/cli/reservations/read-entries.ts';
import { addReservationsCommand } from '../../../src/cli/reservations/reservations.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { LISTED_ENTRY, WHOLE_RESERVATION } from '../../../src/management/http/reservation-schemas.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, reservationChange, take } from '../../store/changes.ts';
import { cards, reservationOf } from '../../support/reservations.ts';

it('an entry of a file that is refused without a fault of its own is told in words, and what to do', () => {
  expect(refusalText({ why: 'needs-shared-store', errors: [] })).toBe(
    'other gateways do not share the reservations: name its address, and import the file at each of them',
  );
});

const FAR = at(100 * 365 * 86_400);
const id = (text: string) => text as OutsideId;

describe('vps-gateway reservations', () => {
  let directory: string;
  let store: SqliteStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'reservations-'));
    store = openSqliteStore({ directory, inFlight: new Set(), now: at(0), seed: 0, node: 'pve1' });
    const made = [
      reservationOf('web', '10.15.3.57', {
        macs: cards('52:54:00:00:00:01', '52:54:00:00:00:02'),
        hostname: 'Web-1',
        labels: { node: 'pve1' },
        note: 'the shop',
      }),
      reservationOf('db', '10.15.3.58', { port: 'tap104i0', vpsId: id('104'), leaseTime: 600 }),
      reservationOf('old', '10.15.3.59', { retiredUntil: FAR }),
    ];
    for (const one of made) expect(await take(store, reservationChange(store, one))).toBe('committed');
    await bind(store, { client: 1, address: address('10.15.3.20'), expiresAt: FAR });
    await bind(store, { client: 9, address: address('10.15.3.57'), expiresAt: FAR });
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
    addReservationsCommand(program, {
      output: { write: (text) => (seen.output += text), hasColour: false, columns },
      environment: { GATEWAY_DHCP_LEASES_DIR: directory },
      remark: (text) => (seen.remarks += text),
      exitWith: (status) => (seen.status = status),
    });
    program.parse(['reservations', ...words], { from: 'user' });
    return seen;
  }
  const idsOf = (output: string) => (JSON.parse(output) as { id: string }[]).map((one) => one.id);

  it('lists those in force by their ids; a terminal gets no column that says nothing', () => {
    expect(runAt(100).output.split('\n')).toEqual([
      'ID   ADDRESS     MAC                   HOSTNAME  PORT      VPS  LABELS     NOTE',
      'db   10.15.3.58  -                     -         tap104i0  104  -          -',
      'web  10.15.3.57  52:54:00:00:00:01 +1  Web-1     -         web  node=pve1  the shop',
      '',
    ]);
    for (const columns of [40, 60, 80])
      for (const line of runAt(columns).output.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it.each([
    [['--address', '10.15.3.57'], ['web']],
    [['--mac', '52-54-00-00-00-02'], ['web']],
    [['--hostname', 'WEB'], ['web']],
    [['--vps-id', '104'], ['db']],
    [['--port', 'tap104i0'], ['db']],
    [['--label', 'node=pve1'], ['web']],
    [
      ['--source', 'api'],
      ['db', 'web'],
    ],
    [['--retired'], ['db', 'old', 'web']],
    [['--state', 'reserved-idle'], ['db']],
    [
      ['--state', 'reserved-idle', '--retired'],
      ['db', 'old'],
    ],
    [['--state', 'bound'], ['web']],
    [['--node', 'pve1'], ['web']],
  ])('with %j it lists %j', (words, expected) => {
    expect(idsOf(run(...words, '--json').output)).toEqual(expected);
  });

  it.each([
    [['--address', '10.15.3'], /--address 10\.15\.3: not an address/],
    [['--mac', 'web'], /--mac web: not a MAC address/],
    [['--state', 'idle'], /--state idle: no state of a reserved address: use one of reserved-idle, bound/],
    [['--label', 'node'], /--label node: not a label: write it as node=pve1/],
    [['--source', 'me'], /--source me: no source: use one of api, file, platform/],
  ])('refuses %j by name', (words, message) => {
    expect(() => run(...words)).toThrow(message);
  });

  it('ends with 1 where nothing matches, and with 0 where there are none', async () => {
    expect(run('--port', 'tap9i0')).toMatchObject({
      status: 1,
      remarks: expect.stringMatching(/no reservation matches/),
    });
    expect(run('show', 'nobody')).toMatchObject({
      status: 1,
      remarks: expect.stringMatching(/nobody: no reservation/),
    });
    expect(run('show', 'nobody', '--json')).toMatchObject({ status: 1, output: '[]\n' });
  });

  it.each(['web', '10.15.3.57', '52:54:00:00:00:02'])(
    'shows one by %s, with what its guest has, and who has its address',
    (of) => {
      const { output } = run('show', of);

      expect(output).toMatch(/^mac +52:54:00:00:00:01, 52:54:00:00:00:02$/m);
      expect(output).toMatch(
        /^its guest has +10\.15\.3\.20 \(52:54:00:00:00:01, bound, until 2125-12-08T00:00:00Z\)$/m,
      );
      expect(output).toMatch(/^its address is +another's still: 10\.15\.3\.57 \(52:54:00:00:00:09, bound/m);
      expect(run(of).output).toBe(output);
    },
  );

  it('says of an address in quarantine until when it is so, and names no other guest', async () => {
    await bind(store, { client: 4, address: address('10.15.3.58'), state: 'declined', expiresAt: FAR });

    const { output } = run('show', 'db');

    expect(output).toMatch(/^its address is +in quarantine until 2125-12-08T00:00:00Z$/m);
    expect(output).not.toContain("another's");
  });

  it('has the whole entry as JSON, as the API takes it, with the leases', () => {
    expect(JSON.parse(run('show', 'web', '--json').output)).toMatchObject([
      {
        id: 'web',
        address: '10.15.3.57',
        mac: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
        labels: { node: 'pve1' },
        source: 'api',
        leases: [{ address: '10.15.3.20' }],
        held_by: { mac: '52:54:00:00:00:09' },
      },
    ]);
  });

  it('shows the same when the server does not run', async () => {
    const running = run().output;
    await store.close();

    expect(run().output).toBe(running);
  });
});

it('what the API answers about one can be sent back as an entry', () => {
  const answered = Object.fromEntries(Object.keys(WHOLE_RESERVATION.shape).map((name) => [name, null]));
  const sent = Object.keys(LISTED_ENTRY.shape).sort();

  expect(Object.keys(wantedEntry(answered) as object).sort()).toEqual(sent);
});
