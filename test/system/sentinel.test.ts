import { expect, test } from 'vitest';
import type { Status } from '../../src/reporting/status.ts';
import { udpFrame } from '../support/frames.ts';
import { builtProgram, type GatewayProcess } from '../support/gateway-process.ts';
import { CLIENTS } from '../support/guest-kind.ts';
import { Guests } from '../support/guests.ts';
import { ip, messageType, packet } from '../support/packet.ts';
import type { Printed } from '../support/printed.ts';
import { serverOf, unicastTo } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:5e:00:01';
const B = '52:54:00:5e:00:02';
const FORGER = '52:54:00:5e:00:66';
const ROUTER = '52:54:00:5e:00:99';
const ROGUE = '52:54:00:5e:00:77';

describeSystem('beside what guests send on an ordinary day', [], () => {
  const segment = useTestSegment();

  const statusOf = async ({ directory }: GatewayProcess): Promise<Printed<Status>> => {
    const words = [builtProgram(), 'health', '--leases-dir', directory, '--json'];
    const { output } = await run(segment().node, [process.execPath, ...words]);
    return JSON.parse(output);
  };
  /** Asks until it is so: what was sent takes a moment to be seen. */
  const untilStatus = async (
    gateway: GatewayProcess,
    is: (status: Printed<Status>) => boolean,
  ): Promise<Printed<Status>> => {
    for (let attempt = 0; ; attempt += 1) {
      const status = await statusOf(gateway);
      if (is(status)) return status;
      if (attempt === 20) throw new Error(`it is not so: ${JSON.stringify(status)}`);
    }
  };

  test('the sentinel wakes nobody: real clients boot, renew, boot again and release', async () => {
    const gateway = await segment().gateway({
      GATEWAY_DHCP_LEASE_TIME: '8s',
      GATEWAY_DHCP_ARP_PROBE: '300ms',
    });
    const guests = await Guests.boot(CLIENTS, segment().segment, () => segment().folder());
    await guests.each((guest) => guest.untilLeased());
    await guests.each((guest) => guest.untilExtended(gateway));
    await guests.each(async (guest) => {
      await guest.reboot();
      return guest.untilLeased();
    });
    await guests.each((guest) => guest.release());

    const { reception, counters, problems } = await statusOf(gateway);

    expect(reception).toMatchObject({ sentinel: 0 });
    expect(counters.drops).not.toHaveProperty('forged');
    expect(problems).toEqual([]);
  });

  test('a forged message has no answer and changes nothing, and the log names the card that sent it', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const ack = await client.lease(A);
    const fromForger = (fields: Parameters<typeof packet>[0], source = ack.yiaddr) =>
      client.sendBytes(packet({ chaddr: A, ...fields }), FORGER, unicastTo(ack, source));

    fromForger({ ciaddr: ack.yiaddr, options: [messageType('DHCPRELEASE'), [54, ...serverOf(ack)]] });
    fromForger({ options: [messageType('DHCPDECLINE'), [54, ...serverOf(ack)], [50, ...ip(ack.yiaddr)]] });
    client.sendBytes(packet({ chaddr: B, xid: 99, options: [messageType('DHCPDISCOVER')] }), FORGER);
    await untilStatus(gateway, ({ counters }) => counters.drops['forged'] === 3);
    const renewed = await client.ask(
      { chaddr: A, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] },
      unicastTo(ack, ack.yiaddr),
    );
    const { leases } = await statusOf(gateway);
    await gateway.end();

    expect(renewed).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    expect(leases).toMatchObject({ bound: 1, offered: 0, declined: 0 });
    expect(client.heardFor(99)).toEqual([]);
    expect(gateway.log).toContainEqual(
      expect.objectContaining({
        msg: 'datagrams dropped',
        causes: { forged: 3 },
        hardware: B,
        frame: FORGER,
      }),
    );
  });

  test('RFC 2131 §4.4.5: a renewal that a router has passed on is answered to that router', async () => {
    await segment().gateway();
    const client = segment().client();
    const ack = await client.lease(A);
    const xid = client.newXid();
    const answer = client.reply(xid);

    client.sendBytes(
      packet({ xid, chaddr: A, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] }),
      ROUTER,
      unicastTo(ack, ack.yiaddr),
    );

    expect(await answer).toMatchObject({
      type: 5,
      destinationHardware: ROUTER,
      destination: ack.yiaddr,
      chaddr: A,
    });
  });

  test('a renewal that is sent to the listen IP from 0.0.0.0, which the kernel drops, is answered', async () => {
    await segment().gateway();
    const client = segment().client();
    const ack = await client.lease(A);

    const renewed = await client.ask(
      { chaddr: A, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] },
      unicastTo(ack, '0.0.0.0'),
    );

    expect(renewed).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
  });

  test('GATEWAY_DHCP_CHADDR_CHECK=off: a guest whose MAC the network translates has a lease, told to every station', async () => {
    const gateway = await segment().gateway({ GATEWAY_DHCP_CHADDR_CHECK: 'off' });
    const client = segment().client();
    const xid = client.newXid();
    const answer = client.reply(xid);

    client.sendBytes(packet({ xid, chaddr: A, options: [messageType('DHCPDISCOVER')] }), FORGER);

    expect(await answer).toMatchObject({ type: 2, destinationHardware: 'ff:ff:ff:ff:ff:ff' });
    expect((await statusOf(gateway)).counters.drops).toEqual({});
  });

  test('another DHCP server is named in log, status and health, and new guests are served; a gateway of the plan is none', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const reply = (server: string) =>
      udpFrame({
        ...{
          sourceHardware: ROGUE,
          destinationHardware: 'ff:ff:ff:ff:ff:ff',
          source: server,
          sourcePort: 67,
        },
        ...{ destination: '255.255.255.255', destinationPort: 68 },
        payload: packet({
          ...{ op: 2, chaddr: A, yiaddr: '192.168.1.50' },
          options: [messageType('DHCPOFFER'), [54, ...ip(server)], [3, ...ip('192.168.1.1')]],
        }),
      });

    client.sendFrame(reply('10.15.3.12'));
    client.sendFrame(reply('192.168.1.1'));
    client.send({
      chaddr: B,
      options: [messageType('DHCPREQUEST'), [54, ...ip('192.168.1.2')], [50, ...ip('192.168.1.51')]],
    });
    const status = await untilStatus(gateway, ({ rogue_servers }) => rogue_servers.length === 2);
    const ack = await client.lease('52:54:00:5e:00:03');

    expect(status.rogue_servers).toContainEqual(
      expect.objectContaining({
        server: '192.168.1.1',
        by: 'replies',
        hardware: ROGUE,
        offered: '192.168.1.50',
        client: A,
      }),
    );
    expect(status.rogue_servers).toContainEqual(
      expect.objectContaining({ server: '192.168.1.2', by: 'asked-for', hardware: null, client: B }),
    );
    expect(status).toMatchObject({ verdict: 'served', problems: [{ name: 'rogue-server' }] });
    expect(ack.type).toBe(5);
    expect(gateway.log.filter(({ level, server }) => level === 'warn' && server !== undefined)).toHaveLength(
      2,
    );
  });
});
