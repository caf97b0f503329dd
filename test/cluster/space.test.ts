import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { Cluster } from '../support/cluster.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

const QUOTA = 2_000_000;
const SOON = 10_000;

describeSystem('etcd without space', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open({
      etcdFlags: [`--quota-backend-bytes=${QUOTA}`],
      settings: { GATEWAY_ETCD_QUOTA: String(QUOTA) },
    });
    onTestFailed(() => console.log(cluster.story()));
  });
  afterEach(() => cluster.close());

  test('is said by status, health and log with what mends it; the gateways see each other, also one that is started again', async () => {
    const { client, nodes } = cluster;
    await cluster.serve();
    const ack = await bootUntilLeased(client, hardwareOf(1), SOON);

    await fill(0.82 * QUOTA);
    expect(await failed('cluster', 'status')).toMatch(
      /problem: etcd's database has come to \d\d % of its quota on 10\.15\.3\.1.*etcdctl compact/s,
    );
    await fill();

    const said = await failed('cluster', 'status');
    expect(said).toContain('problem: etcd is full (alarm NOSPACE of 10.15.3.1');
    expect(said).toContain('etcdctl alarm disarm');

    await cluster.nodes[2]?.gateway?.end();
    await cluster.start(2).catch(() => undefined); // It says what is wrong, and serves.
    const [late] = nodes.slice(2);
    await cluster.until(async () => {
      const { verdict, problems } = await askHealth(`${late?.directory}/${HEALTH_SOCKET}`, 1000);
      expect(verdict).toBe('served');
      expect(problems.map(({ message }) => message).join()).toContain('alarm NOSPACE');
    });
    for (const node of ['pve1', 'pve2', 'pve3'])
      expect(await failed('cluster', 'status')).toMatch(new RegExp(`^${node} .* yes `, 'm'));
    expect(await rebind(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });

    for (const [, command = ''] of said.matchAll(/`([^`]*etcdctl[^`]*)`/g))
      await control('sh', '-c', command);

    await cluster.until(async () => {
      const status = await cluster.program(0, 'cluster', 'status');
      for (const node of ['pve1', 'pve2', 'pve3']) expect(status).toMatch(new RegExp(`^${node} `, 'm'));
      expect(status).toMatch(/compaction +by pve1/);
    });
    await control('etcdctl', 'put', 'of-others', 'x');
    expect((await cluster.program(0, 'cluster', 'status')).replace(/\s+/g, ' ')).toContain(
      'compaction not by the gateways: etcd holds keys of others too ("of-others")',
    );
  }, 120_000);

  test('and without a majority status does not say that nobody is alive', async () => {
    await cluster.serve();
    await cluster.etcd.kill(1);
    await cluster.etcd.kill(2);

    const said = await failed('cluster', 'status');

    expect(said).toContain('which gateways are alive is not known: no majority of etcd answers');
    expect(said).not.toContain('no gateway is alive');
    await cluster.etcd.kill(0);
    expect(await failed('cluster', 'status')).toContain('which gateways are alive is not known');
    expect(await failed('health')).toMatch(
      /health ended with 1: .*A NEW GUEST GETS NO ADDRESS.*leases cannot be stored: etcd at /s,
    );
  }, 120_000);

  /** What a command writes that ends with a status other than 0. */
  function failed(...words: readonly string[]): Promise<string> {
    return cluster.program(0, ...words).then(
      (output) => {
        throw new Error(`it ended with 0: ${output}`);
      },
      (error: Error) => error.message,
    );
  }

  /** On the first node, with etcdctl set for all members. */
  async function control(...command: readonly string[]): Promise<string> {
    const ETCDCTL_ENDPOINTS = cluster.etcd.endpoints.map((endpoint) => `http://${endpoint}`).join(',');
    const ran = await run(cluster.nodes[0]?.host, command, {
      ...process.env,
      ...{ ETCDCTL_API: '3', ETCDCTL_ENDPOINTS },
    });
    if (ran.status !== 0) throw new Error(`${command.join(' ')}: ${ran.errors}`);
    return ran.output;
  }

  /** Until its database has so many bytes, or it takes no more; the values are in the gateways' etcd, but of no segment. */
  async function fill(bytes = Number.POSITIVE_INFINITY): Promise<void> {
    const value = 'x'.repeat(90_000);
    for (let number = 0; number < 100; number += 1) {
      const status = await control('etcdctl', 'endpoint', 'status', '-w', 'json');
      if (Number(/"dbSize":(\d+)/.exec(status)?.[1]) >= bytes) return;
      const isFull = await control('etcdctl', 'put', `/vps-gateway/x${number % 3}`, value).then(
        () => false,
        (error: Error) => error.message.includes('database space exceeded'),
      );
      if (isFull) return;
    }
    throw new Error('etcd is never full');
  }
});
