import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { Software } from '../support/lease-client.ts';
import { RealGuest } from '../support/real-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';
import { TunnelledNodes } from '../support/tunnelled-nodes.ts';

interface Listed {
  readonly mac: string;
  readonly port: string | null;
  readonly vps_id: string | null;
}

const TITLE = 'a bridge with ports of guests and a VXLAN';

describeSystem(TITLE, ['dhclient', 'udhcpc', 'dhcpcd'], () => {
  let nodes: TunnelledNodes;
  let folder: string;
  let gateway: GatewayProcess;
  const newFolder = () => mkdtempSync(join(folder, 'd-'));

  beforeAll(async () => {
    builtProgram();
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-ports-'));
    nodes = await TunnelledNodes.open(10, 11);
    gateway = await nodes.node(0).gateway(newFolder(), { GATEWAY_DHCP_LEASE_TIME: '8s' });
  });
  afterAll(async () => {
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
});
