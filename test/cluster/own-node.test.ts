import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { EtcdProcesses } from '../support/etcd-process.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { RawClient } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { answerersAt, describeNodes, TunnelledNodes } from '../support/tunnelled-nodes.ts';

/** A heartbeat lasts ten seconds after its gateway: milliseconds. */
const HEARTBEAT = 15_000;

describeNodes('gateways that share leases, on nodes that a VXLAN joins', ['etcd', 'etcdctl'], () => {
  let nodes: TunnelledNodes;
  let etcd: EtcdProcesses;
  let folder: string;
  const gateways: GatewayProcess[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const program = builtProgram();
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-own-node-'));
    nodes = await TunnelledNodes.open(10, 11);
    const { host } = nodes.node(0);
    etcd = await EtcdProcesses.start({ sites: [{ host, address: '192.0.2.10' }], folder });
    await etcd.leader();
    const settings = (index: number) => ({
      GATEWAY_ETCD_ENDPOINTS: 'http://192.0.2.10:2379',
      GATEWAY_SEGMENT: 'test',
      GATEWAY_NODE_NAME: `pve${index + 1}`,
    });
    const init = gatewayEnvironment(mkdtempSync(join(folder, 'd-')), settings(0));
    const ran = await run(host, [process.execPath, program, 'cluster', 'init'], init);
    if (ran.status !== 0) throw new Error(ran.errors);
    for (const [index, node] of nodes.nodes.entries()) {
      gateways.push(await node.gateway(mkdtempSync(join(folder, 'd-')), settings(index)));
      clients.push(new RawClient(await node.plug(`tap${100 + index}i0`)));
    }
    for (const { directory } of gateways)
      await eventually('it serves', async () => {
        const { status } = await askHealth(join(directory, HEALTH_SOCKET), 1000);
        return status === 'serving';
      });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(gateways.map((gateway) => gateway.end('SIGKILL')));
    await etcd?.close();
    await nodes?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const answerers = (index: number, first: number, count: number) =>
    answerersAt(clients, index, first, count);

  test('a guest is answered by the gateway of its own node alone, whatever the hash says; when that one is gone, by another', async () => {
    // The heartbeats say so within a second or two. Guests that ask again within ten seconds are answered by all: new ones.
    let guest = 100;
    await eventually(
      'each answers its own guests',
      async () => {
        guest += 6;
        const [own, other] = [await answerers(0, guest, 6), await answerers(1, guest, 6)];
        return own.join() === '10.15.3.10' && other.join() === '10.15.3.11';
      },
      60_000,
    );
    expect(await answerers(0, 16, 10)).toEqual(['10.15.3.10']);
    expect(await answerers(1, 16, 10)).toEqual(['10.15.3.11']);

    await gateways[1]?.end('SIGKILL');
    await eventually(
      'its heartbeat ended',
      () => gateways[0]?.log.some(({ msg }) => msg === 'another gateway is gone'),
      HEARTBEAT,
    );
    expect(await answerers(1, 32, 6)).toEqual(['10.15.3.10']);
    const { problems } = await askHealth(join(gateways[0]?.directory ?? '', HEALTH_SOCKET), 1000);
    expect(problems.map(({ message }) => message).join()).toContain(
      'the gateway pve2 (10.15.3.11) was heard last at',
    );
  });
});
