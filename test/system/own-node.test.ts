import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtProgram, type GatewayProcess } from '../support/gateway-process.ts';
import { RawClient } from '../support/raw-client.ts';
import { answerersAt, describeNodes, TunnelledNodes } from '../support/tunnelled-nodes.ts';

describeNodes('two gateways that hear each other, on nodes that a VXLAN joins', [], () => {
  let nodes: TunnelledNodes;
  let folder: string;
  const gateways: GatewayProcess[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    builtProgram();
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-own-node-'));
    nodes = await TunnelledNodes.open(10, 11);
    for (const node of nodes.nodes)
      gateways.push(await node.gateway(mkdtempSync(join(folder, 'd-')), { LOG_LEVEL: 'debug' }));
    for (const [index, node] of nodes.nodes.entries())
      clients.push(new RawClient(await node.plug(`tap${100 + index}i0`)));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(gateways.map((gateway) => gateway.end('SIGKILL')));
    await nodes?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const answerers = (index: number, first: number, count: number) =>
    answerersAt(clients, index, first, count);

  /** The same of the first group of guests that one server answers; on a machine with other work a second may be short. */
  async function answerersAlone(index: number): Promise<string[]> {
    let found: string[] = [];
    for (let group = 0; group < 5 && (found.length !== 1 || found[0]?.includes(' ') === true); group += 1)
      found = await answerers(index, group * 6, 6);
    return found;
  }

  /** New guests of a node get leases until its gateway is known to answer, at the other node. */
  async function bootUntil(isKnown: () => boolean): Promise<void> {
    for (let number = 0; number < 40 && !isKnown(); number += 1)
      for (const [index, client] of clients.entries())
        await client.lease(`52:54:00:2${index}:00:${number.toString(16).padStart(2, '0')}`);
  }

  test('a guest is answered by the gateway of its own node alone; when that one is gone, by the other one', async () => {
    const heardOfOther = (index: number) =>
      gateways[index]?.log.some(({ reason }) => reason === 'peer-granted') === true;
    await bootUntil(() => heardOfOther(0) && heardOfOther(1));

    expect(await answerersAlone(0)).toEqual(['10.15.3.10']);
    expect(await answerersAlone(1)).toEqual(['10.15.3.11']);

    await gateways[1]?.end('SIGKILL');
    expect(await answerers(1, 100, 3)).toEqual(['10.15.3.10']);
    const waits = gateways[0]?.log.filter(
      ({ reason, hardware }) => reason === 'left-to-host' && /^52:54:00:01:00:6/.test(String(hardware)),
    );
    expect(waits?.length).toBeLessThanOrEqual(1);
  });
});
