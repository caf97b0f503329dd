import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import type { Status } from '../../src/reporting/status.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { Printed } from '../support/printed.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:ed:00:01';
/** Beside the segment's own: they end with each test. */
const gateways: GatewayProcess[] = [];
const twins: NamespaceHost[] = [];
const ON_INTERFACE = { GATEWAY_DHCP_INTERFACE: 'eth0' };

describeSystem('a listen IP that another node has too', [], () => {
  const segment = useTestSegment();

  afterEach(endAll);

  /** Another node with the listen IP. */
  async function twinOf(name: string): Promise<NamespaceHost> {
    const twin = await segment().segment.attach(name, { address: '10.15.3.10/24' });
    twins.push(twin);
    return twin;
  }

  test('the second gateway waits and names the MAC, the first names the second, and serves on; the second serves when the first node has gone', async () => {
    const twin = await twinOf('twin');
    twin.ip('link set eth0 down'); // It comes later.
    const first = await segment().gateway();
    const ack = await segment().client().lease(A);
    twin.ip('link set eth0 up');

    const second = gatewayOn(twin, segment().folder());
    await second.until('it said that it waits', () => warned(second, 'waiting for the listen address'));
    await first.until('it noticed the other', () => warned(first, 'another machine has the listen IP'));

    expect(healthOf(second)).toMatchObject({
      code: 1,
      status: 'waiting',
      problems: [expect.stringContaining(macOf(segment().node))],
    });
    expect(healthOf(first)).toMatchObject({
      status: 'degraded',
      listen_ip: '10.15.3.10',
      problems: [expect.stringContaining(macOf(twin))],
    });
    expect(second.udpTable()).not.toContain(':0043');
    expect((await segment().client().lease(A)).yiaddr).toBe(ack.yiaddr);

    await first.end('SIGKILL');
    segment().node.ip('link set eth0 down');
    await second.untilListening('10.15.3.10');
    segment().node.ip('link set eth0 up');
  }, 120_000);

  test('two that are started at the same moment agree on one', async () => {
    const twin = await twinOf('twin-2');
    const one = gatewayOn(segment().node, segment().folder());
    const other = gatewayOn(twin, segment().folder());

    const listening = () => [one, other].filter((each) => each.isListening('10.15.3.10'));
    await one.until('one of them listened', () => listening().length > 0, 20_000);
    await one.until('the one that waits said so', () =>
      [one, other].some((each) => warned(each, 'waiting for the listen address')),
    );

    await one.until('the one that serves noticed the other', () =>
      [one, other].some((each) => warned(each, 'another machine has the listen IP')),
    );

    expect(listening()).toHaveLength(1);
    expect([healthOf(one), healthOf(other)].map(({ status }) => status).sort()).toEqual([
      'degraded',
      'waiting',
    ]);
  }, 120_000);

  test('a gateway that is restarted while a second one waits serves again', async () => {
    const twin = await twinOf('twin-3');
    const directory = segment().folder();
    const first = gatewayOn(segment().node, directory);
    const second = gatewayOn(twin, segment().folder());
    await first.until(
      'one served',
      () => first.isListening('10.15.3.10') || second.isListening('10.15.3.10'),
      40_000,
    );
    const serving = first.isListening('10.15.3.10') ? first : second;
    const waiting = serving === first ? second : first;
    await serving.until('it defends its address', () => warned(serving, 'another machine has the listen IP'));
    const mark = join(serving.directory, 'listen-ip.defended');
    await serving.until('that is marked', () => existsSync(mark));
    await serving.end('SIGKILL');

    const again = gatewayOn(serving === first ? segment().node : twin, serving.directory);
    await again.untilListening('10.15.3.10');

    expect(waiting.isListening('10.15.3.10')).toBe(false);
  }, 120_000);

  test('the second serves when the process of the first has ended for good, though its node still answers for the address', async () => {
    const twin = await twinOf('twin-5');
    const first = await segment().gateway();
    const second = gatewayOn(twin, segment().folder());
    await second.until('it said that it waits', () => warned(second, 'waiting for the listen address'));
    await first.until('it noticed the other', () => warned(first, 'another machine has the listen IP'));

    await first.end('SIGKILL');
    await second.untilListening('10.15.3.10');
    await looked(second);

    expect(healthOf(second)).toMatchObject({
      code: 0,
      status: 'degraded',
      problems: [expect.stringContaining(macOf(segment().node))],
    });
  }, 120_000);

  test('a gateway whose link was lost gives way to the one that serves since then', async () => {
    const { node } = segment();
    const twin = await twinOf('twin-4');
    twin.ip('link set eth0 down');
    const first = await segment().gateway();
    twin.ip('link set eth0 up');
    const second = gatewayOn(twin, segment().folder());
    await second.until('it said that it waits', () => warned(second, 'waiting for the listen address'));

    node.ip('link set eth0 down');
    await second.untilListening('10.15.3.10');
    await looked(first);
    node.ip('link set eth0 up');
    await first.until('it gave way', () => !first.isListening('10.15.3.10'), 20_000);
    await looked(first);

    expect(second.isListening('10.15.3.10')).toBe(true);
    expect(healthOf(first)).toMatchObject({
      status: 'waiting',
      problems: [expect.stringContaining(macOf(twin))],
    });
  }, 120_000);

  test("another interface of the gateway's own host that answers for the address is nobody", async () => {
    const { node } = segment();
    segment().segment.router.ip(`link add own-2 type veth peer name eth2 netns ${node.pid}`);
    segment().segment.router.ip('link set own-2 master br0 up');
    node.ip('link set eth2 up');

    const gateway = await segment().gateway();

    expect(healthOf(gateway)).toMatchObject({ code: 0, status: 'serving', problems: [] });
    node.ip('link del eth2');
  }, 120_000);
});

