import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { type Ran, run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

/** A connection that can be cut: what comes to one socket goes to another. */
class Forwarder {
  /** What came back. */
  passed = '';
  readonly #from: string;
  readonly #to: string;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
  }

  async open(): Promise<void> {
    this.#server = createServer((caller) => {
      const gateway = createConnection(this.#to);
      for (const socket of [caller, gateway]) this.#open.add(socket.on('error', () => {}));
      gateway.on('data', (piece) => (this.passed += piece.toString('latin1')));
      caller.pipe(gateway).pipe(caller);
    }).listen(this.#from);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()));
  }
}

const A = '52:54:00:4e:04:01';
const SECRET = 'correct-horse-battery';

describeSystem('the commands that ask the running gateway', [], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}, directory = segment().folder()) => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off', ...settings }, directory);
    await gateway.untilManaged();
    return gateway;
  };
  const command = (directory: string, ...words: readonly string[]): Promise<Ran> =>
    run(
      segment().node,
      [process.execPath, builtProgram(), ...words, '--leases-dir', directory],
      gatewayEnvironment(directory),
    );

  /** `events`, while it follows. */
  const events = (directory: string, ...words: readonly string[]) => {
    const line = [builtProgram(), 'events', ...words, '--leases-dir', directory];
    const child = segment().node.spawn(process.execPath, line, { env: gatewayEnvironment(directory) });
    const said = { output: '', errors: '' };
    child.stdout?.on('data', (piece: Buffer) => (said.output += piece));
    child.stderr?.on('data', (piece: Buffer) => (said.errors += piece));
    return {
      until: (word: string) => eventually(`it said ${word}`, () => said.errors.includes(word)),
      ended: once(child, 'close').then(([status]) => ({ ...said, status: Number(status) })),
    };
  };

  test('settings are those of the running gateway, by name, or only those that were set', async () => {
    const { directory } = await managed({ GATEWAY_DHCP_LEASE_TIME: '2h' });

    const all = await command(directory, 'settings');
    const pool = await command(directory, 'settings', 'pool-start', '--json');
    const changed = await command(directory, 'settings', '--changed', '--json');
    const none = await command(directory, 'settings', 'nothing-of-this-name');

    expect(all.output).toMatch(/^GATEWAY_DHCP_LEASE_TIME +2h +environment$/m);
    for (const derived of [
      'LISTEN_IP +10\\.15\\.3\\.10',
      'INTERFACE +eth0',
      'LEASE_TIME_MAX +2h',
      'RENEWAL_TIME +1h',
      'REBINDING_TIME +1h45m',
    ])
      expect(all.output).toMatch(new RegExp(`^GATEWAY_DHCP_${derived} +derived$`, 'm'));
    expect(all.output).toMatch(/^GATEWAY_PEERS +10\.15\.3\.10 to 10\.15\.3\.19 +derived$/m);
    expect(all.output).toMatch(new RegExp(`^GATEWAY_NODE_NAME +${hostname()} +derived$`, 'm'));
    expect(JSON.parse(pool.output)).toEqual([
      { setting: 'GATEWAY_DHCP_POOL_START', value: '10.15.3.20', from: 'default' },
    ]);
    expect(JSON.parse(changed.output)).toContainEqual({
      setting: 'GATEWAY_DHCP_LEASE_TIME',
      value: '2h',
      from: 'environment GATEWAY_DHCP_LEASE_TIME',
    });
    expect(changed.output).not.toContain('"from":"default"');
    expect(none).toMatchObject({ status: 1, output: '' });
    expect(none.errors).toContain('no setting of the name nothing-of-this-name');
  });

  test('no command shows a secret, whether a variable or a file has it', async () => {
    const file = join(segment().folder(), 'secrets');
    writeFileSync(file, `platform:write:${SECRET}\n`);
    for (const settings of [{ GATEWAY_API_SECRET: SECRET }, { GATEWAY_API_SECRET_FILE: file }]) {
      const gateway = await managed({ ...settings, LOG_LEVEL: 'trace' });
      const ran = [
        await command(gateway.directory, 'settings'),
        await command(gateway.directory, 'settings', '--json'),
        await command(gateway.directory, 'health'),
        await command(gateway.directory, 'health', '--json'),
        await run(
          segment().node,
          [process.execPath, builtProgram(), 'check', '--json'],
          gatewayEnvironment(gateway.directory, settings),
        ),
        await run(
          segment().node,
          [process.execPath, builtProgram(), 'check', '--api-secret-file', '/proc/self/environ'],
          gatewayEnvironment(gateway.directory, settings),
        ),
      ];
      await gateway.end();

      expect(ran.map(({ output }) => output).join()).toContain('GATEWAY_API_SECRET');
      for (const { output, errors } of ran) expect(output + errors).not.toContain(SECRET);
      expect(JSON.stringify(gateway.log) + gateway.words.join()).not.toContain(SECRET);
    }
  });

  test('a lease is released by address or MAC; the history has who typed it, and why', async () => {
    const { directory } = await managed({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const client = segment().client();
    const { yiaddr } = await client.lease(A);
    client.holds.delete(yiaddr);

    const released = await command(directory, 'leases', 'release', A, '--reason', 'moved: to pve2');
    const again = await command(directory, 'leases', 'release', yiaddr);
    const unknown = await command(directory, 'leases', 'release', A);
    const wrong = await command(directory, 'leases', 'release', 'web-1');
    const { output } = await command(directory, 'leases', 'history', yiaddr, '--last', '1', '--json');

    expect(released).toMatchObject({ status: 0, output: `${yiaddr}: released\n`, errors: '' });
    expect(JSON.parse(output)).toMatchObject([
      { event: 'freed', reason: 'released-by-operator by cli:root: moved: to pve2' },
    ]);
    expect([again.status, unknown.status, wrong.status]).toEqual([1, 1, 78]);
    expect(again.errors).toMatch(
      /10\.15\.3\.\d+ is not leased\nto mend it: `vps-gateway leases history 10\./,
    );
    expect(unknown.errors).toContain(`${A} has no lease`);
    expect(wrong.errors).toContain('web-1: not an address');
  });

  test('a guest that answers by ARP keeps its lease, and the command says what ends it all the same', async () => {
    const { directory } = await managed({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const { yiaddr } = await segment().client().lease(A);

    const kept = await command(directory, 'leases', 'release', yiaddr, '--json');
    const forced = await command(directory, 'leases', 'release', yiaddr, '--force', '--json');

    expect(kept).toMatchObject({ status: 65, output: '' });
    expect(kept.errors).toContain(`${A} answers by ARP for ${yiaddr}; its lease is kept\nto mend it: shut`);
    expect(kept.errors).toContain(`vps-gateway leases release ${yiaddr} --force`);
    expect(JSON.parse(forced.output)).toMatchObject({
      answered_by: A,
      rests_seconds: 600,
      author: 'cli:root',
    });
  });

  test('where nothing is shared, what only another gateway can do, or has, is said at once', async () => {
    const { directory } = await managed();
    await segment().gatewayAt(11);
    const client = segment().client();
    const peers = async (mac: string): Promise<readonly { readonly address: string }[]> =>
      JSON.parse(
        (await command(directory, 'leases', 'list', '--mac', mac, '--state', 'peer', '--json')).output,
      );
    const before = await command(directory, 'leases', 'export');
    const heard = events(directory, '--reason', 'peer-granted', '--count', '1');
    await heard.until('following');
    let guest = A;
    let number = 16;
    // The first one that asks the other gateway makes that known; what a later one asks for is recorded.
    await eventually('a guest of the other gateway was heard', async () => {
      number += 1;
      guest = `52:54:00:4e:01:${number.toString(16)}`;
      await client.lease(guest);
      return (await peers(guest)).length > 0;
    });
    const [lease] = await peers(guest);
    const address = lease?.address ?? '';

    const released = await command(directory, 'leases', 'release', address);
    await command(directory, 'reservations', 'set', 'one', '--mac', guest, '--address', '10.15.3.50');
    const removed = await command(directory, 'reservations', 'remove', 'one', '--release');
    const exported = await command(directory, 'leases', 'export');

    expect((await heard.ended).output).toMatch(/ {2}peer-granted {2}.*heard on the segment {2}.*\n$/);
    expect(released.status).toBe(65);
    expect(released.errors).toContain(
      `the gateway 10.15.3.11 has granted ${address} and shares no leases: order this there`,
    );
    expect(released.errors).not.toContain('--force');
    const told = removed.output.replaceAll(/\n +/g, ' ');
    expect(told).toContain(`its guest's lease of ${address} is of 10.15.3.11, and is not ended here`);
    expect(told).toContain('at this gateway only: order the same at 10.15.3.11 too');
    expect(before).toMatchObject({ status: 0, errors: '' });
    expect(exported.status).toBe(0);
    expect(exported.errors).toMatch(
      /^only the leases of this node's gateway: .* \(10\.15\.3\.11\): run this/,
    );
  });

  test('an address is taken out of use for a time, asked for, and put back; one that is leased is not, and who has it is said', async () => {
    const { directory } = await managed({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const { yiaddr } = await segment().client().lease(A);
    const addresses = (...words: readonly string[]) => command(directory, 'addresses', ...words);

    const taken = await addresses('quarantine', '10.15.3.200', '--for', '1h', '--reason', 'a printer');
    const shown = await command(directory, 'leases', 'show', '10.15.3.200', '--json');
    const back = await addresses('restore', '10.15.3.200');
    const again = await addresses('restore', '10.15.3.200');
    const leased = await addresses('quarantine', yiaddr);
    const routers = await addresses('quarantine', '10.15.3.1');
    const asked = await addresses('ask', yiaddr);
    const quiet = await addresses('ask', '10.15.3.201', '--json');

    expect(taken.output).toBe('10.15.3.200: nobody gets it for 1h\n');
    expect(JSON.parse(shown.output)).toMatchObject([{ state: 'declined', lease_seconds: 3600 }]);
    expect(back.output).toBe('10.15.3.200: guests may have it again\n');
    expect([again.status, leased.status, routers.status]).toEqual([65, 65, 65]);
    expect(again.errors).toContain('10.15.3.200 is not in quarantine');
    expect(leased.errors).toMatch(
      new RegExp(
        `${yiaddr} is leased: release it first\\n {2}${A}.* has it\\nto mend it: .*release ${yiaddr}`,
      ),
    );
    expect(routers.errors).toMatch(/no guest may have 10\.15\.3\.1\nto mend it: `vps-gateway settings pool`/);
    expect(asked.output).toBe(`${yiaddr}: ${A} answers by ARP\n`);
    expect(JSON.parse(quiet.output)).toEqual({ address: '10.15.3.201', answered_by: null });
  });

  test('bad input is refused, and it is said what is wrong', async () => {
    const { directory } = await managed();
    const bad: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['addresses', 'quarantine', '10.15.3'], 78, /address 10\.15\.3: not an address/],
      [['addresses', 'quarantine', '10.15.3.200', '--for', 'ever'], 78, /--for ever: not a time/],
      [['addresses', 'quarantine', '10.15.3.200', '--for', '0'], 78, /--for 0: not a time/],
      [['addresses', 'quarantine', '10.15.3.200', '--for', '999d'], 65, /\/seconds: .*\d/],
      [['addresses', 'quarantine', '10.15.3.200', '--reason', ''], 65, /\/reason: /],
      [['addresses', 'quarantine', '10.15.3.200', '--reason', 'x'.repeat(161)], 65, /\/reason: /],
      [['addresses', 'restore', '10.15.3.200', '--reason', 'a\nb'], 65, /\/reason: has characters/],
      [['addresses', 'ask'], 78, /missing required argument 'address'/],
      [['leases', 'release'], 78, /missing required argument 'address\|mac'/],
    ];

    for (const [words, status, why] of bad) {
      const ran = await command(directory, ...words);
      expect(ran, words.join(' ')).toMatchObject({ status, output: '' });
      expect(ran.errors).toMatch(why);
    }
  }, 120_000);

  test('orders are carried out while the gateway waits for its listen address', async () => {
    const gateway = await managed();
    segment().node.ip('addr flush dev eth0');
    await gateway.until('it waited', () =>
      gateway.log.some(({ msg }) => msg === 'waiting for the listen address'),
    );

    const taken = await command(gateway.directory, 'addresses', 'quarantine', '10.15.3.200');
    segment().node.ip('addr add 10.15.3.10/24 dev eth0');

    expect(taken).toMatchObject({ status: 0, errors: '' });
  }, 120_000);

  test('an order where no gateway runs says that nothing was changed', async () => {
    const gateway = await managed();
    await gateway.end();

    const ran = await command(gateway.directory, 'leases', 'release', '10.15.3.20');

    expect(ran.status).toBe(69);
    expect(ran.errors).toMatch(/no gateway runs .*; nothing was changed\nto mend it: start it/);
  });

  test('events are followed by MAC, reason and address, and go on when the gateway has been restarted', async () => {
    const settings = { GATEWAY_DHCP_ARP_PROBE: '300ms' };
    const first = await managed(settings);
    const { directory } = first;
    const following = events(directory, '--mac', A, '--reason', 'bound', '--count', '2', '--json');
    const all = events(directory, '--count', '1', '--address', '10.15.3.200');
    await Promise.all([following, all].map((each) => each.until('following')));

    await segment().client().lease('52:54:00:4e:04:02');
    const client = segment().client();
    const { yiaddr } = await client.lease(A);
    client.holds.delete(yiaddr);
    await command(directory, 'addresses', 'quarantine', '10.15.3.200');
    const told = await all.ended;
    await first.end();
    await following.until('gone');
    await managed(settings, directory);
    await following.until('there again');
    await command(directory, 'leases', 'release', A);
    const again = await client.lease(A);
    const followed = await following.ended;

    const lines = followed.output
      .trim()
      .split('\n')
      .map((line): object => JSON.parse(line));
    expect(lines).toMatchObject([
      { event: 'decision', mac: A, address: yiaddr, reason: 'bound', type: 'DHCPREQUEST' },
      { event: 'decision', mac: A, address: again.yiaddr, reason: 'bound' },
    ]);
    expect(followed.status).toBe(0);
    expect(followed.errors).toMatch(
      /has gone: waiting for it\nthe gateway is there again\nevents .* may be missing\n$/,
    );
    expect(told.output).toMatch(/^20\S+Z {2}decision {5}10\.15\.3\.200 .* quarantined-by-operator /);
  }, 120_000);

  test('what happens while events are not connected is told afterwards, also if none had come before that', async () => {
    const { directory } = await managed();
    const front = segment().folder();
    const way = new Forwarder(join(front, API_SOCKET), join(directory, API_SOCKET));
    await way.open();
    const following = events(front, '--count', '1', '--address', '10.15.3.200');
    await following.until('following');
    await eventually('the head was there', () => way.passed.includes('\nid: '));

    await way.close();
    await following.until('gone');
    await command(directory, 'addresses', 'quarantine', '10.15.3.200');
    await way.open();
    const told = await following.ended;
    await way.close();

    expect(told.output).toMatch(/ decision {5}10\.15\.3\.200 .* quarantined-by-operator /);
    expect(told.errors).toMatch(/the gateway is there again\n$/);
  }, 120_000);

  test('events that cannot be followed are refused', async () => {
    const { directory } = await managed();
    const bad: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['--mac', 'zz'], 78, /--mac zz: not a MAC address/],
      [['--address', '10.15.3'], 78, /--address 10\.15\.3: not an address/],
      [['--kind', 'lease,nothing'], 78, /\/kind: is not a list of lease, /],
      [['--count', '0'], 78, /--count 0: not a count/],
      [['--reason', ''], 78, /\/reason: is empty/],
    ];

    for (const [words, status, why] of bad) {
      const ran = await command(directory, 'events', ...words);
      expect(ran, words.join(' ')).toMatchObject({ status, output: '' });
      expect(ran.errors).toMatch(why);
    }
  }, 120_000);

  test('where no gateway runs they end with 69, and say what to start', async () => {
    const gateway = await managed();
    await gateway.end('SIGKILL');

    const killed = await command(gateway.directory, 'settings');
    const never = await command(segment().folder(), 'settings', '--json');

    expect([killed.status, never.status]).toEqual([69, 69]);
    expect(killed.errors).toMatch(/no gateway runs: .*\nto mend it: start it/);
    expect(never.errors).toMatch(
      /no gateway answers .*\nto mend it: nothing listens on UDP port 67 here: start/,
    );
    expect(never.output).toBe('');
  });
});
