import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { GatewayProcess } from '../support/gateway-process.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const CLOSED = ['leases.journal', 'leases.sqlite', 'leases.sqlite.lock'];

describeSystem('the signals of a gateway', [], () => {
  const segment = useTestSegment();

  test('Ctrl-C that comes twice within milliseconds, as through npm, is a clean stop', async () => {
    const gateway = await segment().gateway();

    gateway.signal('SIGINT');
    await delay(2);

    expect(await gateway.end('SIGINT')).toBe(0);
    expect(gateway.log.at(-1)).toMatchObject({ msg: 'stopped' });
    expect(filesOf(gateway.directory)).toEqual(CLOSED);
  });

  test.each([60, 120, 180, 240, 320])('SIGTERM %i ms after its start is a clean stop', async (age) => {
    const gateway = new GatewayProcess(segment().node, { directory: segment().folder() });

    await delay(age);
    const end = await gateway.end('SIGTERM');

    // Before Node has begun to run anything, the kernel ends it: nothing was open.
    expect(end === 0 || (end === 'SIGTERM' && filesOf(gateway.directory).length === 0)).toBe(true);
    if (end === 0) expect(filesOf(gateway.directory).filter((file) => !CLOSED.includes(file))).toEqual([]);
  });

  test('SIGUSR1 opens no debugger', async () => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off' });

    gateway.signal('SIGUSR1');
    await delay(300);

    const sockets = execFileSync('nsenter', ['--net', '--target', String(gateway.pid), 'ss', '-Hltn'], {
      encoding: 'utf8',
    });
    expect(sockets).toBe('');
    expect(gateway.words).toEqual([]);
    expect(await gateway.end()).toBe(0);
  });
});

function filesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