describeSystem('an address of the interface that is not the right one', [], () => {
  const segment = useTestSegment();

  afterEach(endAll);
  beforeEach(() => {
    segment().node.ip('addr flush dev eth0');
    segment().node.ip('addr add 10.15.3.10/24 dev eth0');
  });

  test.each([
    ['a link-local address', '169.254.7.7/16'],
    ['an address of another network', '192.0.2.9/24'],
    ["a guest's address", '10.15.3.57/24'],
    ['its address without a prefix', '10.15.3.10/32'],
  ])(
    '%s first, and the right one later, is waited for and served',
    async (_, wrong) => {
      const { node } = segment();
      node.ip('addr flush dev eth0');
      node.ip(`addr add ${wrong} dev eth0`);
      const gateway = gatewayOn(node, segment().folder(), ON_INTERFACE);
      await gateway.until('it said that it waits', () => warned(gateway, 'waiting for the listen address'));
      const before = healthOf(gateway);

      node.ip('addr add 10.15.3.10/24 dev eth0');
      await gateway.untilListening('10.15.3.10');
      const ack = await segment().client().lease(A);

      expect(before).toMatchObject({ code: 1, status: 'waiting' });
      expect(before.problems.join()).toContain('ip addr add 10.15.3.10/24 dev eth0');
      expect(ack.type).toBe(5);
      expect(await gateway.end()).toBe(0);
      node.ip('addr flush dev eth0');
      node.ip('addr add 10.15.3.10/24 dev eth0');
    },
    120_000,
  );

  test.each(['10.15.3.5/24', '10.15.3.11/24', '10.15.3.10/32'])(
    '%s that comes and goes beside the address that it serves changes nothing',
    async (other) => {
      const { node } = segment();
      const gateway = await segment().gateway(ON_INTERFACE);
      const ack = await segment().client().lease(A);
      const lines = gateway.log.length;

      node.ip(`addr add ${other} dev eth0`);
      await looked(gateway);
      const during = [healthOf(gateway).status, gateway.isListening('10.15.3.10')];
      const renewed = await segment().client().lease(A);
      node.ip(`addr del ${other} dev eth0`);
      await looked(gateway);

      expect(during).toEqual(['serving', true]);
      expect(renewed.yiaddr).toBe(ack.yiaddr);
      expect(healthOf(gateway)).toMatchObject({ code: 0, listen_ip: '10.15.3.10' });
      expect(gateway.log.slice(lines).filter(({ level }) => level === 'warn')).toEqual([]);
    },
    120_000,
  );

  test('two addresses of the plan at the start are waited with, and the first that goes settles it', async () => {
    const { node } = segment();
    node.ip('addr add 10.15.3.11/24 dev eth0');
    const gateway = gatewayOn(node, segment().folder(), ON_INTERFACE);
    await gateway.until('it said that it waits', () => warned(gateway, 'waiting for the listen address'));
    const before = healthOf(gateway);

    node.ip('addr del 10.15.3.11/24 dev eth0');
    await gateway.untilListening('10.15.3.10');

    expect(before.problems.join()).toContain('10.15.3.10/24 on eth0, 10.15.3.11/24 on eth0');
    expect(before.problems.join()).toContain('GATEWAY_DHCP_LISTEN_IP=10.15.3.10');
    expect(await gateway.end()).toBe(0);
  }, 120_000);

  test("the plan's address is taken beside another of the segment at the start", async () => {
    const { node } = segment();
    node.ip('addr add 10.15.3.5/24 dev eth0');

    const gateway = await segment().gateway(ON_INTERFACE);

    expect(healthOf(gateway)).toMatchObject({ code: 0, listen_ip: '10.15.3.10' });
  }, 120_000);

  test('an address that is replaced by another of the plan is followed', async () => {
    const { node } = segment();
    const gateway = await segment().gateway(ON_INTERFACE);

    node.ip('addr add 10.15.3.12/24 dev eth0');
    node.ip('addr del 10.15.3.10/24 dev eth0');
    node.ip('addr replace 10.15.3.12/24 dev eth0');
    await gateway.untilListening('10.15.3.12');

    expect(healthOf(gateway)).toMatchObject({ listen_ip: '10.15.3.12' });
  }, 120_000);

  test('a listen IP that moves to another interface is served there', async () => {
    const { node } = segment();
    segment().segment.router.ip(`link add moved-2 type veth peer name eth2 netns ${node.pid}`);
    segment().segment.router.ip('link set moved-2 master br0 up');
    node.ip('link set eth2 up');
    const gateway = await segment().gateway();

    node.ip('addr del 10.15.3.10/24 dev eth0');
    node.ip('addr add 10.15.3.10/24 dev eth2');
    await gateway.until('it served there', () => healthOf(gateway).interface === 'eth2');
    const ack = await segment().client().lease(A);

    expect(ack.type).toBe(5);
    node.ip('link del eth2');
  }, 120_000);

  test('an interface that is renamed is served by its new name', async () => {
    const { node } = segment();
    const gateway = await segment().gateway();

    node.ip('link set eth0 down');
    node.ip('link set eth0 name lan9');
    node.ip('link set lan9 up');
    await gateway.until('it served there', () => healthOf(gateway).interface === 'lan9');
    const ack = await segment().client().lease(A);

    expect(ack.type).toBe(5);
    node.ip('link set lan9 down');
    node.ip('link set lan9 name eth0');
    node.ip('link set eth0 up');
  }, 120_000);

  test('a set listen IP on two interfaces is waited for until it is on one, and kept when a second gets it', async () => {
    const { node } = segment();
    segment().segment.router.ip(`link add both-2 type veth peer name eth2 netns ${node.pid}`);
    node.ip('addr add 10.15.3.10/24 dev eth2');
    const settings = { GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' };
    const gateway = gatewayOn(node, segment().folder(), settings);
    await gateway.until('it said that it waits', () => warned(gateway, 'waiting for the listen address'));
    const before = healthOf(gateway);

    node.ip('addr del 10.15.3.10/24 dev eth2');
    await gateway.untilListening('10.15.3.10');
    node.ip('addr add 10.15.3.10/24 dev eth2');
    await looked(gateway);

    expect(before.problems.join()).toContain('say which: GATEWAY_DHCP_INTERFACE=eth0');
    expect(healthOf(gateway)).toMatchObject({ code: 0, status: 'serving', interface: 'eth0' });
    node.ip('link del eth2');
  }, 120_000);

  test('with GATEWAY_DHCP_WAIT off it ends with status 78 and says what it has', async () => {
    const { node } = segment();
    node.ip('addr flush dev eth0');
    node.ip('addr add 169.254.7.7/16 dev eth0');

    const gateway = gatewayOn(node, segment().folder(), { ...ON_INTERFACE, GATEWAY_DHCP_WAIT: 'off' });

    expect(await gateway.ended()).toBe(78);
    expect(gateway.words.join('\n')).toContain('169.254.7.7/16 on eth0');
  }, 120_000);
});

async function endAll(): Promise<void> {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.end('SIGKILL')));
  await Promise.all(twins.splice(0).map((twin) => twin.close()));
}

