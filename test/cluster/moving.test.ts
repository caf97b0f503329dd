import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { Cluster } from '../support/cluster.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType } from '../support/packet.ts';
import { askAgain, bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

/** A gateway as it was before anybody thought of sharing. */
const ALONE = { GATEWAY_ETCD_ENDPOINTS: '', GATEWAY_SEGMENT: '', GATEWAY_PEERS: 'off' };
const SOON = 10_000;

describeSystem('a segment whose leases move', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    onTestFailed(() => console.log(cluster.story()));
  });
  afterEach(() => cluster.close());

  test('leases of gateways that were alone come into etcd with their first start, and go back with the node that leaves', async () => {
    const { client } = cluster;
    const acks: HeardReply[] = [];
    for (const place of [0, 1]) {
      const gateway = await cluster.start(place, ALONE);
      acks.push(await bootUntilLeased(client, hardwareOf(place + 1), SOON));
      expect(await gateway.end()).toBe(0);
    }

    await cluster.begin();
    await cluster.start(0);
    await cluster.start(1);

    await cluster.until(async () => {
      for (const place of [0, 1]) {
        const rows = await cluster.mirror(place);
        expect(rows.map(({ address, mac, node, state }) => ({ address, mac, node, state }))).toEqual(
          acks
            .map(({ yiaddr, chaddr }, index) => ({
              address: yiaddr,
              mac: chaddr,
              node: `pve${index + 1}`,
              state: 'bound',
            }))
            .sort((one, other) => Number(one.address.split('.')[3]) - Number(other.address.split('.')[3])),
        );
      }
    });
    for (const ack of acks) expect(await rebind(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });

    await cluster.nodes[1]?.gateway?.end();
    await cluster.nodes[0]?.gateway?.end();
    const refused = await startInVain(0, ALONE);
    expect([refused.status, refused.words]).toEqual([78, expect.stringContaining('cluster leave')]);
    expect(await cluster.program(0, 'cluster', 'leave')).toContain("its leases are this node's own now");
    await cluster.start(0, ALONE);
    for (const ack of acks) expect(await rebind(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
  }, 120_000);

  test('an etcd that has lost its data grants nothing until it is seeded; then every guest has its address still', async () => {
    const { client, etcd } = cluster;
    await cluster.serve();
    const acks: HeardReply[] = [];
    for (const number of [1, 2, 3]) acks.push(await bootUntilLeased(client, hardwareOf(number), SOON));
    await cluster.until(async () => {
      for (const place of cluster.nodes.keys()) expect(await cluster.mirror(place)).toHaveLength(3);
    });

    await etcd.empty();
    // Within a second of a majority's last answer a gateway offers still, which promises nothing (RFC 2131 §3.1): for an
    // ACK etcd would have to hold what it has lost.
    await Promise.all([
      expect(bootUntilLeased(client, hardwareOf(9), 6000)).rejects.toThrow('has no lease'),
      cluster.until(async () => {
        for (const { directory } of cluster.nodes) {
          const { problems } = await askHealth(`${directory}/${HEALTH_SOCKET}`, 1000);
          expect(problems.map(runningProblemToText).join()).toContain('vps-gateway cluster seed');
        }
      }),
    ]);
    const discover = { chaddr: hardwareOf(9), options: [messageType('DHCPDISCOVER')] };
    await expect(askAgain(client, discover, 6)).rejects.toThrow('no answer');
    await expect(cluster.program(0, 'cluster', 'init')).rejects.toThrow('cluster seed');
    await expect(cluster.program(0, 'cluster', 'status')).rejects.toThrow('cluster seed');

    expect(await cluster.program(0, 'cluster', 'seed')).toContain('has a new generation');

    const served = await bootUntilLeased(client, hardwareOf(9), SOON);
    expect(acks.map(({ yiaddr }) => yiaddr)).not.toContain(served.yiaddr);
    for (const ack of acks) expect(await rebind(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    // It fails while a member of etcd is slow to answer.
    await cluster.until(async () => expect(await cluster.program(0, 'cluster', 'status')).toContain('pve3'));
  }, 120_000);

  test('a gateway with another rule of identity than the others ends with status 78, and says which', async () => {
    await cluster.begin();
    await cluster.start(0);

    const { status, words } = await startInVain(1, { GATEWAY_DHCP_IDENTITY: 'mac' });

    expect(status).toBe(78);
    expect(words).toContain('GATEWAY_DHCP_IDENTITY is mac here and auto on pve1');
  }, 120_000);

  test('a gateway with another pool and lease time serves; it and `cluster status` say which gateway has what', async () => {
    const { client } = cluster;
    await cluster.begin();
    await cluster.start(0);
    const ack = await bootUntilLeased(client, hardwareOf(1), SOON);
    await cluster.start(1, {
      GATEWAY_DHCP_POOL_START: '10.15.3.250',
      GATEWAY_DHCP_LEASE_TIME: '1h',
    });
    await cluster.kill(0);

    // Outside the pool of the one that is left, what stands is confirmed, and new guests get what is in it.
    expect(await rebind(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    const next = await bootUntilLeased(client, hardwareOf(2), SOON);
    expect(Number(next.yiaddr.split('.')[3])).toBeGreaterThanOrEqual(250);

    await cluster.start(0);
    const said = 'GATEWAY_DHCP_POOL_START is 10.15.3.20 on pve1 and 10.15.3.250 on pve2';
    await cluster.until(async () => {
      expect(await cluster.program(0, 'cluster', 'status')).toContain(`warning: ${said}`);
      expect(cluster.story(200)).toContain('GATEWAY_DHCP_LEASE_TIME is ');
    });
  }, 120_000);

  /** Starts a gateway that is to end by itself. */
  async function startInVain(place: number, settings: Readonly<Record<string, string>>) {
    await cluster.start(place, settings).catch(() => undefined);
    const gateway = cluster.nodes[place]?.gateway;
    return { status: await gateway?.ended(), words: gateway?.words.join('\n') };
  }
});
