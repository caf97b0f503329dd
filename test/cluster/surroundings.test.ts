import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { Cluster, type ClusterNode } from '../support/cluster.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

/** Long enough that TCP repeats itself but every 16 seconds. */
const CUT_MILLISECONDS = 30_000;
/** Two seconds for the way, and two for a busy machine. */
const AFTER_THE_WAY_IS_BACK = 4000;
const AFTER_A_MEMBER_MOVED = 8000;

describeSystem('a gateway and its way to etcd', ['etcd', 'etcdctl', 'nft'], () => {
  let cluster: Cluster;
  let node: ClusterNode;
  beforeEach(async () => {
    cluster = await Cluster.open();
    onTestFailed(() => console.log(cluster.story()));
    const [first] = cluster.nodes;
    if (first === undefined) throw new Error('no node');
    node = first;
    await cluster.begin();
  });
  afterEach(() => cluster.close());

  test('that is cut to all members and comes back: a new guest has its lease within seconds', async () => {
    await cluster.start(0);
    await bootUntilLeased(cluster.client, hardwareOf(1), 10_000);
    node.host.run('nft', 'add table inet cut');
    node.host.run('nft', 'add chain inet cut output { type filter hook output priority 0; }');
    node.host.run('nft', 'add rule inet cut output tcp dport 2379 drop');
    node.host.run('nft', 'add chain inet cut input { type filter hook input priority 0; }');
    node.host.run('nft', 'add rule inet cut input tcp sport 2379 drop');
    await delay(CUT_MILLISECONDS);
    const { problems } = await askHealth(join(node.directory, HEALTH_SOCKET), 1000);

    node.host.run('nft', 'delete table inet cut');
    const begin = Date.now();
    const { type } = await bootUntilLeased(cluster.client, hardwareOf(2), AFTER_THE_WAY_IS_BACK);

    console.log(`a lease ${Date.now() - begin} ms after the way was back`);
    expect(type).toBe(5);
    expect(problems.map(({ message }) => message).join()).toMatch(
      /leases cannot be stored: etcd at 10\.15\.3\.1\d:2379: no answer/,
    );
  }, 120_000);

  test('by names: a member whose name is lost keeps its address, and when it moves and its name follows, the gateway does within seconds', async () => {
    const hosts = join(node.directory, 'hosts');
    const namesTo = (address: string) =>
      writeFileSync(hosts, `127.0.0.1 localhost\n${address} member.test\n`);
    namesTo('10.15.3.11');
    node.host.run('mount', '--bind', hosts, '/etc/hosts');
    await cluster.start(0, { GATEWAY_ETCD_ENDPOINTS: 'http://member.test:2379' });
    await bootUntilLeased(cluster.client, hardwareOf(1), 10_000);

    namesTo(''); // Nobody knows the name any more: the address holds that it had.
    await cluster.etcd.kill(1);
    cluster.etcd.revive(1);
    await bootUntilLeased(cluster.client, hardwareOf(3), 2 * AFTER_A_MEMBER_MOVED);
    await cluster.etcd.kill(1);
    namesTo('10.15.3.12');
    const begin = Date.now();
    const { type } = await bootUntilLeased(cluster.client, hardwareOf(2), AFTER_A_MEMBER_MOVED);

    console.log(`a lease ${Date.now() - begin} ms after the member had moved`);
    expect(type).toBe(5);
  }, 120_000);

  test('whatever the environment says of proxies and of the traces of other clients: nothing but the log is written', async () => {
    const names = ['http', 'https', 'grpc', 'all', 'npm_config_https', 'socks', 'ftp'].map(
      (of) => `${of}_proxy`,
    );
    const inEveryCase = names.flatMap((name) => [
      name,
      name.toUpperCase(),
      name.replace(/(^|_)./g, (first) => first.toUpperCase()),
    ]);
    const gateway = await cluster.start(0, {
      ...Object.fromEntries(inEveryCase.map((name) => [name, 'http://192.0.2.99:3128'])),
      ...{
        no_proxy: 'localhost',
        NO_PROXY: '',
        GRPC_TRACE: 'all',
        GRPC_VERBOSITY: 'DEBUG',
        NODE_USE_ENV_PROXY: '1',
      },
    });

    const { type } = await bootUntilLeased(cluster.client, hardwareOf(1), 10_000);

    expect(type).toBe(5);
    expect(gateway.words).toEqual([]);
  }, 120_000);
});
