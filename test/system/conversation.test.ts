import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { stateOf } from '../support/lease-state.ts';
import { hardwareOf } from '../support/load.ts';
import { ip, messageType, type PacketOption, text } from '../support/packet.ts';
import { type RawClient, selecting, serverOf, unicastTo } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const RELAY = '10.15.3.5';
const BROADCAST_FLAG = 0x8000;
const A = hardwareOf(1);
const PARAMETERS: PacketOption = [55, 1, 3, 6, 15, 26, 51, 58, 59];
const AGENT: PacketOption = [82, 1, 4, ...text('vps7'), 2, 2, 0, 9];

describeSystem('conversations with the real process, in frames', ['sqlite3'], () => {
  const segment = useTestSegment(24, 'all');
  let directory: string;
  let gateway: GatewayProcess;
  let client: RawClient;
  let witness: HeardReply;
  /** Two clients that nobody has heard of before. */
  let a = '';
  let b = '';
  let guests = 0;

  beforeAll(async () => {
    directory = segment().folder();
    gateway = await segment().gateway({ GATEWAY_DHCP_RELAYS: RELAY }, directory);
    client = segment().client();
    witness = await client.lease(hardwareOf(999));
  });

  beforeEach(() => {
    guests += 2;
    a = hardwareOf(guests);
    b = hardwareOf(guests + 1);
  });

  /**
   * Whatever was sent before has been dealt with: the ACK of a renewal sent afterwards, which too waits for the disk,
   * has come.
   */
  async function allIsDealtWith(): Promise<void> {
    await renew(witness);
  }

  function renew(ack: HeardReply): Promise<HeardReply> {
    return client.ask(renewing(ack), unicastTo(ack, ack.yiaddr));
  }

  test('RFC 2131 §4.1: a client without an address is offered one by a frame to its own hardware address', async () => {
    const offer = await client.discover(a, PARAMETERS);

    expect(offer).toMatchObject({
      type: 2,
      destinationHardware: a,
      destination: offer.yiaddr,
      destinationPort: 68,
      source: '10.15.3.10',
      chaddr: a,
    });
  });

  test('RFC 2131 §4.1: a client that sets the broadcast flag is answered by broadcast', async () => {
    const offer = await client.ask({
      chaddr: a,
      flags: BROADCAST_FLAG,
      options: [messageType('DHCPDISCOVER')],
    });

    expect(offer).toMatchObject({
      type: 2,
      destinationHardware: 'ff:ff:ff:ff:ff:ff',
      destination: '255.255.255.255',
      flags: BROADCAST_FLAG,
    });
  });

  test('RFC 2131 §4.3.1, table 3: the DHCPACK tells the parameters asked for, in the order asked for', async () => {
    const ack = await client.select(await client.discover(a));
    const told = await client.ask(
      { chaddr: a, options: [messageType('DHCPREQUEST'), [50, ...ip(ack.yiaddr)], PARAMETERS] },
      {},
    );

    expect(told.type).toBe(5);
    expect(told.yiaddr).toBe(ack.yiaddr);
    const value = (code: number) => [...(told.options.get(code) ?? [])];
    expect(value(1)).toEqual([255, 255, 255, 0]);
    expect(value(3)).toEqual([10, 15, 3, 1]);
    expect(value(6)).toEqual([1, 1, 1, 1, 1, 0, 0, 1]);
    expect(value(15)).toEqual(text('vps.local'));
    expect(value(26)).toEqual([5, 220]);
    expect(value(51)).toEqual([0, 0, 168, 192]);
    expect(value(54)).toEqual([10, 15, 3, 10]);
    const asked = [...told.options.keys()].filter((code) => [1, 3, 6, 15, 26].includes(code));
    expect(asked).toEqual([1, 3, 6, 15, 26]);
    expect(told.payload.length).toBeGreaterThanOrEqual(300);
  });

  test('RFC 2131 §3.1 (4): the same DHCPREQUEST once more brings the same DHCPACK', async () => {
    const ack = await client.lease(a);

    const again = await client.ask({
      ...selecting(ack),
      options: [messageType('DHCPREQUEST'), [50, ...ip(ack.yiaddr)], [54, ...serverOf(ack)]],
    });

    expect(again).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
  });

  test('RFC 2131 §4.3.2, SELECTING: silence to a client that takes another offer, and its offer is free at once', async () => {
    const offer = await client.discover(a);
    const xid = client.send({
      chaddr: a,
      options: [messageType('DHCPREQUEST'), [50, ...ip('10.15.3.77')], [54, ...ip('10.15.3.99')]],
    });
    const taken = await client.discover(b, [50, ...ip(offer.yiaddr)]);
    await allIsDealtWith();

    expect(client.heardFor(xid)).toEqual([]);
    expect(taken.yiaddr).toBe(offer.yiaddr);
    expect(await gateway.reasonFor(xid)).toBe('offer-withdrawn');
  });

  test('RFC 2131 §4.3.2, INIT-REBOOT: the lease is confirmed', async () => {
    const ack = await client.lease(a);

    const confirmed = await client.reboot(a, ack.yiaddr);

    expect(confirmed).toMatchObject({ type: 5, yiaddr: ack.yiaddr, destinationHardware: a });
  });

  test('RFC 2131 §4.3.2, INIT-REBOOT: a client that nothing is known of meets silence', async () => {
    const xid = client.send({
      chaddr: a,
      options: [messageType('DHCPREQUEST'), [50, ...ip('10.15.3.200')]],
    });
    await allIsDealtWith();

    expect(client.heardFor(xid)).toEqual([]);
  });

  test('RFC 2131 §4.3.2, INIT-REBOOT: an address of another network is refused by an IP broadcast to its client', async () => {
    const nak = await client.reboot(a, '192.168.4.20');

    expect(nak).toMatchObject({
      type: 6,
      yiaddr: '0.0.0.0',
      destination: '255.255.255.255',
      destinationHardware: a,
    });
  });

  test('RFC 2131 §4.3.2, RENEWING: the lease is prolonged, by unicast to ciaddr', async () => {
    const ack = await client.lease(a);

    const renewed = await renew(ack);

    expect(renewed).toMatchObject({
      type: 5,
      yiaddr: ack.yiaddr,
      ciaddr: ack.yiaddr,
      destination: ack.yiaddr,
      destinationHardware: a,
    });
    expect(await gateway.reasonFor(renewed.xid)).toBe('renewed');
  });

  test('RFC 2131 §4.3.2, REBINDING: the lease is prolonged, by unicast to ciaddr', async () => {
    const ack = await client.lease(a);

    const rebound = await client.ask(renewing(ack), { source: ack.yiaddr });

    expect(rebound).toMatchObject({ type: 5, yiaddr: ack.yiaddr, destination: ack.yiaddr });
  });

  test("RFC 2131 §4.3.2, REBINDING: another client's address is refused", async () => {
    const ack = await client.lease(a);

    const nak = await client.ask({ ...renewing(ack), chaddr: b }, { source: ack.yiaddr });

    expect(nak.type).toBe(6);
    expect(stateOf(directory, ack.yiaddr)).toBe('bound');
  });

  test('RFC 2131 §4.3.3: a declined address is nobody’s for a while', async () => {
    const ack = await client.lease(a);
    client.holds.delete(ack.yiaddr);
    client.send({
      chaddr: a,
      options: [messageType('DHCPDECLINE'), [50, ...ip(ack.yiaddr)], [54, ...serverOf(ack)]],
    });
    await allIsDealtWith();

    const offerToA = await client.discover(a);
    const offerToB = await client.discover(b, [50, ...ip(ack.yiaddr)]);

    expect(stateOf(directory, ack.yiaddr)).toBe('declined');
    expect([offerToA.yiaddr, offerToB.yiaddr]).not.toContain(ack.yiaddr);
  });

  test('RFC 2131 §4.3.4: a released address is free, and its client gets it back', async () => {
    const ack = await client.lease(a);
    client.release(ack);
    await allIsDealtWith();
    const state = stateOf(directory, ack.yiaddr);

    const offer = await client.discover(a);

    expect(state).toBe('free');
    expect(offer.yiaddr).toBe(ack.yiaddr);
  });

  test('RFC 2131 §4.3.5: a DHCPINFORM brings parameters, no address and no lease time', async () => {
    client.holds.set('10.15.3.8', a);

    const ack = await client.ask(
      { chaddr: a, ciaddr: '10.15.3.8', options: [messageType('DHCPINFORM'), PARAMETERS] },
      { source: '10.15.3.8' },
    );

    expect(ack).toMatchObject({ type: 5, yiaddr: '0.0.0.0', destination: '10.15.3.8' });
    expect(ack.options.has(51)).toBe(false);
    expect([...(ack.options.get(3) ?? [])]).toEqual([10, 15, 3, 1]);
  });

  test('RFC 3046 §2.2: a relayed client is answered through its relay agent, whose information comes back last', async () => {
    client.holds.set(RELAY, '52:54:00:aa:00:55');
    const relayed = {
      source: RELAY,
      sourcePort: 67,
      destination: '10.15.3.10',
      destinationHardware: segment().node.run('cat', '/sys/class/net/eth0/address').trim(),
    };
    const offer = await client.ask(
      { chaddr: a, giaddr: RELAY, hops: 1, options: [messageType('DHCPDISCOVER'), AGENT] },
      relayed,
    );
    const nak = await client.ask(
      {
        chaddr: b,
        giaddr: RELAY,
        hops: 1,
        options: [messageType('DHCPREQUEST'), [50, ...ip('192.168.4.20')], AGENT],
      },
      relayed,
    );

    expect([offer.type, nak.type]).toEqual([2, 6]);
    for (const reply of [offer, nak]) {
      expect(reply).toMatchObject({ destination: RELAY, destinationPort: 67, giaddr: RELAY });
      expect([...reply.options.keys()].at(-1)).toBe(82);
      expect([...(reply.options.get(82) ?? [])]).toEqual(AGENT.slice(1));
    }
    // RFC 2131 §4.3.2: the relay agent is to broadcast a DHCPNAK to a client that has no address.
    expect(nak.flags & BROADCAST_FLAG).toBe(BROADCAST_FLAG);
  });

  test('RFC 2131 §4.3.1: an address outside the pool is never offered, whatever is asked for', async () => {
    for (const wish of ['10.15.3.1', '10.15.3.10', '10.15.3.19', '10.15.3.255', '192.168.4.20', '0.0.0.0']) {
      const offer = await client.discover(a, [50, ...ip(wish)]);

      expect(offer.yiaddr).not.toBe(wish);
      expect(Number(offer.yiaddr.split('.')[3])).toBeGreaterThanOrEqual(20);
      expect(offer.yiaddr).toMatch(/^10\.15\.3\./);
    }
  });
});

