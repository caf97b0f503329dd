import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType, type PacketFields } from '../support/packet.ts';
import { type Envelope, guestsAskedFor, type RawClient, unicastTo } from '../support/raw-client.ts';
import { describeSystem, hasLinkType, type TestSegment, useTestSegment } from '../support/system.ts';
import { addUplink, type Uplink } from '../support/uplink.ts';

const BROADCAST_FLAG = 0x8000;
const ALL = 'ff:ff:ff:ff:ff:ff';
const FLOOD = 4000;

const discovering = (chaddr: string, fields: PacketFields = {}): PacketFields => ({
  chaddr,
  options: [messageType('DHCPDISCOVER')],
  ...fields,
});
/** RFC 2131 §4.3.2: by unicast it is RENEWING, by broadcast REBINDING. */
const extending = ({ chaddr, yiaddr }: HeardReply): PacketFields => ({
  chaddr,
  ciaddr: yiaddr,
  options: [messageType('DHCPREQUEST')],
});
const informing = (chaddr: string, ciaddr: string): PacketFields => ({
  chaddr,
  ciaddr,
  options: [messageType('DHCPINFORM')],
});

/** What a machine's kernel has asked its segments for, or has tried to, and what came of it. */
function neighboursOf(host: NamespaceHost): readonly string[] {
  const lines = host.ip('-4 neigh show nud all').trim().split('\n');
  return lines.filter((line) => line.startsWith('10.15.') && !line.includes('NOARP'));
}

/** Whether the kernel drops what comes by another interface than an answer would leave by: 1 does, 0 does not. */
function filterReversePaths(host: NamespaceHost, how: 0 | 1): void {
  host.run('sh', '-c', `for i in all eth0; do echo ${how} > /proc/sys/net/ipv4/conf/$i/rp_filter; done`);
}

