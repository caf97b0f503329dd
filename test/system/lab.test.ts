import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import type { LabEvent, TriedPromise } from '../../src/cli/lab/telling/lab-event.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { LabTerminal } from '../support/lab-terminal.ts';
import { describeSystem } from '../support/system.ts';

/** How long a whole script may take, on a machine with other work: milliseconds. */
const SCRIPT_TIME = 240_000;
const AS_NOBODY = 'setpriv --reuid 65534 --regid 65534 --clear-groups';

interface Told {
  readonly status: number;
  readonly events: readonly LabEvent[];
  readonly text: string;
}

async function lab(...words: readonly string[]): Promise<Told> {
  const child = started(words);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [status] = await once(child, 'close');
  const lines = text.trim().split('\n');
  return { status: Number(status), events: lines.map((line): LabEvent => JSON.parse(line)), text };
}

function started(words: readonly string[]) {
  return spawn(process.execPath, [builtProgram(), 'lab', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function labOnce(environment: NodeJS.ProcessEnv, ...words: readonly string[]) {
  const env = { ...process.env, ...environment };
  const command = [builtProgram(), 'lab', '--once', ...words];
  return spawnSync(process.execPath, command, { encoding: 'utf8', env });
}

function promisesIn(events: readonly LabEvent[]): readonly TriedPromise[] {
  return events.find((event) => event.kind === 'promises')?.promises ?? [];
}

/** The lab's folder, as soon as it tells of the lease file in it. */
async function untilRows(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) {
    const event: LabEvent = JSON.parse(line);
    if (event.kind === 'rows') return dirname(dirname(event.file));
  }
  throw new Error('it ended before it had rows');
}

/** A process, and all that came from it. */
function familyOf(pid: number): readonly number[] {
  const children = processes().filter((each) => parentOf(each) === pid);
  return [pid, ...children.flatMap(familyOf)];
}

function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(fromProc(() => readFileSync(`/proc/${pid}/status`, 'utf8')))?.[1]);
}

/** In ticks of the kernel, when a process began; empty: it has ended. */
function beginOf(pid: number): string {
  const [, fields = ''] = fromProc(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).split(') ');
  const [state, ...others] = fields.split(' ');
  return state === 'Z' ? '' : (others[18] ?? '');
}

/** Empty: there is no such process. */
function networkOf(pid: number): string {
  return fromProc(() => readlinkSync(`/proc/${pid}/ns/net`));
}

function fromProc(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // It has ended.
  }
}