describeSystem('a pool that is full', [], () => {
  const segment = useTestSegment();

  test('235 guests fill the pool, the next hears nothing, the log says so once, and a release makes room', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const acks: HeardReply[] = [];
    for (let guest = 0; guest < 235; guest += 1) acks.push(await client.lease(hardwareOf(guest)));
    const [first, second] = acks;
    if (first === undefined || second === undefined) throw new Error('nobody was leased an address');
    const unheard = [1, 2, 3].map((number) =>
      client.send({ chaddr: hardwareOf(300 + number), options: [messageType('DHCPDISCOVER')] }),
    );
    await client.ask(renewing(first), unicastTo(first, first.yiaddr));
    const told = unheard.flatMap((xid) => client.heardFor(xid));
    client.release(first);
    await client.ask(renewing(second), unicastTo(second, second.yiaddr));
    const late = await client.lease(hardwareOf(301));

    expect(new Set(acks.map((ack) => ack.yiaddr)).size).toBe(235);
    expect(told).toEqual([]);
    expect(late.yiaddr).toBe(first.yiaddr);
    await gateway.reasonFor(late.xid);
    expect(gateway.log.filter((line) => /pool is full/.test(String(line['msg'])))).toHaveLength(1);
  });
});

describeSystem('addresses that somebody holds already', [], () => {
  const segment = useTestSegment();

  test('RFC 2131 §3.1 (2): an address that a stranger answers for by ARP is not offered', async () => {
    await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const client = segment().client();
    client.holds.set('10.15.3.50', '52:54:00:bb:00:01');

    const offer = await client.discover(A, [50, ...ip('10.15.3.50')]);

    expect(client.asked).toContain('10.15.3.50');
    expect(client.asked).toContain(offer.yiaddr);
    expect(offer.yiaddr).not.toBe('10.15.3.50');
  });

  test('RFC 2131 §3.1 (2): a client that holds the address itself is offered it', async () => {
    await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const client = segment().client();
    client.holds.set('10.15.3.51', A);

    const offer = await client.discover(A, [50, ...ip('10.15.3.51')]);

    expect(offer.yiaddr).toBe('10.15.3.51');
  });

  test('RFC 2131 §3.1 (2): an address that a stranger announces while it is on offer is asked for again, and not leased', async () => {
    const gateway = await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const client = segment().client();
    const offer = await client.discover(A, [50, ...ip('10.15.3.52')]);

    client.announce(offer.yiaddr, '52:54:00:bb:00:01');
    await client.discover(hardwareOf(2)); // It is heard by the time that ARP has been waited for.
    const refused = await client.select(offer);

    expect(offer.yiaddr).toBe('10.15.3.52');
    expect(refused.type).toBe(6);
    expect(await gateway.reasonFor(refused.xid)).toBe('quarantined');
  });

  test('a lease that the store has lost is adopted when only its own client answers for it', async () => {
    const gateway = await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    const client = segment().client();
    client.holds.set('10.15.3.60', A);

    const ack = await client.ask(
      { chaddr: A, ciaddr: '10.15.3.60', options: [messageType('DHCPREQUEST')] },
      { source: '10.15.3.60' },
    );

    expect(ack).toMatchObject({ type: 5, yiaddr: '10.15.3.60' });
    expect(await gateway.reasonFor(ack.xid)).toBe('adopted');
  });
});

/** RFC 2131 §4.3.2: by unicast it is RENEWING, by broadcast REBINDING. */
function renewing(ack: HeardReply) {
  return { chaddr: ack.chaddr, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] };
}