describeSystem('replies to guests of a segment, on a node with an uplink', [], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let client: RawClient;
  let uplink: Uplink;
  let guests = 0;
  let a = '';
  let b = '';

  beforeAll(async () => {
    uplink = await addUplink(segment());
    gateway = await segment().gateway();
    client = segment().client();
  });
  beforeEach(() => {
    guests += 2;
    a = hardwareOf(guests);
    b = hardwareOf(guests + 1);
    segment().node.ip('neigh flush all');
  });

  test.each([
    ['in the pool, where nobody answers ARP', '10.15.3.77'],
    ['off the segment', '198.51.100.7'],
    ['the gateway’s own', '10.15.3.10'],
    ['of the whole segment', '10.15.3.255'],
    ['of loopback', '127.0.0.1'],
  ])('RFC 2131 §4.1: a DHCPDISCOVER with ciaddr gets its DHCPOFFER: %s', async (_what, ciaddr) => {
    const offer = await client.ask(discovering(a, { ciaddr }));
    const flagged = await client.ask(discovering(b, { ciaddr, flags: BROADCAST_FLAG }));

    expect(offer).toMatchObject({ type: 2, destinationHardware: a, destination: offer.yiaddr });
    expect(flagged).toMatchObject({ type: 2, destinationHardware: ALL, destination: '255.255.255.255' });
    expect(neighboursOf(segment().node)).toEqual([]);
    expect(uplink.frames).toEqual([]);
  });

  test("RFC 2131 §4.1: a DHCPDISCOVER with another guest's address as ciaddr is answered where it came from", async () => {
    const ack = await client.lease(b);

    const offer = await client.ask(discovering(a, { ciaddr: ack.yiaddr }));

    expect(offer).toMatchObject({ type: 2, destinationHardware: a, destination: offer.yiaddr, chaddr: a });
    expect(offer.yiaddr).not.toBe(ack.yiaddr);
  });

  test('a guest that answers no ARP renews, rebinds and informs itself, and nobody asks for it', async () => {
    const ack = await client.lease(a);
    client.holds.delete(ack.yiaddr);
    client.asked.length = 0;
    const from: Envelope = { source: ack.yiaddr };

    const replies = [
      await client.ask(extending(ack), unicastTo(ack, ack.yiaddr)),
      await client.ask(extending(ack), from),
      await client.ask({ ...extending(ack), flags: BROADCAST_FLAG }, from),
      await client.ask(informing(a, ack.yiaddr), from),
    ];

    for (const reply of replies)
      expect(reply).toMatchObject({ type: 5, destinationHardware: a, destination: ack.yiaddr });
    expect(guestsAskedFor(client)).toEqual([]);
    expect(neighboursOf(segment().node)).toEqual([]);
  });

  test('RFC 2131 §4.1: who sends from 0.0.0.0 has no address, whatever ciaddr says', async () => {
    const ack = await client.lease(a);
    client.holds.delete(ack.yiaddr);

    const renewed = await client.ask(extending(ack));
    const told = await client.ask(informing(b, '10.15.3.99'));

    expect(renewed).toMatchObject({ type: 5, destinationHardware: a, destination: ack.yiaddr });
    expect(told).toMatchObject({ type: 5, destinationHardware: b, destination: '255.255.255.255' });
    expect(neighboursOf(segment().node)).toEqual([]);
  });

  test('neither rp_filter nor a route that leads elsewhere changes anything', async () => {
    const { node } = segment();
    const ack = await client.lease(a);
    const inEachState = async () => [
      await client.ask(extending(ack), unicastTo(ack, ack.yiaddr)),
      await client.ask(extending(ack), { source: ack.yiaddr }),
      await client.reboot(a, ack.yiaddr),
    ];

    filterReversePaths(node, 1);
    const filtered = await inEachState();
    filterReversePaths(node, 0);
    node.ip(`route add ${ack.yiaddr} dev wan0`);
    const misled = await inEachState();
    node.ip(`route del ${ack.yiaddr}`);

    for (const reply of [...filtered, ...misled])
      expect(reply).toMatchObject({ type: 5, destinationHardware: a, destination: ack.yiaddr });
    expect(uplink.frames).toEqual([]);
  });

  test('RFC 2131 §4.3.5: a DHCPINFORM never makes the node send off the segment', async () => {
    const xids = [
      client.send(informing(a, '198.51.100.7'), { source: '198.51.100.7' }),
      client.send(informing(a, '198.51.100.7'), { source: '10.15.3.99' }),
      client.send(informing(a, '198.51.100.7')),
      client.send(informing(a, '0.0.0.0'), { source: '198.51.100.7' }),
    ];
    for (const xid of xids) expect(await gateway.reasonFor(xid)).toMatch(/^(wrong-network|no-subnet)$/);

    expect(xids.flatMap((xid) => client.heardFor(xid))).toEqual([]);
    expect(uplink.frames).toEqual([]);
  });
});

describeSystem('a wide segment', [], () => {
  const segment = useTestSegment(16);

  test(`${FLOOD} messages of one guest with ever new addresses leave nothing in the node's neighbour table`, async () => {
    const gateway = await segment().gateway({
      GATEWAY_DHCP_SUBNET_MASK: '16',
      GATEWAY_DHCP_LIMIT_MAC_MESSAGES: '0', // Each of them is to be decided.
      LOG_LEVEL: 'debug',
    });
    const client = segment().client();
    const ack = await client.lease(hardwareOf(1));
    client.holds.clear();
    segment().node.ip('neigh flush all');
    let last = 0;
    for (let number = 0; number < FLOOD; number += 1) {
      const address = `10.15.${32 + (number >> 8)}.${1 + (number & 0x7f)}`;
      client.send(discovering(hardwareOf(2), { ciaddr: address }));
      client.send(discovering(hardwareOf(2), { ciaddr: address }), { source: address });
      last = client.send(informing(hardwareOf(3), address), { source: address });
      if (number % 64 === 0) await gateway.reasonFor(last);
    }
    await gateway.reasonFor(last);

    const renewed = await client.ask(extending(ack), unicastTo(ack, ack.yiaddr));

    expect(renewed).toMatchObject({ type: 5, destination: ack.yiaddr });
    expect(neighboursOf(segment().node)).toEqual([]);
    expect(guestsAskedFor(client)).toEqual([]);
  }, 120_000);
});

