import { beforeAll, expect, test } from 'vitest';
import type { CounterValues } from '../../src/reporting/read-counters.ts';
import { builtProgram, type GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { ip, messageType, type PacketFields } from '../support/packet.ts';
import type { Envelope, RawClient } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';
import { addUplink, type Uplink } from '../support/uplink.ts';

const RELAY = '192.0.2.2';
const A = hardwareOf(1);

/** A DHCPDISCOVER that a relay passes on, which says by link selection (RFC 3527) for which network it is. */
function relayed(giaddr: string): PacketFields {
  const link = [82, 5, 4, ...ip('10.15.3.0')] as const;
  return { chaddr: A, giaddr, hops: 1, options: [messageType('DHCPDISCOVER'), link] };
}

describeSystem('relay agents', [], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let uplink: Uplink;
  /** On the segment. */
  let guest: RawClient;
  /** Behind the uplink. */
  let outsider: RawClient;
  let bySegment: Envelope;
  let byUplink: Envelope;

  beforeAll(async () => {
    uplink = await addUplink(segment());
    const settings = { GATEWAY_DHCP_RELAYS: `${RELAY}, 192.0.2.32/28` };
    gateway = await segment().gateway(settings);
    guest = segment().client();
    outsider = segment().client(uplink.host, 'eth0');
    const hardware = (device: string) => segment().node.run('cat', `/sys/class/net/${device}/address`).trim();
    const unicast = { destination: '10.15.3.10', sourcePort: 67 };
    bySegment = { ...unicast, source: '10.15.3.66', destinationHardware: hardware('eth0') };
    byUplink = { ...unicast, source: RELAY, destinationHardware: hardware('wan0') };
    for (const address of [RELAY, '192.0.2.40']) outsider.holds.set(address, '52:54:00:aa:00:55');
  });

  async function drops(): Promise<CounterValues['drops']> {
    const health = [builtProgram(), 'health', '--leases-dir', gateway.directory, '--json'];
    const { output } = await run(segment().node, [process.execPath, ...health]);
    return JSON.parse(output).counters.drops;
  }

  /** A guest's exchange: whatever was sent before it has been dealt with. */
  async function allIsDealtWith(): Promise<HeardReply> {
    return guest.discover(hardwareOf(900));
  }

  test.each([RELAY, '192.0.2.40'])(
    'a listed relay is answered by whatever interface it comes: %s',
    async (relay) => {
      const offer = await outsider.ask(relayed(relay), { ...byUplink, source: relay });

      expect(offer).toMatchObject({ type: 2, destination: relay, destinationPort: 67, giaddr: relay });
      expect(offer.yiaddr).toMatch(/^10\.15\.3\./);
    },
  );

  test('a relay that is not listed gets nothing, by whatever way, and the log names it with the setting, once', async () => {
    const before = uplink.frames.length;
    guest.send(relayed('192.0.2.3'));
    guest.send(relayed('192.0.2.3'), bySegment);
    outsider.send(relayed('192.0.2.3'), { ...byUplink, source: '192.0.2.3' });
    await allIsDealtWith();
    await gateway.until('all three were dropped', () =>
      gateway.log.some(({ relay }) => relay === '192.0.2.3'),
    );

    expect([...guest.heard, ...outsider.heard].filter(({ giaddr }) => giaddr === '192.0.2.3')).toEqual([]);
    expect(uplink.frames.length).toBe(before);
    expect(await drops()).toMatchObject({ 'relay-not-listed': 3 });
    const lines = gateway.log.filter(({ relay }) => relay === '192.0.2.3');
    expect(lines).toMatchObject([{ level: 'warn', reason: 'relay-not-listed', source: expect.any(String) }]);
    expect(JSON.stringify(lines)).toContain('GATEWAY_DHCP_RELAYS');
  });

  test('a giaddr that no relay can have makes the node send nothing anywhere', async () => {
    const before = uplink.frames.length;
    const hostile = ['0.0.0.9', '127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'];
    hostile.push('10.15.3.0', '10.15.3.255', '10.15.3.10');
    const xids = hostile.flatMap((giaddr) => [
      guest.send(relayed(giaddr)),
      guest.send(relayed(giaddr), bySegment),
    ]);
    await allIsDealtWith();

    expect(xids.flatMap((xid) => guest.heardFor(xid))).toEqual([]);
    expect(uplink.frames.length).toBe(before);
    expect(await drops()).toMatchObject({ 'bad-giaddr': 16 });
  });

  test('what comes by another interface without giaddr is not heard at all, also at the listen IP', async () => {
    const before = uplink.frames.length;
    const types = ['DHCPDISCOVER', 'DHCPREQUEST', 'DHCPINFORM', 'DHCPRELEASE'] as const;
    const xids = types.flatMap((type) => {
      const options = [messageType(type), [50, ...ip('10.15.3.70')] as const];
      const fields = { chaddr: hardwareOf(70), options };
      const from = { ...byUplink, source: '10.15.3.70', sourcePort: 68 };
      return [outsider.send(fields, from), outsider.send({ ...fields, ciaddr: '10.15.3.70' }, from)];
    });
    await allIsDealtWith();
    const relay = await outsider.ask(relayed(RELAY), byUplink); // On the same socket, and behind them.

    expect(relay.type).toBe(2);
    expect(xids.flatMap((xid) => outsider.heardFor(xid))).toEqual([]);
    expect(gateway.log.filter(({ hardware }) => hardware === hardwareOf(70))).toEqual([]);
    expect(uplink.frames.slice(before).filter((frame) => frame.startsWith('ffffffffffff'))).toEqual([]);
  });
});
