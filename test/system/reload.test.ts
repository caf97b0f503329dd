import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EXIT_STATUS } from '../../src/errors.ts';
import { apiJson } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { messageType } from '../support/packet.ts';
import { unicastTo } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { HELD } from '../support/stalling-disk.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:10:01';
const B = '52:54:00:4e:10:02';
const FIRST = 'pool_start: 10.15.3.50\npool_end: 10.15.3.59\nlease_time: 1h\n';
const SECOND = 'pool_start: 10.15.3.100\npool_end: 10.15.3.109\nlease_time: 2h\ndns: [9.9.9.9]\n';

const leaseTimeOf = (reply: HeardReply) =>
  new DataView(Uint8Array.from(reply.options.get(51) ?? []).buffer).getUint32(0);

describeSystem('a settings file', [], () => {
  const segment = useTestSegment();

  const started = async (text = FIRST, settings: Readonly<Record<string, string>> = {}) => {
    const directory = segment().folder();
    const file = join(segment().folder(), 'settings.yaml');
    writeFileSync(file, text);
    const gateway = await segment().gateway({ GATEWAY_CONFIG: file, ...settings }, directory);
    return { gateway, file };
  };
  const command = (gateway: GatewayProcess, ...words: readonly string[]) =>
    run(segment().node, [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory]);
  const says = (gateway: GatewayProcess, message: string) =>
    gateway.until(`the log says '${message}'`, () => gateway.log.some(({ msg }) => msg === message));
  const hasApi = (gateway: GatewayProcess) =>
    eventually('its API answers', async () => {
      const { status } = await command(gateway, 'settings');
      return status === 0;
    });

  test('gives what no variable gives, and after SIGHUP new guests get what it says then; the others keep their leases', async () => {
    const { gateway, file } = await started();
    const client = segment().client();
    const before = await client.lease(A);

    writeFileSync(file, SECOND);
    gateway.signal('SIGHUP');
    await says(gateway, 'the settings are reloaded');
    const after = await client.lease(B);
    const renewed = await client.ask(
      { chaddr: A, ciaddr: before.yiaddr, options: [messageType('DHCPREQUEST')] },
      unicastTo(before, before.yiaddr),
    );

    expect([before.yiaddr, leaseTimeOf(before)]).toEqual([expect.stringMatching(/^10\.15\.3\.5\d$/), 3600]);
    expect([after.yiaddr, leaseTimeOf(after)]).toEqual([expect.stringMatching(/^10\.15\.3\.10\d$/), 7200]);
    // Outside the pool by now, it is confirmed to its end.
    expect([renewed.type, renewed.yiaddr]).toEqual([5, before.yiaddr]);
    expect(leaseTimeOf(renewed)).toBeLessThanOrEqual(3600);
  });

  test('whose lines have moved is told by its new lines after a reload that changes no value', async () => {
    const { gateway, file } = await started();
    await hasApi(gateway);
    const shown = async () => (await command(gateway, 'settings', 'lease-time', '--json')).output;
    const before = await shown();

    writeFileSync(file, `# A line of its own.\n\n${FIRST}`);
    const reloaded = await command(gateway, 'reload', '--json');

    expect(JSON.parse(reloaded.output)).toMatchObject({ outcome: 'unchanged' });
    expect(before).toContain('settings.yaml:3:');
    expect(await shown()).toContain('settings.yaml:5:');
  });

  test('is reloaded by the command, which shows the difference first, and by none that has a fault', async () => {
    const { gateway, file } = await started();
    await hasApi(gateway);
    writeFileSync(file, SECOND);

    const trial = await command(gateway, 'reload', '--dry-run');
    const inForce = await command(gateway, 'settings', 'pool-start', '--json');
    const done = await command(gateway, 'reload', '--json');
    const again = await command(gateway, 'reload');
    writeFileSync(file, `${SECOND}lease_tyme: 3h\nmtu: many\n`);
    const faulty = await command(gateway, 'reload');

    expect(trial.output).toMatch(/^GATEWAY_DHCP_POOL_START +10\.15\.3\.50 +10\.15\.3\.100$/m);
    expect(trial.output).toContain('a reload would change this');
    expect(JSON.parse(inForce.output)).toMatchObject([{ value: '10.15.3.50', from: `file ${file}:1:13` }]);
    expect(JSON.parse(done.output)).toMatchObject({ outcome: 'reloaded', changes: { length: 4 } });
    expect([again.status, again.output]).toEqual([0, expect.stringContaining('nothing changes')]);
    expect(faulty.status).toBe(EXIT_STATUS.refused);
    expect(faulty.errors).toContain(`(file ${file}:5:1): no setting has this name; did you mean lease_time?`);
    expect(faulty.errors).toContain(`GATEWAY_DHCP_MTU: 'many' (file ${file}:6:6)`);
  });

  test('with a change that takes a restart is refused as a whole, and both API and log name it', async () => {
    const { gateway, file } = await started();
    await hasApi(gateway);
    writeFileSync(file, `${SECOND}identity: mac\n`);

    const refused = await command(gateway, 'reload');
    const problem = await apiJson(gateway, '/api/v1/reload', { method: 'POST', body: {}, status: 409 });
    const settings = await apiJson<{ items: { setting: string; value: string }[]; on_reload: object }>(
      gateway,
      '/api/v1/settings',
    );
    const guest = await segment().client().lease(A);

    expect(refused.status).toBe(EXIT_STATUS.refused);
    expect(refused.errors).toContain('GATEWAY_DHCP_IDENTITY: auto to mac: leases are found by who');
    expect(refused.errors).toContain('take these changes back, or restart');
    expect(problem).toMatchObject({ type: 'urn:vps-gateway:problem:needs-restart' });
    expect(settings.on_reload).toMatchObject({ outcome: 'refused', changes: { length: 5 } });
    expect(settings.items).toContainEqual(
      expect.objectContaining({ setting: 'GATEWAY_DHCP_POOL_START', value: '10.15.3.50' }),
    );
    expect(guest.yiaddr).toMatch(/^10\.15\.3\.5\d$/);
    expect(
      gateway.log.filter(({ msg }) => msg === 'the settings are not changed: some changes take a restart'),
    ).toHaveLength(2);
  });

  test('that is watched is reloaded when an editor has put another one in its place', async () => {
    const { gateway, file } = await started(FIRST, { GATEWAY_CONFIG_WATCH: 'on' });
    writeFileSync(`${file}.new`, SECOND);

    renameSync(`${file}.new`, file);
    await says(gateway, 'the settings are reloaded');

    expect((await segment().client().lease(B)).yiaddr).toMatch(/^10\.15\.3\.10\d$/);
  });

  test.runIf(HELD.obstacle === undefined)(
    'that a disk does not give, which is still told that it is there, holds up no guest',
    async () => {
      const disk = HELD.open();
      onTestFinished(() => disk.close());
      const file = join(disk.directory, 'settings.yaml');
      writeFileSync(file, FIRST);
      const settings = { GATEWAY_CONFIG: file, ...disk.environment, STALL_READS: '1' };
      const gateway = await segment().gateway(settings, segment().folder());
      writeFileSync(file, SECOND);

      disk.stall();
      gateway.signal('SIGHUP');
      const guest = await segment().client().lease(A);
      disk.goOn();
      await says(gateway, 'the settings are reloaded');

      expect(guest.yiaddr).toMatch(/^10\.15\.3\.5\d$/);
      expect((await segment().client().lease(B)).yiaddr).toMatch(/^10\.15\.3\.10\d$/);
    },
  );

  test('that has gone away changes nothing, and the log names it', async () => {
    const { gateway, file } = await started();
    renameSync(file, `${file}.away`);

    gateway.signal('SIGHUP');
    await says(gateway, 'the settings cannot be used');

    expect(gateway.log.find(({ msg }) => msg === 'the settings cannot be used')).toMatchObject({
      author: 'SIGHUP',
      problems: [
        `GATEWAY_CONFIG: '${file}' (environment GATEWAY_CONFIG): there is no such file; name a settings file that this user may read, or leave it out`,
      ],
    });
    const health = await command(gateway, 'health');
    expect([health.status, health.output]).toEqual([0, expect.stringContaining('a restart would fail')]);
    expect((await segment().client().lease(A)).yiaddr).toMatch(/^10\.15\.3\.5\d$/);
    renameSync(`${file}.away`, file);
    gateway.signal('SIGHUP');
    await says(gateway, 'the settings are as before');
    expect((await command(gateway, 'health')).output).not.toContain('restart');
  });

  test('with faults stops the start, with status 78 and every line that is wrong', async () => {
    const file = join(segment().folder(), 'settings.yaml');
    writeFileSync(file, 'pool_start: 10.15.3.50\nlease_tim: 1h\ndns: [9.9.9.9, here]\n');

    const { status, errors } = await run(segment().node, [
      process.execPath,
      builtProgram(),
      'serve',
      '--config',
      file,
      '--leases-dir',
      segment().folder(),
    ]);

    expect(status).toBe(78);
    expect(errors).toContain(`lease_tim: '1h' (file ${file}:2:1): no setting has this name`);
    expect(errors).toContain(
      `GATEWAY_DHCP_DNS: '9.9.9.9,here' (file ${file}:3:6): 'here' is not an IPv4 address`,
    );
  });
});
