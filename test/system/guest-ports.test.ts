import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { floodOf } from '../support/flood-of.ts';
import { udpFrame } from '../support/frames.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { Software } from '../support/lease-client.ts';
import { messageType, type PacketOption, packet } from '../support/packet.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { RawClient, selecting } from '../support/raw-client.ts';
import { RealGuest } from '../support/real-guest.ts';
import { run } from '../support/run.ts';
import { describeNodes, TunnelledNodes } from '../support/tunnelled-nodes.ts';

interface Listed {
  readonly mac: string;
  readonly port: string | null;
  readonly vps_id: string | null;
}

describeNodes('a bridge with ports of guests and a VXLAN', ['dhclient', 'udhcpc', 'dhcpcd'], () => {
  let nodes: TunnelledNodes;
  let folder: string;
  let gateway: GatewayProcess;
  const clients: RawClient[] = [];
  const newFolder = () => mkdtempSync(join(folder, 'd-'));

  beforeAll(async () => {
    builtProgram();
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-ports-'));
    nodes = await TunnelledNodes.open(10, 11);
    gateway = await nodes.node(0).gateway(newFolder(), { GATEWAY_DHCP_LEASE_TIME: '8s' });
  });
  afterAll(async () => {
    for (const each of clients) each.close();
    await gateway?.end('SIGKILL');
    await nodes?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function boot(node: number, port: string, software: Software): Promise<RealGuest> {
    const guest = await RealGuest.plug(nodes.node(node).at(port), `${software} at ${port}`, newFolder());
    await guest.boot(software);
    await guest.untilLeased();
    return guest;
  }

  /** A machine full of raw clients at this port of the gateway's node. */
  async function client(port: string): Promise<RawClient> {
    const opened = new RawClient(await nodes.node(0).plug(port), DEVICE);
    clients.push(opened);
    return opened;
  }

  async function lease(guest: RawClient, chaddr: string, option: PacketOption): Promise<void> {
    const offer = await guest.discover(chaddr, option);
    const { options = [], ...fields } = selecting(offer);
    await guest.ask({ ...fields, options: [...options, option] });
  }

  async function leases(...words: readonly string[]): Promise<string> {
    const command = [process.execPath, builtProgram(), 'leases', ...words];
    const { output } = await run(undefined, command, gatewayEnvironment(gateway.directory));
    return output;
  }

  test('each lease says which VM or container it is, and nothing of a guest behind the VXLAN', async () => {
    const guests = [
      await boot(0, 'tap104i0', 'dhclient'),
      await boot(0, 'veth105i0', 'udhcpc'),
      await boot(0, 'fwpr106p0', 'dhcpcd'),
      await boot(1, 'tap204i0', 'udhcpc'),
    ];

    const rows: readonly Listed[] = JSON.parse(await leases('--json'));
    const shown = guests.map(({ hardware }) => rows.find(({ mac }) => mac === hardware));

    expect(shown).toMatchObject([
      { port: 'tap104i0', vps_id: '104' },
      { port: 'veth105i0', vps_id: '105' },
      { port: 'fwpr106p0', vps_id: '106' },
      { port: null, vps_id: null },
    ]);
    const table = await leases();
    expect(table).toMatch(/VPS/);
    expect(table).toMatch(/PORT/);
    expect(table).toMatch(/ 104 .* tap104i0$/m);
    const history: readonly Listed[] = JSON.parse(
      await leases('history', guests[0]?.hardware ?? '', '--json'),
    );
    expect(history).toMatchObject([{ event: 'bound', port: 'tap104i0', vps_id: '104' }]);
  });

  test('two machines with one client identifier, and another DHCP server, are named with their ports', async () => {
    const [one, other] = [client('tap110i0'), client('tap111i0')];
    const identifier: PacketOption = [61, 255, 0, 0, 0, 1, 0, 4, 9];
    await lease(await one, '52:54:00:00:01:10', identifier);
    await lease(await other, '52:54:00:00:01:11', identifier);
    (await client('tap166i0')).sendFrame(
      udpFrame({
        ...{ sourceHardware: '52:54:00:00:01:66', destinationHardware: 'ff:ff:ff:ff:ff:ff' },
        ...{ source: '10.15.3.66', destination: '255.255.255.255', sourcePort: 67, destinationPort: 68 },
        payload: packet({
          ...{ op: 2, chaddr: '52:54:00:00:01:67', yiaddr: '10.15.3.99' },
          options: [messageType('DHCPOFFER'), [54, 10, 15, 3, 66]],
        }),
      }),
    );

    const warning = (what: RegExp) =>
      gateway.log.find(({ level, msg }) => level === 'warn' && what.test(String(msg)));
    await gateway.until(
      'both were said',
      () => warning(/same client/) !== undefined && warning(/another DHCP/) !== undefined,
    );
    expect(warning(/same client/)).toMatchObject({ port: 'VM 111, tap111i0', otherPort: 'VM 110, tap110i0' });
    expect(warning(/another DHCP/)).toMatchObject({
      hardware: '52:54:00:00:01:66',
      port: 'VM 166, tap166i0',
    });
  });

  test('beside a flood from one port, each frame from another MAC, guests at other ports have a lease within five seconds', async () => {
    const attacker = await client('tap666i0');
    const guests = await Promise.all(
      Array.from({ length: 20 }, (_, number) => client(`tap${120 + number}i0`)),
    );
    const host = await client('tap140i0');
    const known = await host.lease('52:54:00:00:02:00');
    const flood = floodOf(attacker, 2000);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1500));

      const begun = Date.now();
      const leases = await Promise.all(
        guests.map((guest, number) =>
          bootUntilLeased(guest, `52:54:00:00:03:${number.toString(16).padStart(2, '0')}`, 30_000),
        ),
      );
      const took = Date.now() - begun;
      const renewed = await rebind(host, known);

      expect(new Set(leases.map(({ yiaddr }) => yiaddr)).size).toBe(20);
      expect(renewed.yiaddr).toBe(known.yiaddr);
      expect(took).toBeLessThan(5000);
    } finally {
      expect(flood()).toBeGreaterThan(2000);
    }
    await gateway.end();
    const dropped = gateway.log.filter(({ msg }) => msg === 'datagrams dropped').at(-1);
    expect(dropped?.['causes']).toMatchObject({ 'port-messages': expect.any(Number) });
    expect(dropped?.['port']).toBe('VM 666, tap666i0');
  });
});