describeSystem('vps-gateway lab', [], () => {
  test('on three nodes every guest gets its lease, from gateways on the nodes’ own addresses, and it ends by itself', async () => {
    const { status, events } = await lab('--once');

    const nodes = events.find((event) => event.kind === 'segment')?.nodes ?? [];
    const leases = events.filter((event) => event.kind === 'lease');
    expect(status).toBe(0);
    expect(nodes.map(({ address }) => address)).toEqual(['10.15.3.10', '10.15.3.11', '10.15.3.12']);
    expect(new Set(leases.map(({ guest }) => guest)).size).toBe(4);
    for (const { from } of leases) expect(nodes.map(({ name }) => name)).toContain(from);
    expect(events.findLast((event) => event.kind === 'rows')?.leases).toHaveLength(4);
    expect(events.at(-1)).toMatchObject({ kind: 'end', leased: 4, without: [] });
  });

  test('a shell on each node is opened as it says, and speaks with that node’s gateway', async () => {
    const terminal = new LabTerminal(300);
    onTestFinished(() => terminal.hangUp());
    await terminal.until(/the page\s.*token=/s);
    const said = terminal.lines.join('\n');
    const commands = said.match(/GATEWAY_DHCP_LEASES_DIR=\S+ nsenter .*--wd=\S+/g) ?? [];

    const settings = `'${process.execPath}' '${builtProgram()}' settings --json`;
    const asked = commands.map((command) =>
      spawnSync('sh', ['-c', `${command} ${settings}`], { encoding: 'utf8' }),
    );
    terminal.press('q');
    await terminal.ended();

    expect(asked.map(({ stderr, status }) => ({ stderr, status }))).toEqual(
      Array(3).fill({ stderr: '', status: 0 }),
    );
    expect(asked.map(({ stdout }) => /LEASES_DIR","value":"[^"]*\/(node-\d)"/.exec(stdout)?.[1])).toEqual([
      'node-1',
      'node-2',
      'node-3',
    ]);
    expect(said.match(/a shell on guest-\d/g)).toHaveLength(4);
  });

  test('one node is a lab too', async () => {
    const { status, events } = await lab('--once', '--nodes', '1');

    expect(status).toBe(0);
    expect(events.at(-1)).toMatchObject({ kind: 'end', leased: 4, without: [] });
  });

  test(
    'the script carries out every order, and every promise is kept',
    async () => {
      const { status, events, text } = await lab('--script');

      const promises = promisesIn(events);
      expect(
        promises.filter(({ kept }) => kept !== true),
        text,
      ).toEqual([]);
      expect(promises).toHaveLength(13);
      expect(status).toBe(0);
    },
    SCRIPT_TIME,
  );

  test(
    'on one node the script says of each order that takes more of them that it was not tried',
    async () => {
      const { status, events, text } = await lab('--script', '--nodes', '1');

      const promises = promisesIn(events);
      const untried = promises.filter(({ kept }) => kept === undefined);
      expect(
        promises.filter(({ kept }) => kept === false),
        text,
      ).toEqual([]);
      expect(untried.map(({ order }) => order)).toContain('migrate a guest');
      for (const { seen } of untried) expect(seen).toContain('--nodes');
      expect(status).toBe(0);
    },
    SCRIPT_TIME,
  );

  test('at a terminal single keys give orders, no line is wider than it, and q ends the lab', async () => {
    const terminal = new LabTerminal(80);
    onTestFinished(() => terminal.hangUp());
    await terminal.until(/the page\s.*token=/s);
    terminal.press('?');
    await terminal.until(/this list.*this list/s);
    terminal.press('m');
    await terminal.until(/did +kept +guest-/);
    terminal.press('\r');
    await terminal.until(/GUEST +ON.*GUEST +ON/s);
    terminal.press('q');

    expect(await terminal.ended()).toBe(0);
    const happened = terminal.lines.filter((line) => /^ {2}\d\d:\d\d:/.test(line));
    expect(happened.length).toBeGreaterThan(10);
    for (const line of happened) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.for([
    ['of root', ''],
    ['of an ordinary user', AS_NOBODY],
  ] as const)(
    'the lab %s ends by SIGHUP when its terminal is gone, after it has cleared up',
    async ([_, under], { skip }) => {
      if (spawnSync('sh', ['-c', `${under} unshare --user test -r '${builtProgram()}'`]).status !== 0)
        skip('an ordinary user cannot run the lab here');
      const folder = mkdtempSync(join(tmpdir(), 'lab-terminal-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const statusFile = join(folder, 'status');
      const terminal = new LabTerminal(80, { statusFile, under });
      onTestFinished(() => terminal.hangUp());
      await terminal.until(/the page\s.*token=/s);
      const [labFolder = ''] = terminal.lines.join('').match(/\/tmp\/vps-gateway-lab-\w+/) ?? [];

      terminal.hangUp();

      await eventually(
        'it has ended',
        () => existsSync(statusFile) && readFileSync(statusFile, 'utf8') !== '',
      );
      expect(readFileSync(statusFile, 'utf8')).toBe('129\n');
      expect(labFolder).not.toBe('');
      expect(existsSync(labFolder)).toBe(false);
    },
  );

  test('nothing is left of it when it is killed: no process, no network, no folder', async () => {
    const child = started(['--script']);
    const folder = await untilRows(child.stdout);
    const family = familyOf(child.pid ?? 0);
    const own = networkOf(process.pid);
    const networks = new Set(family.map(networkOf).filter((network) => network !== own));
    // Numbers of networks and of processes are soon given to others.
    const all = [...family, ...processes().filter((pid) => networks.has(networkOf(pid)))];
    const begun = all.map((pid) => [pid, beginOf(pid)] as const).filter(([, begin]) => begin !== '');

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(networks.size).toBeGreaterThan(8);
    await eventually('all of its processes were gone', () =>
      begun.every(([pid, begin]) => beginOf(pid) !== begin),
    );
    await eventually('its folder was gone', () => !existsSync(folder));
  });

  test('it finds the programs of the system where PATH has no sbin, as that of an ordinary user', () => {
    const { status, stderr } = labOnce({ PATH: '/usr/local/bin:/usr/bin:/bin' }, '--nodes', '2');

    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('without room for its files it starts nothing, and says where else they may be', () => {
    const small = mkdtempSync(join(tmpdir(), 'lab-small-'));
    onTestFinished(() => rmSync(small, { recursive: true }));
    const inSmall = `mount -t tmpfs -o size=20m tmpfs '${small}' && exec "$@"`;
    const command = ['--mount', 'sh', '-c', inSmall, 'sh', process.execPath, builtProgram(), 'lab', '--once'];
    const options = { encoding: 'utf8', env: { ...process.env, TMPDIR: small } } as const;
    const { status, stdout, stderr } = spawnSync('unshare', command, options);

    expect(stderr).toBe(
      `vps-gateway: ${small} has 21 MB free, and the lab needs 110 MB: name another folder (TMPDIR=/var/tmp vps-gateway lab)\n`,
    );
    expect(stdout).toBe('');
    expect(status).toBe(69);
  });

  test('where its files cannot be at all it says so', () => {
    const { status, stderr } = labOnce({ TMPDIR: '/nowhere' });

    expect(stderr).toMatch(
      /^vps-gateway: the lab cannot keep its files in \/nowhere \(ENOENT: .*TMPDIR=.*\n$/,
    );
    expect(status).toBe(69);
  });

  test.each(['0', '11', '2.5', 'three'])('%s nodes are refused', (nodes) => {
    const ran = spawnSync(process.execPath, [builtProgram(), 'lab', '--nodes', nodes], { encoding: 'utf8' });

    expect(ran.status).toBe(78);
    expect(ran.stderr).toContain('from 1 to 10');
  });
});

describeSystem('vps-gateway lab --etcd', ['etcd', 'etcdctl'], () => {
  test(
    'the script carries out every order, and every promise is kept',
    async () => {
      const { status, events, text } = await lab('--script', '--etcd');

      const promises = promisesIn(events);
      expect(
        promises.filter(({ kept }) => kept !== true),
        text,
      ).toEqual([]);
      expect(promises.map(({ order }) => order)).toContain('kill the leader of etcd');
      expect(status).toBe(0);
    },
    SCRIPT_TIME,
  );
});