describeSystem('two segments of one subnet on one node', [], () => {
  const segment = useTestSegment();

  test('a guest of the second is answered there in each state, and hears nothing of the first', async () => {
    const { node } = segment();
    const [first, second] = [await addBridge(segment(), 'bra', 12), await addBridge(segment(), 'brb', 13)];
    const one = segment().client(first);
    const other = segment().client(second);
    const gateways = [gatewayOn(segment(), 'bra', 12), gatewayOn(segment(), 'brb', 13)];
    try {
      await gateways[0]?.untilListening('10.15.3.12');
      await gateways[1]?.untilListening('10.15.3.13');

      for (const [client, listenIp, chaddr] of [
        [one, '10.15.3.12', hardwareOf(50)],
        [other, '10.15.3.13', hardwareOf(51)],
      ] as const) {
        const ack = await client.lease(chaddr);
        client.holds.clear();
        node.ip('neigh flush all');
        const replies = [
          await client.ask(extending(ack), unicastTo(ack, ack.yiaddr)),
          await client.ask(extending(ack), { source: ack.yiaddr }),
          await client.reboot(chaddr, ack.yiaddr),
          await client.ask(informing(chaddr, ack.yiaddr), { source: ack.yiaddr }),
        ];
        for (const reply of [ack, ...replies])
          expect(reply).toMatchObject({ type: 5, source: listenIp, destinationHardware: chaddr });
      }
      expect(one.heard.every(({ chaddr }) => chaddr === hardwareOf(50))).toBe(true);
      expect(other.heard.every(({ chaddr }) => chaddr === hardwareOf(51))).toBe(true);
    } finally {
      for (const gateway of gateways) await gateway.end('SIGKILL');
    }
  });

  /** A bridge of the node with an address of its own, and a machine full of guests on it. */
  async function addBridge({ node }: TestSegment, name: string, place: number) {
    const host = await segment().host(`guests-of-${name}`);
    node.ip(`link add ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
    node.ip(`addr add 10.15.3.${place}/24 dev ${name}`);
    node.ip(`link set ${name} up`);
    node.ip(`link add ${name}p type veth peer name eth0 netns ${host.pid}`);
    node.ip(`link set ${name}p master ${name} up`);
    host.ip('link set eth0 up');
    return host;
  }

  function gatewayOn(on: TestSegment, name: string, place: number): GatewayProcess {
    const settings = {
      GATEWAY_DHCP_LISTEN_IP: `10.15.3.${place}`,
      GATEWAY_DHCP_INTERFACE: name,
      GATEWAY_DHCP_ARP_PROBE: 'off',
      GATEWAY_PEERS: 'off',
    };
    return new GatewayProcess(on.node, { directory: on.folder(), settings });
  }
});

describeSystem('a segment in a VRF', [], () => {
  const segment = useTestSegment();

  test.skipIf(!hasLinkType('vrf'))(
    `a guest is answered in each state${hasLinkType('vrf') ? '' : ' [not here: this kernel has no VRF]'}`,
    async () => {
      const { node } = segment();
      node.ip('link add vrf-vpsnet type vrf table 10');
      node.ip('link set vrf-vpsnet up');
      node.ip('link set eth0 master vrf-vpsnet');
      await segment().gateway();
      const client = segment().client();
      const ack = await client.lease(hardwareOf(1));

      const replies = [
        await client.ask(extending(ack), unicastTo(ack, ack.yiaddr)),
        await client.ask(extending(ack), { source: ack.yiaddr }),
        await client.reboot(hardwareOf(1), ack.yiaddr),
      ];

      for (const reply of replies) expect(reply).toMatchObject({ type: 5, destination: ack.yiaddr });
    },
  );
});
