import { expect, test } from 'vitest';
import { addressText } from '../support/frames.ts';
import { serverSockets } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType } from '../support/packet.ts';
import { type RawClient, serverOf, unicastTo } from '../support/raw-client.ts';
import { heldTwice, Storm } from '../support/storm.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const GUESTS = 200;
const ROUNDS = 3;
const PLACES = [10, 11, 12];

describeSystem('three gateways that share a pool and nothing else', ['ss'], () => {
  const segment = useTestSegment();

  test('each listens on its own address', async () => {
    const gateways = [
      await segment().gateway(),
      await segment().gatewayAt(11),
      await segment().gatewayAt(12),
    ];

    const listening = gateways.map(({ pid }) => serverSockets(pid));

    for (const [index, place] of PLACES.entries()) expect(listening[index]).toContain(`10.15.3.${place}:67`);
  });

  test(`${GUESTS} guests at once, ${ROUNDS} times: no address twice, no DHCPNAK but from the server that was chosen`, async () => {
    await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    await segment().gatewayAt(11);
    await segment().gatewayAt(12);
    const client = segment().client();
    const storm = new Storm(client);
    for (let round = 0; round < ROUNDS; round += 1) {
      const guests = Array.from({ length: GUESTS }, (_, index) => hardwareOf(index + 1));
      const leases = await storm.boot(guests);

      expect(heldTwice(leases)).toEqual([]);
      expect(leases).toHaveLength(GUESTS);
      for (const ack of leases.slice(0, 50))
        expect(await renew(client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
      for (const ack of leases) client.release(ack);
    }

    expect(storm.strangers).toEqual([]);
    console.log(`${storm.refusals} DHCPNAKs from the chosen server for ${GUESTS * ROUNDS} leases`);
  }, 120_000);

  test('the guests of a gateway that was killed keep their addresses by the others', async () => {
    await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const second = await segment().gatewayAt(11);
    const client = segment().client();
    const acks: HeardReply[] = [];
    for (let number = 1; acks.length < 3 && number < 60; number += 1) {
      const ack = await client.lease(hardwareOf(number));
      if (addressText(serverOf(ack), 0) === '10.15.3.11') acks.push(ack);
    }
    await second.end('SIGKILL');

    const [first, other] = acks;
    if (first === undefined || other === undefined) throw new Error('the second gateway has granted nothing');
    const rebound = await client.ask({
      chaddr: first.chaddr,
      ciaddr: first.yiaddr,
      options: [messageType('DHCPREQUEST')],
    });
    const rebooted = await client.reboot(other.chaddr, other.yiaddr);

    expect(rebound).toMatchObject({ type: 5, yiaddr: first.yiaddr });
    expect(rebooted).toMatchObject({ type: 5, yiaddr: other.yiaddr });
    expect(addressText(serverOf(rebooted), 0)).toBe('10.15.3.10');
  }, 120_000);
});

function renew(client: RawClient, ack: HeardReply): Promise<HeardReply> {
  const renewing = { chaddr: ack.chaddr, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] };
  return client.ask(renewing, unicastTo(ack, ack.yiaddr));
}
