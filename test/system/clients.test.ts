import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CLIENT_NAMES,
  findProgram,
  GuestClient,
  type GuestEvent,
  isLease,
} from '../../src/cli/lab/guest-client.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { GatewayProcess as Gateway } from '../support/gateway-process.ts';
import { stateOf } from '../support/lease-state.ts';
import { describeSystem, TestSegment } from '../support/system.ts';

const TIMEOUT = 40_000;

describeSystem('real clients', ['dhclient', 'udhcpc', 'dhcpcd', 'sqlite3', 'ss'], () => {
  let segment: TestSegment;
  let gateway: GatewayProcess;
  let folder: string;
  const clients = new Map<string, GuestClient>();

  beforeAll(async () => {
    segment = await TestSegment.open();
    folder = segment.folder();
    const settings = {
      GATEWAY_DHCP_ARP_PROBE: '300ms',
      GATEWAY_DHCP_LEASE_TIME: '12s',
      GATEWAY_DHCP_MTU: '1450',
      GATEWAY_DHCP_DNS: '9.9.9.9,1.1.1.1',
      GATEWAY_DHCP_DOMAIN: 'guests.example',
    };
    gateway = await segment.gateway(settings, folder);
    for (const name of CLIENT_NAMES) {
      const host = await segment.segment.attach(name);
      const client = new GuestClient(name, findProgram(name) ?? name, host, join(segment.folder(), name));
      clients.set(name, client);
      client.start();
    }
  }, TIMEOUT);

  afterAll(async () => {
    await segment.endAll();
    await segment.close();
  });

  function clientOf(name: string): GuestClient {
    const client = clients.get(name);
    if (client === undefined) throw new Error(`${name} was not started`);
    return client;
  }

  async function leasesOf(client: GuestClient, count: number): Promise<readonly GuestEvent[]> {
    await gateway.until(`${client.name} was leased ${count} times`, () => leases(client).length >= count);
    return leases(client);
  }

  test.each(CLIENT_NAMES)(
    'RFC 2131 §3.1, §4.3.4: %s gets a lease, renews it and gives it back',
    async (name) => {
      const client = clientOf(name);

      const [first] = await leasesOf(client, 1);
      expect(first).toMatchObject({
        address: expect.stringMatching(/^10\.15\.3\.(2\d|[3-9]\d|1\d\d|2[0-4]\d|25[0-4])$/),
        mask: '255.255.255.0',
        router: '10.15.3.1',
        dns: '9.9.9.9 1.1.1.1',
        domain: 'guests.example',
        mtu: '1450',
        leaseSeconds: '12',
        server: '10.15.3.10',
      });
      expect(stateOf(folder, first?.address)).toBe('bound');

      if (name === 'udhcpc') client.signal('SIGUSR1');
      const [, second] = await leasesOf(client, 2);
      expect(second?.address).toBe(first?.address);
      expect(second?.event).toMatch(/^renew$/i);

      client.release();
      await gateway.until(`the lease of ${name} was free`, () => stateOf(folder, first?.address) === 'free');
    },
    TIMEOUT,
  );

  test('the gateway listens on the address of its node and on nothing wider', () => {
    const sockets = segment.node.run('ss', '-Hulpn', 'sport = :67').trim().split('\n');

    const locals = sockets.map((line) => line.trim().split(/\s+/)[3]);
    expect(locals).toContain('10.15.3.10:67');
    expect(locals.filter((local) => local?.startsWith('0.0.0.0') || local?.startsWith('*'))).toEqual([]);
    expect(sockets.every((line) => line.includes(`pid=${gateway.pid},`))).toBe(true);
  });

  test(
    'a second gateway starts on another node of the segment, on its own address',
    async () => {
      const node = await segment.segment.attach('node-2', { address: '10.15.3.11/24' });
      const second = await Gateway.start(node, { directory: segment.folder() }, '10.15.3.11');

      const listening = node.run('ss', '-Hulpn', 'sport = :67');

      expect(listening).toContain('10.15.3.11:67');
      expect(listening).not.toContain('10.15.3.10:67');
      expect(gateway.isListening('10.15.3.10')).toBe(true);
      expect(await second.end()).toBe(0);
    },
    TIMEOUT,
  );
});

function leases(client: GuestClient): readonly GuestEvent[] {
  return client.events().filter(isLease);
}
