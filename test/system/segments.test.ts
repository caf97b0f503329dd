import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { apiJson, askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:20:01';
const B = '52:54:00:4e:20:02';
const C = '52:54:00:4e:20:03';
const BOTH = '52:54:00:4e:20:04';
const NOBODY = '52:54:00:4e:20:05';
const ON_B = {
  gateway: '10.16.0.1',
  pools: '[10.16.0.20-10.16.0.29, 10.16.0.40]',
  exclusions: '[10.16.0.20-10.16.0.28]',
};

/** Two segments: `a` on the node's first interface, `b` on the second one. */
function listOf(b: Readonly<Record<string, string>> = {}, above = ''): string {
  const entry = Object.entries({ interface: 'eth1', ...ON_B, ...b }).map(
    ([name, value]) => `    ${name}: ${value}`,
  );
  return [
    above,
    'lease_time: 1h',
    'arp_probe: off',
    'segments:',
    '  - name: a',
    '    interface: eth0',
    '    pools: [10.15.3.50-10.15.3.59]',
    '  - name: b',
    ...entry,
    '',
  ].join('\n');
}

describeSystem('several segments in one process', [], () => {
  const first = useTestSegment();
  let second: LabSegment | undefined;
  let ports = 0;
  const gateways: GatewayProcess[] = [];

  /** The second bridge with guests, and the node's interface eth1 on it. */
  const withSecond = async () => {
    second ??= await LabSegment.open('10.16.0.1/24');
    plugNode(second);
    return second;
  };
  const plugNode = ({ router }: LabSegment) => {
    const { node } = first();
    ports += 1;
    router.ip(`link add node${ports} type veth peer name eth1 netns ${node.pid}`);
    router.ip(`link set node${ports} master br0 up`);
    node.ip('addr add 10.16.0.10/24 dev eth1');
    node.ip('link set eth1 up');
  };
  const started = async (text = listOf(), isWhole = true) => {
    const directory = first().folder();
    const file = join(first().folder(), 'settings.yaml');
    writeFileSync(file, text);
    const gateway = new GatewayProcess(first().node, { directory, settings: { GATEWAY_CONFIG: file } });
    gateways.push(gateway);
    await gateway.untilListening('10.15.3.10');
    if (isWhole) await gateway.untilListening('10.16.0.10');
    return { gateway, file };
  };
  const ended = async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.end('SIGKILL')));
    try {
      first().node.ip('link del eth1');
    } catch {
      // The test has taken it away.
    }
  };
  afterEach(ended);
  afterAll(() => second?.close());
  const command = (gateway: GatewayProcess, ...words: readonly string[]) =>
    run(first().node, [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory]);
  const hasApi = (gateway: GatewayProcess) =>
    eventually(
      'its API answers',
      async () => (await command(gateway, 'settings', '--segment', 'a')).status === 0,
    );

  test('a hook is told of each of them, by one run at a time and with ids of their own', async () => {
    await withSecond();
    const hook = join(first().folder(), 'hook');
    const said = join(first().folder(), 'said');
    // A run that finds another one under way fails, and is then told again with a later id.
    const lines = ['#!/bin/sh -e', `mkdir ${said}.lock`, `cat >>${said}`, `rmdir ${said}.lock`, ''];
    writeFileSync(hook, lines.join('\n'), { mode: 0o755 });
    const read = () => (existsSync(said) ? readFileSync(said, 'utf8').trim().split('\n') : []);

    await started(listOf({}, `hook: ${hook}`));
    await eventually('both are told', () => read().length === 2);

    const documents = read().map((line): { id: string; segment: string } => JSON.parse(line));
    expect(documents.map(({ segment }) => segment).sort()).toEqual(['a', 'b']);
    expect(new Set(documents.map(({ id }) => id.replace(/^\d+/, ''))).size).toBe(2);
    expect(documents.map(({ id }) => id)).toEqual([
      expect.stringMatching(/-1$/),
      expect.stringMatching(/-1$/),
    ]);
  });

  test('why finds the segments that know the guest, and doctor looks at all of them', async () => {
    const guest = await (await withSecond()).attach('guests-why');
    const { gateway, file } = await started();
    await hasApi(gateway);
    const onA = await first().client().lease(A);
    const onB = await first().client(guest).lease(B);
    await first().client().lease(BOTH);
    await first().client(guest).lease(BOTH);

    const why = async (what: string) => (await command(gateway, 'why', what)).output;
    const whyAsJson = async (what: string) =>
      JSON.parse((await command(gateway, 'why', what, '--json')).output);
    const doctor = async (...words: readonly string[]) =>
      await run(first().node, [process.execPath, builtProgram(), 'doctor', '--no-ask', ...words], {
        ...gatewayEnvironment(gateway.directory),
        GATEWAY_CONFIG: file,
      });
    const examined = JSON.parse((await doctor('--json')).output);
    const ofOne = JSON.parse((await doctor('--json', '--segment', 'b')).output);

    expect(await why(B)).toMatch(new RegExp(`^segment b\n${B}\nlease: ${onB.yiaddr}, bound`));
    expect(await why(A)).not.toContain('segment b');
    expect(await why(onA.yiaddr)).toContain(`segment a\n${onA.yiaddr} is leased to ${A}\n${A}\n`);
    expect(await whyAsJson(B)).toMatchObject({ segment: 'b', mac: B, leases: [{ address: onB.yiaddr }] });
    expect(await whyAsJson(BOTH)).toMatchObject([{ segment: 'a' }, { segment: 'b' }]);
    expect(await whyAsJson(NOBODY)).toMatchObject([{ segment: 'a' }, { segment: 'b' }]);
    expect(examined.segments).toMatchObject([{ segment: 'a' }, { segment: 'b' }]);
    for (const [place, address] of ['10.15.3.10 on eth0', '10.16.0.10 on eth1'].entries())
      expect(messagesOf(examined.segments[place])).toContain(`listens on ${address}`);
    expect(messagesOf(examined)).toContain("UDP port 67 is the gateway's");
    expect(ofOne).not.toHaveProperty('segments');
    expect(messagesOf(ofOne)).toContain('listens on 10.16.0.10 on eth1');
    expect((await doctor()).output).toMatch(
      /^segment a\n(?:.*\n)+\nsegment b\n(?:.*\n)+\n\d+ bad|all \d+ checks/m,
    );

    function messagesOf({ lines }: { lines: { message: string }[] }): readonly string[] {
      return lines.map(({ message }) => message);
    }
  });

  test('each is served by its own settings, from a folder of its own, and the commands ask which one is meant', async () => {
    const guest = await (await withSecond()).attach('guests-b');
    const { gateway } = await started();
    await hasApi(gateway);

    const onA = await first().client().lease(A);
    const onB = await first().client(guest).lease(B);
    const [both, ofA, unsaid, unknown] = await Promise.all([
      command(gateway, 'health'),
      command(gateway, 'leases', '--segment', 'a', '--json'),
      command(gateway, 'leases'),
      command(gateway, 'leases', 'list', '--segment', 'c'),
    ]);
    const info = await apiJson<{ segments: object[] }>(gateway, '/api/v1/info');
    const leases = await apiJson<{ items: object[] }>(gateway, '/api/v1/leases?segment=b');
    const refused = await apiJson(gateway, '/api/v1/leases', { status: 400 });
    const metrics = await askApi(gateway, '/metrics');

    expect([onA.yiaddr, onB.yiaddr]).toEqual([
      expect.stringMatching(/^10\.15\.3\.5\d$/),
      expect.stringMatching(/^10\.16\.0\.(29|40)$/),
    ]);
    for (const name of ['a', 'b'])
      expect(existsSync(join(gateway.directory, name, 'leases.sqlite'))).toBe(true);
    expect(both.status).toBe(0);
    expect(both.output).toMatch(/^a: serving on 10\.15\.3\.10 .*\n[\s\S]*^b: serving on 10\.16\.0\.10 /m);
    expect(JSON.parse(ofA.output)).toMatchObject([{ address: onA.yiaddr, mac: A }]);
    expect([unsaid.status, unsaid.errors]).toEqual([
      78,
      expect.stringContaining('several segments are served: a, b'),
    ]);
    expect(unknown.errors).toContain('no segment is named c; there are: a, b');
    expect(info.segments).toMatchObject([
      { name: 'a', interface: 'eth0', leased: 1 },
      { name: 'b', interface: 'eth1', subnet: '10.16.0.0/24', leased: 1, total: 2 },
    ]);
    expect(leases.items).toMatchObject([{ address: onB.yiaddr }]);
    expect(refused).toMatchObject({ type: 'urn:vps-gateway:problem:segment-needed' });
    for (const name of ['a', 'b'])
      expect(metrics.text).toContain(
        `vps_gateway_dhcp_allocations_active{segment="${name}",organization_id=""} 1`,
      );
    expect(metrics.text.match(/^# TYPE vps_gateway_dhcp_pool_size /gm)).toHaveLength(1);
    expect(gateway.log.find(({ msg, segment }) => msg === 'serving' && segment === 'b')).toBeDefined();
    expect(gateway.log.find(({ reason, segment }) => reason !== undefined && segment === 'a')).toBeDefined();
  });

  test('one that loses its interface is served again when that is back, and the other one is served all the while', async () => {
    const there = await withSecond();
    const { gateway } = await started();

    first().node.ip('link del eth1');
    await gateway.until('it is missed', () =>
      gateway.log.some(({ segment, msg }) => segment === 'b' && msg === 'waiting for the listen address'),
    );
    const guest = await first().client().lease(A);
    const health = await command(gateway, 'health');
    const ofA = await command(gateway, 'health', '--segment', 'a');
    plugNode(there);
    await gateway.untilListening('10.16.0.10');
    const onB = await first()
      .client(await there.attach('guests-again'))
      .lease(C);

    expect(guest.yiaddr).toMatch(/^10\.15\.3\.5\d$/);
    expect([health.status, health.output]).toEqual([
      1,
      expect.stringMatching(/^b: waiting: A NEW GUEST GETS NO ADDRESS$/m),
    ]);
    expect(ofA.status).toBe(0);
    expect(onB.yiaddr).toMatch(/^10\.16\.0\./);
  });

  test('one that cannot start is tried again by itself, and the other one is served', async () => {
    await withSecond();
    const broken = join(first().folder(), 'file');
    writeFileSync(broken, 'no directory\n');
    const { gateway } = await started(listOf({ leases_dir: broken }), false);
    await hasApi(gateway);

    const guest = await first().client().lease(A);
    const health = await command(gateway, 'health');
    const ready = await askApi(gateway, '/readyz');
    writeFileSync(`${broken}.new`, '');
    run(first().node, ['rm', broken]);
    await gateway.untilListening('10.16.0.10');
    await gateway.until('it says so', () =>
      gateway.log.some(({ msg }) => msg === 'the segment is started after all'),
    );
    const after = await command(gateway, 'health', '--segment', 'b', '--json');

    expect(guest.yiaddr).toMatch(/^10\.15\.3\.5\d$/);
    expect(health.status).toBe(1);
    expect(health.output).toMatch(/^ {2}problem: it does not start: .*file/m);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.text)).toMatchObject({
      problems: expect.arrayContaining([expect.objectContaining({ segment: 'b', id: 'not-started' })]),
    });
    expect(gateway.log.find(({ msg }) => msg === 'the segment does not start')).toMatchObject({
      segment: 'b',
    });
    expect([after.status, JSON.parse(after.output)]).toMatchObject([0, { segment: 'b', verdict: 'served' }]);
  });

  test('a reload changes all of them or none, and one that is added takes a restart', async () => {
    await withSecond();
    const { gateway, file } = await started();
    await hasApi(gateway);

    writeFileSync(file, listOf({ lease_time: '2h' }));
    const trial = await command(gateway, 'reload', '--dry-run');
    const done = await command(gateway, 'reload');
    writeFileSync(file, listOf({ identity: 'mac' }).replace('1h', '30m'));
    const refused = await command(gateway, 'reload');
    writeFileSync(file, `${listOf()}  - name: c\n    interface: eth2\n    pools: [10.15.3.70]\n`);
    const added = await command(gateway, 'reload');
    writeFileSync(file, listOf({ pool_end: '10.16.1.1' }));
    const faulty = await command(gateway, 'reload');
    const ofB = await command(gateway, 'settings', 'lease_time', '--segment', 'b', '--json');

    expect(trial.output).toMatch(/^b +GATEWAY_DHCP_LEASE_TIME +1h +2h$/m);
    expect([done.status, done.output]).toEqual([0, expect.stringContaining('the settings are in force')]);
    expect(refused.errors).toContain('b: GATEWAY_DHCP_IDENTITY: auto to mac: ');
    expect(added.errors).toContain('segments: a, b to a, b, c: each segment is a server of its own');
    expect(faulty.errors).toContain(
      `GATEWAY_DHCP_POOLS: '10.16.0.20-10.16.0.29,10.16.0.40' (file ${file}:11:12): says the pool a second time`,
    );
    expect(JSON.parse(ofB.output)).toContainEqual(
      expect.objectContaining({ setting: 'GATEWAY_DHCP_LEASE_TIME', value: '2h' }),
    );
    expect((await first().client().lease(A)).options.get(51)).toEqual(Buffer.from([0, 0, 14, 16]));
  });
});
