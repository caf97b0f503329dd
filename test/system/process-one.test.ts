import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const CLOSED = ['leases.journal', 'leases.sqlite', 'leases.sqlite.lock'];
/** Of a process's handlers in /proc/<pid>/status. */
const SIGTERM_BIT = 1n << 14n;

describeSystem('the container as process 1, without an init', [], () => {
  const segment = useTestSegment();

  test.each(
    [0, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400].flatMap((age) => [
      { age, signal: 'SIGTERM' as const },
      { age, signal: 'SIGINT' as const },
    ]),
  )('$signal, $age ms after its start, is a clean stop with status 0', async ({ age, signal }) => {
    const { process: contained, first, directory } = await start('serve');

    await delay(age);
    process.kill(first, signal);

    expect(await endOf(contained)).toBe(0);
    expect(filesOf(directory).filter((file) => !CLOSED.includes(file))).toEqual([]);
  });

  test('SIGHUP during the start ends nothing, and is said by a gateway that runs', async () => {
    const { process: contained, first, output } = await start('serve');

    process.kill(first, 'SIGHUP');
    await eventually('it served', () => output().includes('sockets opened'));
    process.kill(first, 'SIGHUP');

    await eventually('SIGHUP was said', () => output().includes('the settings are as before'));
    process.kill(first, 'SIGTERM');
    expect(await endOf(contained)).toBe(0);
    expect(output()).toContain('"msg":"stopped"');
  });

  test('a command ends with its own status', async () => {
    const { process: contained } = await start('check', { GATEWAY_DHCP_POOL_START: 'x' });

    expect(await endOf(contained)).toBe(78);
  });

  /** Its process 1 runs the entry by then. */
  async function start(command: string, settings: Readonly<Record<string, string>> = {}) {
    const directory = join(segment().folder(), 'leases');
    const programs = programFolder();
    const entry = join(dirname(builtProgram()), 'container.sh');
    const contained = segment().node.spawn(
      'unshare',
      ['--pid', '--fork', '--kill-child', '--mount-proc', entry, command],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...gatewayEnvironment(directory, settings),
          PATH: `${programs}:${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`,
        },
      },
    );
    let text = '';
    for (const stream of [contained.stdout, contained.stderr])
      stream?.on('data', (part: Buffer) => (text += part.toString('utf8')));
    const output = () => text;
    const end = Date.now() + 10_000;
    for (let first = firstOf(contained); Date.now() < end; first = firstOf(contained)) {
      if (first !== undefined && hasTrap(first)) return { process: contained, first, directory, output };
      await delay(1);
    }
    throw new Error(`its process 1 hears no signals:\n${text}`);
  }

  /** The copy of setpriv that the image makes. */
  function programFolder(): string {
    const folder = join(segment().folder(), 'bin');
    mkdirSync(folder);
    symlinkSync(findProgram('setpriv') ?? '', join(folder, 'with-capabilities'));
    return folder;
  }
});

describeSystem("the container's HEALTHCHECK", [], () => {
  const segment = useTestSegment();

  test('is healthy with a full pool too, and unhealthy, by the status 1 that Docker knows, where nobody answers', async () => {
    const one = { GATEWAY_DHCP_POOL_START: '10.15.3.20', GATEWAY_DHCP_POOL_END: '10.15.3.20' };
    const gateway = await segment().gateway(one);
    const entry = join(dirname(builtProgram()), 'container.sh');
    const env = {
      ...gatewayEnvironment(gateway.directory),
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    };
    const statuses = async () => {
      const asked = [
        [process.execPath, builtProgram(), 'health'],
        [entry, 'healthcheck'],
      ].map((command) => run(segment().node, command, env));
      return (await Promise.all(asked)).map(({ status }) => status);
    };

    const room = await statuses();
    await segment().client().lease('52:54:00:4e:06:01');
    await expect.poll(statuses, { timeout: 15_000 }).toEqual([3, 0]);
    await gateway.end();
    const gone = await statuses();

    expect(room).toEqual([0, 0]);
    expect(gone).toEqual([2, 1]);
  });
});

/** The host's number of the container's process 1; undefined: not there yet, or not any more. */
function firstOf({ pid = 0 }: ChildProcess): number | undefined {
  const children = readOrNothing(`/proc/${pid}/task/${pid}/children`).trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

/** No shell hears a signal before it has read its first line, and Docker sends none so early. */
function hasTrap(pid: number): boolean {
  const status = readOrNothing(`/proc/${pid}/status`);
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  return /^Name:\tcontainer.sh$/m.test(status) && (caught & SIGTERM_BIT) !== 0n;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null)
    await once(child, 'exit', { signal: AbortSignal.timeout(15_000) });
  return child.exitCode ?? child.signalCode;
}

function filesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
