import { expect, test } from 'vitest';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { ip, messageType, type PacketOption } from '../support/packet.ts';
import { type RawClient, serverOf, unicastTo } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = hardwareOf(1);
const B = hardwareOf(2);
const PROBING = { GATEWAY_DHCP_ARP_PROBE: '200ms' };
const identifier = (number: number): PacketOption => [61, 255, 0, 0, 0, 1, 0, 4, number];

/** RFC 2131 §4.3.2, RENEWING, with the identifier that the lease was got with. */
function renew(client: RawClient, ack: HeardReply, ...options: readonly PacketOption[]): Promise<HeardReply> {
  const fields = {
    chaddr: ack.chaddr,
    ciaddr: ack.yiaddr,
    options: [messageType('DHCPREQUEST'), ...options],
  };
  return client.ask(fields, unicastTo(ack, ack.yiaddr));
}

async function lease(client: RawClient, chaddr: string, option: PacketOption): Promise<HeardReply> {
  const offer = await client.discover(chaddr, option);
  const options: PacketOption[] = [
    messageType('DHCPREQUEST'),
    [50, ...ip(offer.yiaddr)],
    [54, ...serverOf(offer)],
    option,
  ];
  return client.ask({ chaddr, options });
}

describeSystem('one address, one guest: the real process and machines that answer ARP or not', [], () => {
  const segment = useTestSegment();

  test('RFC 4361 §6.1: a guest that is paused keeps its lease, though a clone of it boots meanwhile', async () => {
    const gateway = await segment().gateway(PROBING);
    const client = segment().client();
    const original = await lease(client, A, identifier(1)); // It answers no ARP.

    const clone = await lease(client, B, identifier(1));
    const renewed = await renew(client, original, identifier(1));

    expect(clone.type).toBe(5);
    expect(clone.yiaddr).not.toBe(original.yiaddr);
    expect(renewed).toMatchObject({ type: 5, yiaddr: original.yiaddr });
    const warnings = () =>
      gateway.log.filter(({ level, reason }) => level === 'warn' && reason === 'offered-to-clone');
    await gateway.until('both machines were named', () => warnings().length > 0);
    expect(warnings()).toMatchObject([{ hardware: B, other: A }]);
  });

  test('RFC 2131 §4.3.3: a forged release, and a stranger that asks for the address, cost a guest nothing', async () => {
    const gateway = await segment().gateway(PROBING);
    const client = segment().client();
    const guest = await client.lease(A);
    const forged = client.release(guest);
    client.holds.set(guest.yiaddr, A);
    await gateway.reasonFor(forged);

    const stranger = await client.discover(B, [50, ...ip(guest.yiaddr)]);
    const renewed = await renew(client, guest);

    expect(stranger.yiaddr).not.toBe(guest.yiaddr);
    expect(renewed).toMatchObject({ type: 5, yiaddr: guest.yiaddr });
  });

  test('RFC 2131 §4.4.6: a release from another address, and a decline while the guest answers, are ignored', async () => {
    const gateway = await segment().gateway(PROBING);
    const client = segment().client();
    const guest = await client.lease(A);
    const fields = { chaddr: A, ciaddr: guest.yiaddr };
    const released = client.send(
      { ...fields, options: [messageType('DHCPRELEASE'), [54, ...serverOf(guest)]] },
      unicastTo(guest, '10.15.3.99'),
    );
    const declined = client.send({
      chaddr: A,
      options: [messageType('DHCPDECLINE'), [50, ...ip(guest.yiaddr)], [54, ...serverOf(guest)]],
    });

    expect(await gateway.reasonFor(released)).toBe('from-elsewhere');
    expect(await gateway.reasonFor(declined)).toBe('used-by-client');
    expect(await renew(client, guest)).toMatchObject({ type: 5, yiaddr: guest.yiaddr });
  });

  test('RFC 2131 §4.3.1: a card with a new identifier at each boot has one address, one with living ones a few', async () => {
    const gateway = await segment().gateway(PROBING);
    const client = segment().client();

    const boots: string[] = [];
    for (let number = 1; number <= 8; number += 1)
      boots.push((await lease(client, A, identifier(number))).yiaddr);
    const living: string[] = [];
    for (let number = 1; number <= 4; number += 1) {
      const { yiaddr } = await lease(client, B, identifier(100 + number));
      client.holds.set(yiaddr, B);
      living.push(yiaddr);
    }
    const fifth = client.send({ chaddr: B, options: [messageType('DHCPDISCOVER'), identifier(105)] });

    expect(new Set(boots).size).toBe(1);
    expect(new Set(living).size).toBe(4);
    expect(await gateway.reasonFor(fifth)).toBe('too-many-identifiers');
    expect(client.heardFor(fifth)).toEqual([]);
  });
});
