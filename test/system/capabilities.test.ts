import { expect, test } from 'vitest';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { messageType } from '../support/packet.ts';
import { guestsAskedFor, unicastTo } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';
import { addUplink } from '../support/uplink.ts';

const A = '52:54:00:ab:00:01';

describeSystem('the capabilities of the process', [], () => {
  const segment = useTestSegment();

  test('NET_BIND_SERVICE, NET_RAW and NET_ADMIN are enough', async () => {
    await segment().gateway({}, segment().folder(), limitedTo('net_bind_service', 'net_raw', 'net_admin'));
    const client = segment().client();

    const ack = await client.lease(A);

    expect(ack).toMatchObject({ type: 5, destinationHardware: A, destination: ack.yiaddr });
  });

  test('RFC 2131 §4.1: without NET_RAW, a client that has no address is answered by broadcast', async () => {
    const gateway = await segment().gateway(
      {},
      segment().folder(),
      limitedTo('net_bind_service', 'net_admin'),
    );
    const client = segment().client();

    const ack = await client.lease(A);

    expect(ack).toMatchObject({ type: 5, destination: '255.255.255.255' });
    await gateway.until('the log named the transport', () =>
      gateway.log.some((line) => line['transport'] === 'broadcast'),
    );
    const health = [builtProgram(), 'health', '--leases-dir', gateway.directory];
    const { status, output } = await run(segment().node, [process.execPath, ...health]);
    expect(status).toBe(0);
    expect(output.match(/^shortcoming: .*NET_RAW/gm)).toHaveLength(3); // Frames, ARP, and what the kernel rejects.
  });

  test('without NET_RAW, a client with a lease is answered at its address, by the segment, and nobody else is asked for by ARP', async () => {
    const { node } = segment();
    const uplink = await addUplink(segment());
    const gateway = await segment().gateway(
      {},
      segment().folder(),
      limitedTo('net_bind_service', 'net_admin'),
    );
    const client = segment().client();
    const ack = await client.lease(A);
    node.ip(`route add ${ack.yiaddr} dev wan0`);
    const extending = { chaddr: A, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] };

    const renewed = await client.ask(extending, unicastTo(ack, ack.yiaddr));
    const rebound = await client.ask(extending, { source: ack.yiaddr });
    client.asked.length = 0;
    const others = [
      await client.ask({ ...extending, ciaddr: '10.15.3.99', options: [messageType('DHCPDISCOVER')] }),
      await client.ask(
        { chaddr: A, ciaddr: '10.15.3.99', options: [messageType('DHCPINFORM')] },
        { source: '10.15.3.99' },
      ),
    ];
    node.ip(`route del ${ack.yiaddr}`);

    for (const reply of [renewed, rebound])
      expect(reply).toMatchObject({ type: 5, destination: ack.yiaddr, destinationHardware: A });
    for (const reply of others) expect(reply.destination).toBe('255.255.255.255');
    expect(guestsAskedFor(client)).toEqual([]);
    expect(uplink.frames).toEqual([]);
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('without NET_BIND_SERVICE it ends with status 69 and names that, on a host of several interfaces too', async () => {
    const { node } = segment();
    node.ip('link add mgmt0 type bridge');
    node.ip('addr add 198.51.100.10/24 dev mgmt0');
    const command = [...limitedTo('net_raw', 'net_admin'), process.execPath, builtProgram(), 'serve'];

    const { status, errors } = await run(node, command, gatewayEnvironment(segment().folder()));
    node.ip('link del mgmt0');

    expect(status).toBe(69);
    expect(errors).toContain(
      'UDP port 67 may not be bound: run as root or with the capability NET_BIND_SERVICE',
    );
    expect(errors).not.toContain('koffi');
  });
});

/** Root without its other powers. */
function limitedTo(...capabilities: readonly string[]): readonly string[] {
  const kept = capabilities.map((name) => `,+${name}`).join('');
  return ['setpriv', '--inh-caps=-all', `--bounding-set=-all${kept}`];
}
