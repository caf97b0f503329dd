import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/unix-listener.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { type Ran, run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const SECRET = 'correct-horse-battery';

describeSystem('the commands that ask the running gateway', [], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}, directory = segment().folder()) => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off', ...settings }, directory);
    await eventually('its API is there', () => existsSync(join(directory, API_SOCKET)));
    return gateway;
  };
  const command = (directory: string, ...words: readonly string[]): Promise<Ran> =>
    run(
      segment().node,
      [process.execPath, builtProgram(), ...words, '--leases-dir', directory],
      gatewayEnvironment(directory),
    );

  test('settings are those of the running gateway, by name, or only those that were set', async () => {
    const { directory } = await managed({ GATEWAY_DHCP_LEASE_TIME: '2h' });

    const all = await command(directory, 'settings');
    const pool = await command(directory, 'settings', 'pool-start', '--json');
    const changed = await command(directory, 'settings', '--changed', '--json');
    const none = await command(directory, 'settings', 'nothing-of-this-name');

    expect(all.output).toMatch(/^GATEWAY_DHCP_LEASE_TIME +2h +environment$/m);
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
