import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { Cluster, type ClusterNode } from '../support/cluster.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { RawClient } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

const SOON = 20_000;
/** The nodes that serve; the third one is but a member of etcd. */
const SERVING = 2;

describeSystem('two segments, each shared by two gateways in one etcd', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  let second: LabSegment;
  let clients: { readonly a: RawClient; readonly b: RawClient };
  beforeEach(async () => {
    cluster = await Cluster.open();
    second = await LabSegment.open('10.16.3.1/24');
    for (const [place, { host }] of serving().entries()) {
      second.router.ip(`link add node${place} type veth peer name eth1 netns ${host.pid}`);
      second.router.ip(`link set node${place} master br0 up`);
      host.ip(`addr add 10.16.3.${10 + place}/24 dev eth1`);
      host.ip('link set eth1 up');
    }
    clients = { a: cluster.client, b: new RawClient(await second.attach('guests-b')) };
    onTestFailed(() => console.log(cluster.story()));
  });
  afterEach(async () => {
    clients.b.close();
    await cluster.close();
    await second.close();
  });

  const serving = (): readonly ClusterNode[] => cluster.nodes.slice(0, SERVING);
  const settings = (place: number): Readonly<Record<string, string>> => {
    const { GATEWAY_SEGMENT: _none, ...process } = cluster.settingsOf(place);
    return { ...process, GATEWAY_CONFIG: join(cluster.nodes[place]?.directory ?? '', 'settings.yaml') };
  };
  const tried = (place: number, ...words: readonly string[]) => {
    const { host, directory } = nodeAt(place);
    const environment = gatewayEnvironment(directory, settings(place));
    return run(host, [process.execPath, builtProgram(), ...words], environment);
  };
  const command = async (place: number, ...words: readonly string[]): Promise<string> => {
    const ran = await tried(place, ...words);
    expect({ words, ...ran }).toMatchObject({ words, status: 0 });
    return ran.output;
  };
  const nodeAt = (place: number): ClusterNode => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error(`no node ${place}`);
    return node;
  };
  const start = async (place: number): Promise<void> => {
    const { host, directory, logFile } = nodeAt(place);
    const gateway = new GatewayProcess(host, { directory, logFile, settings: settings(place) });
    nodeAt(place).gateway = gateway;
    await gateway.untilListening(`10.15.3.${10 + place}`);
    await gateway.untilListening(`10.16.3.${10 + place}`);
    await cluster.until(() => command(place, 'health'));
  };
  /** The addresses that the file of a node has as leased on a segment. */
  const leased = async (place: number, segment: string): Promise<readonly string[]> => {
    const rows: { address: string; state: string }[] = JSON.parse(
      await command(place, 'leases', 'list', '--segment', segment, '--json'),
    );
    return rows.filter(({ state }) => state === 'bound').map(({ address }) => address);
  };

  test('one machine on both has a lease of each, all gateways know both, and either takes over when the other is gone', async () => {
    for (const [place, { directory }] of serving().entries())
      writeFileSync(join(directory, 'settings.yaml'), listOf(place));
    await command(0, 'cluster', 'init', '--segment', 'a');
    const mistyped = await tried(0, 'cluster', 'init', '--segment', 'b');
    expect([mistyped.status, mistyped.errors]).toEqual([
      65,
      expect.stringMatching(/segment b is not in etcd, and a \(.*\) is, begun by this node: .*--new-segment/),
    ]);
    await command(0, 'cluster', 'init', '--segment', 'b', '--new-segment');
    await Promise.all([start(0), start(1)]);

    const macs = Array.from({ length: 10 }, (_, number) => `52:54:00:4e:30:0${number}`);
    const onA = await Promise.all(macs.map((mac) => bootUntilLeased(clients.a, mac, SOON)));
    const onB = await Promise.all(macs.map((mac) => bootUntilLeased(clients.b, mac, SOON)));
    const addresses = {
      a: onA.map(({ yiaddr }) => yiaddr).sort(),
      b: onB.map(({ yiaddr }) => yiaddr).sort(),
    };
    for (const place of [0, 1])
      for (const segment of ['a', 'b'] as const)
        await cluster.until(async () =>
          expect([...(await leased(place, segment))].sort()).toEqual(addresses[segment]),
        );
    await command(
      1,
      'reservations',
      'set',
      'web',
      '--mac',
      '52:54:00:4e:31:01',
      '--address',
      '10.16.3.200',
      '--segment',
      'b',
    );
    const reserved = await bootUntilLeased(clients.b, '52:54:00:4e:31:01', SOON);
    await cluster.kill(0);
    const renewed = {
      a: await Promise.all(onA.map((lease) => rebind(clients.a, lease))),
      b: await Promise.all(onB.map((lease) => rebind(clients.b, lease))),
    };

    expect(new Set(addresses.a).size).toBe(macs.length);
    expect(new Set(addresses.b).size).toBe(macs.length);
    expect(addresses.a.every((address) => address.startsWith('10.15.3.'))).toBe(true);
    expect(addresses.b.every((address) => address.startsWith('10.16.3.'))).toBe(true);
    expect(reserved.yiaddr).toBe('10.16.3.200');
    for (const [lease, answer] of [...onA.entries()].map(
      ([index, each]) => [each, renewed.a[index]] as const,
    ))
      expect([answer?.type, answer?.yiaddr]).toEqual([5, lease.yiaddr]);
    for (const [lease, answer] of [...onB.entries()].map(
      ([index, each]) => [each, renewed.b[index]] as const,
    ))
      expect([answer?.type, answer?.yiaddr]).toEqual([5, lease.yiaddr]);
  }, 180_000);
});

function listOf(place: number): string {
  return `segments:
  - name: a
    interface: eth0
    listen_ip: 10.15.3.${10 + place}
  - name: b
    interface: eth1
    listen_ip: 10.16.3.${10 + place}
    gateway: 10.16.3.1
    pools: [10.16.3.20-10.16.3.254]
`;
}
