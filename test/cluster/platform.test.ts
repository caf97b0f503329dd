import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { call, platformClient, Tunnel } from '../support/platform-client.ts';
import { PlatformPeer } from '../support/platform-peer.ts';
import { describeSystem } from '../support/system.ts';

type Json = Readonly<Record<string, unknown>>;

const SECRET = 'the-secret-of-the-platform';
const SETTINGS = { GATEWAY_METRICS_PORT: 'off', GATEWAY_GRPC_PORT: '1537', GATEWAY_API_SECRET: SECRET };
const [ADA, NEW_CARD] = [hardwareOf(1), hardwareOf(2)];
const SOON = 15_000;

describeSystem("the platform's own protocol at gateways that share etcd", ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  const tunnels: Tunnel[] = [];
  beforeEach(async () => {
    cluster = await Cluster.open({ settings: SETTINGS });
    onTestFailed(() => console.log(cluster.story()));
    await cluster.serve();
  });
  afterEach(async () => {
    for (const tunnel of tunnels.splice(0)) tunnel.close();
    await cluster.close();
  });

  const clientAt = async (place: number) => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error(`no node ${place}`);
    const tunnel = await Tunnel.open(node.host, 1537);
    tunnels.push(tunnel);
    return platformClient(tunnel, SECRET);
  };

  test('a VPS lives on two nodes, each of which hears only of its own guests, and keeps its address until it is deleted', async () => {
    const [one, two] = [await clientAt(0), await clientAt(1)];
    const allocate = (client: typeof one, vpsId: string, macAddress = '') =>
      cluster.until(() => call(client, 'AllocateIP', { vpsId, organizationId: 'org-1', macAddress }));
    const address = String((await allocate(one, 'vps-1'))['ipAddress']);
    const neighbour = String((await allocate(two, 'vps-2'))['ipAddress']);
    const [first, second] = [
      await PlatformPeer.register(one, 'node1'),
      await PlatformPeer.register(two, 'node2'),
    ];
    const entry = { vpsId: 'vps-1', organizationId: 'org-1', ipAddress: address };
    const other = { vpsId: 'vps-2', organizationId: 'org-1', ipAddress: neighbour };
    const placesAt = async (client: typeof one) => {
      const { allocations } = (await call(client, 'ListIPs')) as { allocations: readonly Json[] };
      return Object.fromEntries(allocations.map(({ vpsId, ipAddress }) => [vpsId, ipAddress]));
    };
    const bothAre = (places: Json) =>
      cluster.until(async () => {
        for (const client of [one, two]) expect(await placesAt(client)).toEqual(places);
      });

    // Each list is of one node, and leaves the other's alone.
    const synced = [await first.sync([entry]), await second.sync([other])];
    await bothAre({ 'vps-1': address, 'vps-2': neighbour });

    // Its card is told when it is known, and it boots, at whichever gateway.
    await allocate(one, 'vps-1', ADA);
    const booted = await bootUntilLeased(cluster.client, ADA, SOON);

    // It is installed anew on the other node, with another card: the old one is gone.
    cluster.client.holds.delete(booted.yiaddr);
    await allocate(two, 'vps-1', NEW_CARD);
    const moved = [await second.sync([entry, other]), await first.sync([])];
    await bothAre({ 'vps-1': address, 'vps-2': neighbour });
    const reinstalled = await bootUntilLeased(cluster.client, NEW_CARD, SOON);

    // The other node is told of it first that it goes back: it keeps its address in this order too.
    cluster.client.holds.set(reinstalled.yiaddr, NEW_CARD);
    const back = [await second.sync([other]), await first.sync([entry])];
    await bothAre({ 'vps-1': address, 'vps-2': neighbour });

    const deleted = await first.sync([]);
    await bothAre({ 'vps-2': neighbour });

    expect(synced).toMatchObject([
      { success: true, added: 0, removed: 0 },
      { success: true, added: 0, removed: 0 },
    ]);
    expect(booted.yiaddr).toBe(address);
    expect(moved).toMatchObject([
      { success: true, removed: 0 },
      { success: true, removed: 0 },
    ]);
    expect(reinstalled.yiaddr).toBe(address);
    expect(back).toMatchObject([
      { success: true, removed: 1 },
      { success: true, added: 1, removed: 0 },
    ]);
    expect(deleted).toMatchObject({ success: true, removed: 1 });
  });
});
