import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { addressText } from '../support/frames.ts';
import { serverSockets } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { serverOf } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

/** An empty setting is one that is not set: a gateway by itself beside the etcd. */
const ALONE = { GATEWAY_ETCD_ENDPOINTS: '', GATEWAY_SEGMENT: '', GATEWAY_NODE_NAME: '' };

describeSystem('the nodes that the tests of a cluster run on', ['etcd', 'etcdctl', 'ss'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
  });
  afterEach(() => cluster.close());

  test('when the member of etcd that leads is killed another one does, and it comes back with its data', async () => {
    const { etcd, nodes } = cluster;
    const leader = await etcd.leader();
    await put('before');
    await etcd.kill(leader);
    const next = await etcd.leader();
    await put('while it was away');
    await etcd.revive(leader);

    expect(next).not.toBe(leader);
    await etcd.until(async () => expect(await read(leader)).toBe('while it was away\n'));

    async function control(place: number, ...words: readonly string[]) {
      const node = nodes[place];
      const command = ['etcdctl', '--endpoints', `http://${node?.address}:2379`, ...words];
      const ran = await run(node?.host, command, { ...process.env, ETCDCTL_API: '3' });
      if (ran.status !== 0) throw new Error(ran.errors);
      return ran.output;
    }
    async function put(value: string) {
      await control(await etcd.leader(), 'put', 'key', value);
    }
    /** By that member's own data, whatever the others have. */
    function read(place: number) {
      return control(place, 'get', 'key', '--print-value-only', '--consistency=s');
    }
  });

  test('without a majority no member leads, and with one again one does', async () => {
    const { etcd } = cluster;
    await etcd.kill(0);
    await etcd.kill(1);
    // One that led steps down when it has missed the others for an election.
    await etcd.until(() => expect(etcd.leader(0)).rejects.toThrow('no member of etcd leads'));
    await expect(etcd.leader(3000)).rejects.toThrow('no member of etcd leads');

    etcd.revive(0);

    expect([0, 2]).toContain(await etcd.leader());
  });

  test('a gateway on each node is started, killed and started again with its lease file', async () => {
    const { client, nodes } = cluster;
    for (const [place, { address }] of nodes.entries()) {
      const { pid } = await cluster.start(place, ALONE);
      expect(serverSockets(pid)).toContain(`${address}:67`);
    }
    const ack = await bootUntilLeased(client, hardwareOf(1), 10_000);
    const place = cluster.placeOf(addressText(serverOf(ack), 0));

    await cluster.kill(place);
    const rebound = await rebind(client, ack);
    const again = await cluster.start(place, ALONE);

    expect(rebound).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    expect(rebound.sourceHardware).not.toBe(nodes[place]?.hardware);
    expect(await cluster.mirror(place)).toContainEqual(expect.objectContaining({ address: ack.yiaddr }));
    expect(again.hasEnded).toBe(false);
    expect(cluster.story()).toContain(ack.yiaddr);
  });
});
