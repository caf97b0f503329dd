import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { FakeTime } from '../support/fake-time.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { ip, messageType } from '../support/packet.ts';
import { unicastTo } from '../support/raw-client.ts';
import { describeSystem } from '../support/system.ts';

const A = '52:54:00:c2:00:01';
const B = '52:54:00:c2:00:02';
const ADDRESS = '10.15.3.20';
const SECOND = '10.15.3.11';
const POOL_OF_ONE = { GATEWAY_DHCP_POOL_START: ADDRESS, GATEWAY_DHCP_POOL_END: ADDRESS };
const DAYS = 3 * 86_400_000;
/** In which a gateway frees what it takes for over, and a client tries several times: milliseconds. */
const WHILE = 8000;
const ACK = 5;

/** The guests are silent to ARP. */
describeSystem('a gateway whose clock is three days off', ['etcd', 'etcdctl', 'faketime'], () => {
  let cluster: Cluster;
  let folder: string;
  let time: FakeTime;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-time-'));
    time = new FakeTime(folder);
    cluster = await Cluster.open({ settings: POOL_OF_ONE });
    onTestFailed(() => console.log(cluster.story()));
    await cluster.begin();
    await cluster.start(0);
  });
  afterEach(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** SELECTING: it names the second node's gateway. */
  function select(chaddr: string): Promise<HeardReply> {
    const options = [messageType('DHCPREQUEST'), [50, ...ip(ADDRESS)] as const, [54, ...ip(SECOND)] as const];
    return cluster.client.ask({ chaddr, options: options.map(([code, ...value]) => [code, ...value]) });
  }

  /** Another guest insists on the address; what it hears. */
  async function insist(): Promise<readonly HeardReply[]> {
    const { client } = cluster;
    const xids: number[] = [];
    for (let waited = 0; waited < WHILE; waited += 1000) {
      const options = [messageType('DHCPDISCOVER'), [50, ...ip(ADDRESS)] as [number, ...number[]]];
      xids.push(client.send({ chaddr: B, secs: 10, options }));
      await delay(1000);
    }
    return xids.flatMap((xid) => client.heardFor(xid));
  }

  function renew(ack: HeardReply): Promise<HeardReply> {
    const fields = { chaddr: A, ciaddr: ADDRESS, options: [messageType('DHCPREQUEST')] };
    return cluster.client.ask(fields, unicastTo(ack, ADDRESS));
  }

  test.each([
    ['behind', -DAYS],
    ['ahead', DAYS],
  ])(
    '%s from its start: what it grants is given to nobody else, and its guest renews',
    async (_, error) => {
      time.is(new Date(Date.now() + error));
      await cluster.start(1, {}, time.under);

      const ack = await select(A);
      const heard = await insist();

      expect(ack).toMatchObject({ type: ACK, yiaddr: ADDRESS });
      expect(heard).toEqual([]);
      expect(await renew(ack)).toMatchObject({ type: ACK, yiaddr: ADDRESS });
    },
    120_000,
  );

  test.each([
    ['back', -DAYS],
    ['forward', DAYS],
  ])(
    'by a step %s while it runs: the same',
    async (_, error) => {
      await cluster.start(1, {}, time.under);
      const before = await select(A);
      time.is(new Date(Date.now() + error));

      const ack = await renew(before);
      const heard = await insist();

      expect(ack).toMatchObject({ type: ACK, yiaddr: ADDRESS });
      expect(heard).toEqual([]);
      expect(await renew(ack)).toMatchObject({ type: ACK, yiaddr: ADDRESS });
    },
    120_000,
  );

  test('a DHCPACK that waited while the gateway was frozen does not leave', async () => {
    const second = await cluster.start(1);
    const { client, etcd } = cluster;
    const stop = (signal: NodeJS.Signals) => etcd.pids.forEach((pid) => void process.kill(pid, signal));
    stop('SIGSTOP');
    const options = [messageType('DHCPREQUEST'), [50, ...ip(ADDRESS)], [54, ...ip(SECOND)]] as const;
    const xid = client.send({ chaddr: A, options: options.map(([code, ...value]) => [code, ...value]) });
    await delay(500);
    second.signal('SIGSTOP');
    stop('SIGCONT');
    await delay(5000);

    second.signal('SIGCONT');
    await delay(3000);
    const late = client.heardFor(xid);

    expect(late).toEqual([]);
    expect(await select(A)).toMatchObject({ type: ACK, yiaddr: ADDRESS });
  }, 120_000);
});
