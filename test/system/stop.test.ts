import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
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

  test('a mistake that ends it is written to standard error, with its file and line', async () => {
    const directory = segment().folder();
    const mistake = join(segment().folder(), 'mistake.cjs');
    writeFileSync(
      mistake,
      `const { existsSync } = require('node:fs');
       setInterval(() => {
         if (existsSync('${directory}/api.sock')) null.mistake;
       }, 10);`,
    );
    const gateway = new GatewayProcess(segment().node, { directory, nodeOptions: ['--require', mistake] });

    const end = await gateway.ended();
    await eventually('all that it wrote was read', () => gateway.words.length > 1, 5000);

    expect(end).toBe(1);
    expect(gateway.words.join('\n')).toMatch(/^TypeError: .*\n +at .*mistake\.cjs:3:/);
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