function gatewayOn(
  host: NamespaceHost,
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): GatewayProcess {
  const gateway = new GatewayProcess(host, {
    directory,
    settings: { GATEWAY_DHCP_ARP_PROBE: 'off', ...settings },
  });
  gateways.push(gateway);
  return gateway;
}

function warned(gateway: GatewayProcess, message: string): boolean {
  return gateway.log.some((line) => line['level'] === 'warn' && line['msg'] === message);
}

interface Health extends Omit<Printed<Status>, 'problems'> {
  readonly code: number | null;
  readonly problems: readonly string[];
}

/** What `vps-gateway health --json` says, and its exit status. */
function healthOf({ directory }: GatewayProcess): Health {
  const words = [builtProgram(), 'health', '--leases-dir', directory, '--json'];
  const options = { encoding: 'utf8', env: gatewayEnvironment(directory) } as const;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { stdout, status } = spawnSync(process.execPath, words, options);
    if (status === 2) continue; // Its socket is opened last of all.
    const said: Printed<Status> = JSON.parse(stdout);
    return { ...said, problems: said.problems.map(runningProblemToText), code: status };
  }
  throw new Error('the gateway says nothing of its health');
}

function macOf(host: NamespaceHost): string {
  return host.run('cat', '/sys/class/net/eth0/address').trim();
}

/** It looks at its interfaces every second: after two of them it has seen what is there now. */
async function looked(gateway: GatewayProcess): Promise<void> {
  const end = performance.now() + 2500;
  await gateway.until('it looked at its interfaces', () => performance.now() > end);
}
