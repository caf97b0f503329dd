import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import type { DoctorLine } from '../../src/diagnosis/doctor/doctor-line.ts';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem, hasLinkType, TestSegment } from '../support/system.ts';

interface Examined {
  readonly status: number;
  readonly lines: readonly DoctorLine[];
}

/** Whether a clock is set, and how long a sync takes, is the machine's and not the test's. */
const OF_THE_MACHINE = ['clock', 'sync', 'disk-space'];

describeSystem('doctor', ['dnsmasq', 'nft'], () => {
  let segment: TestSegment;
  const nodes: NamespaceHost[] = [];
  beforeAll(async () => {
    segment = await TestSegment.open();
  });
  afterAll(async () => {
    await segment.endAll();
    await segment.close();
  });

  afterEach(() => Promise.all(nodes.splice(0).map((host) => host.close())));

  /** A node of its own, so that what is broken on it stays there. */
  async function node(address = `10.15.3.${11 + nodes.length}/24`): Promise<NamespaceHost> {
    const host = await segment.segment.attach(`doctor-${nodes.length}`, { address });
    nodes.push(host);
    return host;
  }

  async function examine(
    host: NamespaceHost,
    settings: Readonly<Record<string, string>> = {},
    ...words: readonly string[]
  ): Promise<Examined> {
    const environment = { ...gatewayEnvironment(segment.folder()), ...settings };
    const command = [process.execPath, builtProgram(), 'doctor', '--json', ...words];
    const { output, errors } = await run(host, command, environment);
    if (output === '') throw new Error(errors);
    const said: Examined = JSON.parse(output);
    return { ...said, lines: said.lines.filter(({ check }) => !OF_THE_MACHINE.includes(check)) };
  }

  /** What has nothing to do with other machines is told at once. */
  const examineAlone = (host: NamespaceHost, settings: Readonly<Record<string, string>> = {}) =>
    examine(host, settings, '--no-ask');

  const found = ({ lines }: Examined) =>
    lines
      .filter(({ level }) => level === 'bad' || level === 'warning')
      .map(({ level, check }) => `${level} ${check}`);

  test('finds nothing wrong on a node that is as it should be, with a gateway that serves', async () => {
    const gateway = await segment.gateway();

    const said = await examine(segment.node, { GATEWAY_DHCP_LEASES_DIR: gateway.directory });

    expect(found(said)).toEqual([]);
    expect(said.lines).toContainEqual({
      check: 'port-67',
      level: 'good',
      message: "UDP port 67 is the gateway's",
    });
    expect(said.lines).toContainEqual({
      check: 'gateway',
      level: 'good',
      message: 'the running gateway has no problem',
    });
    await segment.endAll();
  });

  test('names an interface that is down', async () => {
    const host = await node();
    host.ip('link set eth0 down');

    expect(found(await examineAlone(host, { GATEWAY_DHCP_INTERFACE: 'eth0' }))).toContain('bad interface');
  });

  test('names an interface without an address, and what adds one', async () => {
    const host = await node();
    host.ip('addr flush dev eth0');

    const said = await examineAlone(host, { GATEWAY_DHCP_INTERFACE: 'eth0' });

    expect(found(said)).toEqual(['bad addresses', 'bad listen-address']);
    expect(said.status).toBe(2);
  });

  test('names a listen IP that another machine has, with its MAC', async () => {
    const host = await node('10.15.3.19/24');
    await segment.segment.attach('rival', { address: '10.15.3.19/24', hardware: '52:54:00:4e:0d:19' });

    const said = await examine(host);

    expect(found(said)).toEqual(['bad listen-ip']);
    expect(said.lines.find(({ check }) => check === 'listen-ip')?.message).toContain('52:54:00:4e:0d:19');
  });

  test('names a router that does not answer', async () => {
    expect(found(await examine(await node(), { GATEWAY_DHCP_GATEWAY: '10.15.3.2' }))).toEqual([
      'warning router',
    ]);
  });

  /** A server that names itself as the router, as dnsmasq does. */
  async function dnsmasqOn(host: NamespaceHost): Promise<Daemon> {
    const folder = segment.folder();
    const settings = [
      'port=0',
      'user=root',
      'pid-file=',
      'no-ping',
      'interface=eth0',
      'dhcp-authoritative',
      `dhcp-leasefile=${join(folder, 'leases')}`,
      'dhcp-range=10.15.3.200,10.15.3.210,10m',
    ];
    writeFileSync(join(folder, 'dnsmasq.conf'), `${settings.join('\n')}\n`);
    const server = new Daemon(host, join(folder, 'dnsmasq.log'));
    server.start('dnsmasq', '--keep-in-foreground', `--conf-file=${join(folder, 'dnsmasq.conf')}`);
    await eventually('dnsmasq has the port', () => host.run('ss', '-Hulpn', 'sport = :67') !== '');
    return server;
  }

  test('names the router as another server where it answers guests, as dnsmasq of an SDN zone does', async () => {
    const server = await dnsmasqOn(await node('10.15.3.5/24'));
    try {
      const said = await examine(await node(), { GATEWAY_DHCP_GATEWAY: '10.15.3.5' });

      expect(found(said)).toEqual(['bad other-servers']);
    } finally {
      await server.end('SIGTERM');
    }
  });

  test('names the program that has port 67, and on the segment the server that it is', async () => {
    const host = await node();
    const server = await dnsmasqOn(host);
    const directory = segment.folder();
    writeFileSync(join(directory, 'leases.sqlite'), '');
    const health = [process.execPath, builtProgram(), 'health', '--leases-dir', directory];
    try {
      const asked = await run(host, health, gatewayEnvironment(directory));
      const here = await examine(host);
      const elsewhere = await examine(await node(), { GATEWAY_DHCP_POOL_START: '10.15.3.40' });

      expect(asked.errors).toMatch(
        /a gateway waits while that is another server, which `vps-gateway doctor` names/,
      );
      expect(found(here)).toContain('bad port-67');
      expect(here.lines.find(({ check }) => check === 'port-67')?.message).toContain('dnsmasq');
      expect(found(elsewhere)).toEqual(['bad other-servers']);
    } finally {
      await server.end('SIGTERM');
    }
  });

  test('names a rule of the firewall that drops what guests send, and the command that lets them in', async () => {
    const host = await node();
    host.run(
      'nft',
      'add table inet block; add chain inet block in { type filter hook input priority 0; }; add rule inet block in udp dport 67 drop',
    );

    const said = await examineAlone(host);
    host.run('sh', '-c', said.lines.find(({ check }) => check === 'firewall')?.command ?? '');

    expect(found(said)).toEqual(['bad firewall']);
    expect(found(await examineAlone(host))).toEqual([]);
  });

  test('names a leases directory that is no directory', async () => {
    const file = join(segment.folder(), 'file');
    writeFileSync(file, '');

    expect(found(await examineAlone(await node(), { GATEWAY_DHCP_LEASES_DIR: file }))).toEqual([
      'bad leases-directory',
    ]);
  });

  test('names a setting that is wrong', async () => {
    expect(found(await examineAlone(await node(), { GATEWAY_DHCP_LEASE_TIME: 'soon' }))).toEqual([
      'bad settings',
    ]);
  });

  test('names members of etcd that do not answer', async () => {
    const said = await examineAlone(await node(), {
      GATEWAY_ETCD_ENDPOINTS: 'http://127.0.0.1:1',
      GATEWAY_SEGMENT: 'test',
    });

    expect(found(said)).toContain('bad etcd');
  });

  test.skipIf(!hasLinkType('vxlan'))('names packets that are too large for the tunnel below', async () => {
    const host = await node();
    host.ip('link add vnet0 type bridge');
    host.ip('link add tun0 type vxlan id 7 dstport 4789 dev eth0');
    host.ip('link set tun0 master vnet0 up');
    host.ip('link set vnet0 mtu 1500 up');
    host.ip('addr flush dev eth0');
    host.ip('addr add 10.15.3.18/24 dev vnet0');

    expect(found(await examineAlone(host))).toContain('warning mtu');
  });

  test('without rights what could not be looked at is unknown, and says who could', async () => {
    const host = await node();
    const words = [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ];
    const { output } = await run(
      host,
      [...words, process.execPath, builtProgram(), 'doctor', '--json'],
      gatewayEnvironment('/tmp'),
    );

    const said: Examined = JSON.parse(output);

    const unknown = said.lines.filter(({ level }) => level === 'unknown').map(({ check }) => check);
    expect(unknown).toEqual(expect.arrayContaining(['listen-ip', 'router', 'other-servers', 'capabilities']));
  });

  test('prints lines for people, with what to do below, and counts them', async () => {
    const { output, status } = await run(
      await node(),
      [process.execPath, builtProgram(), 'doctor', '--gateway', '10.15.3.2'],
      gatewayEnvironment(segment.folder()),
    );

    expect(status).toBe(1);
    expect(output).toMatch(
      /^warning {2}router: the router 10\.15\.3\.2 does not answer ARP on eth0\n {9}why: .*\n {9}do: {2}pvesh/m,
    );
    expect(output).toMatch(/\n0 bad, \d warnings?, \d unknown, \d+ good\n$/);
  });
});
