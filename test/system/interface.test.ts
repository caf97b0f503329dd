import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLeaseReader } from '../../src/store/sqlite/lease-reader.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { messageType } from '../support/packet.ts';
import { type RawClient, unicastTo } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:ee:00:01';
const STRANGER = '52:54:00:ee:00:02';

describeSystem('the interface and address of the node', [], () => {
  const segment = useTestSegment();

  test('a DHCPDISCOVER on another interface is not answered and costs no lease', async () => {
    const { node } = segment();
    const elsewhere = await segment().segment.attach('elsewhere');
    node.ip(`link add eth1 type veth peer name other netns ${elsewhere.pid}`);
    node.ip('addr add 192.168.77.1/24 dev eth1');
    node.ip('link set eth1 up');
    elsewhere.ip('link set other up');
    const directory = segment().folder();
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    const stranger = segment().client(elsewhere, 'other');

    const ack = await client.lease(A);
    const xid = stranger.send({ chaddr: STRANGER, options: [messageType('DHCPDISCOVER')] });
    const direct = stranger.send(
      { chaddr: STRANGER, options: [messageType('DHCPDISCOVER')] },
      {
        destination: '192.168.77.1',
        destinationHardware: node.run('cat', '/sys/class/net/eth1/address').trim(),
      },
    );
    await renew(client, ack);
    await renew(client, ack);
    node.ip('link del eth1');

    expect([...stranger.heardFor(xid), ...stranger.heardFor(direct)]).toEqual([]);
    expect(gateway.log.filter((line) => line['hardware'] === STRANGER)).toEqual([]);
    expect(rowsOf(directory)).toBe(1);
  });

  test('an interface that is deleted and made again is served again, and the log says both', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const before = await client.lease(A);
    const lines = gateway.log.length;

    segment().node.ip('link del eth0');
    await gateway.until('it said that the interface is gone', () => saysWarning(gateway, lines));
    segment().segment.plug(segment().node, { address: '10.15.3.10/24' });
    const after = await untilConfirmed(client, before);

    expect(after.yiaddr).toBe(before.yiaddr);
  }, 120_000);

  test('an address that is lost and regained is served again, and the log says both', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const before = await client.lease(A);
    const lines = gateway.log.length;

    segment().node.ip('addr del 10.15.3.10/24 dev eth0');
    await gateway.until('it said that the address is gone', () => saysWarning(gateway, lines));
    segment().node.ip('addr add 10.15.3.10/24 dev eth0');
    const after = await untilConfirmed(client, before);

    expect(after.yiaddr).toBe(before.yiaddr);
    expect(await renew(client, after)).toMatchObject({ type: 5, yiaddr: before.yiaddr });
  }, 120_000);

  test('a listen address that comes late is waited for, with the line that would mend it', async () => {
    segment().node.ip('addr del 10.15.3.10/24 dev eth0');
    const settings = { GATEWAY_DHCP_ARP_PROBE: 'off', GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' };
    const gateway = new GatewayProcess(segment().node, { directory: segment().folder(), settings });
    const remedy = /ip addr add 10\.15\.3\.10\/24 dev/;
    await gateway.until('it said what is missing', () =>
      gateway.log.some((line) => remedy.test(JSON.stringify(line))),
    );

    segment().node.ip('addr add 10.15.3.10/24 dev eth0');
    await gateway.untilListening('10.15.3.10');
    const ack = await segment().client().lease(A);

    expect(ack.type).toBe(5);
    expect(await gateway.end()).toBe(0);
  }, 120_000);

  test('SIGTERM ends it with status 0 within a second', async () => {
    const gateway = await segment().gateway();
    await segment().client().lease(A);

    const asked = performance.now();
    const status = await gateway.end('SIGTERM');

    expect(status).toBe(0);
    expect(performance.now() - asked).toBeLessThan(1000);
  });
});

describeSystem('another DHCP server on the interface', ['dnsmasq'], () => {
  const segment = useTestSegment();

  test('the gateway refuses to start and says which socket is taken', async () => {
    const { node } = segment();
    const range = '--dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,2m';
    const leases = join(segment().folder(), 'rival');
    node.spawn(
      'dnsmasq',
      ['-d', '--port=0', '--interface=eth0', '--bind-dynamic', range, `--dhcp-leasefile=${leases}`],
      {
        stdio: 'ignore',
      },
    );
    const gateway = new GatewayProcess(node, { directory: segment().folder() });

    const status = await gateway.ended();

    expect(status).toBe(69);
    expect(gateway.words.join('\n')).toMatch(/another DHCP server/i);
  }, 120_000);
});

function renew(client: RawClient, ack: HeardReply): Promise<HeardReply> {
  const request = { chaddr: ack.chaddr, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] };
  return client.ask(request, unicastTo(ack, ack.yiaddr));
}

function saysWarning(gateway: GatewayProcess, since: number): boolean {
  return gateway.log.slice(since).some((line) => line['level'] === 'warn');
}

/** Asks again and again, as a client does, until its lease is confirmed. */
async function untilConfirmed(client: RawClient, lease: HeardReply): Promise<HeardReply> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const xid = client.newXid();
    const reply = client.reply(xid, 250).catch(() => undefined);
    client.send({
      xid,
      chaddr: lease.chaddr,
      options: [messageType('DHCPREQUEST'), [50, ...lease.yiaddr.split('.').map(Number)]],
    });
    const answer = await reply;
    if (answer?.type === 5) return answer;
  }
  throw new Error('the lease was not confirmed');
}

function rowsOf(directory: string): number {
  const reader = openLeaseReader(directory);
  try {
    return [...reader.leases({})].length;
  } finally {
    reader.close();
  }
}
