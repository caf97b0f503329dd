import { afterEach, expect, test } from 'vitest';
import { apiJson, askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { call, type PlatformClient, platformClient, Tunnel } from '../support/platform-client.ts';
import { PlatformPeer } from '../support/platform-peer.ts';
import { RealGuest } from '../support/real-guest.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

type Json = Readonly<Record<string, unknown>>;

const SECRET = 'the-secret-of-the-platform';
const SETTINGS = {
  GATEWAY_GRPC_PORT: '1537',
  GATEWAY_API_SECRET: SECRET,
  GATEWAY_NODE_NAME: 'pve1',
  GATEWAY_METRICS_PORT: 'off',
};
const GUESSED = '52:54:00:50:00:01';
const TRUE_MAC = '52:54:00:50:00:02';
const NEW_MAC = '52:54:00:50:00:03';
const OTHER = '52:54:00:50:00:04';

describeSystem("the calls of the platform's own protocol", ['udhcpc'], () => {
  const segment = useTestSegment();
  const tunnels: Tunnel[] = [];
  afterEach(() => {
    for (const tunnel of tunnels.splice(0)) tunnel.close();
  });

  const opened = async (settings: Readonly<Record<string, string>> = {}, directory?: string) => {
    const gateway = await segment().gateway({ ...SETTINGS, ...settings }, directory);
    await gateway.until('its port is open', () =>
      gateway.log.some(({ msg }) => msg === "the platform's protocol is served"),
    );
    const tunnel = await Tunnel.open(segment().node, 1537);
    tunnels.push(tunnel);
    return { gateway, tunnel, client: platformClient(tunnel, SECRET) };
  };
  const allocated = async (client: PlatformClient, vpsId: string, more: Json = {}) =>
    String((await call(client, 'AllocateIP', { vpsId, organizationId: 'org-1', ...more }))['ipAddress']);
  const listed = async (client: PlatformClient, wanted: Json = {}) =>
    (await call(client, 'ListIPs', wanted))['allocations'] as readonly Json[];
  const sync = (client: PlatformClient, allocations: readonly Json[]) =>
    call(client, 'SyncAllocations', { allocations });
  const idsAt = async (gateway: GatewayProcess) =>
    (await apiJson<{ items: readonly Json[] }>(gateway, '/api/v1/reservations')).items.map(({ id }) => id);

  test('the life of a VPS: its address is pinned before it exists, and stays with it until it is deleted', async () => {
    const { client, gateway } = await opened();

    const made = await call(client, 'AllocateIP', {
      vpsId: 'vps-1',
      organizationId: 'org-1',
      macAddress: GUESSED.toUpperCase(),
    });
    const address = String(made['ipAddress']);
    const again = await allocated(client, 'vps-1', { macAddress: TRUE_MAC, preferredIp: '10.15.3.77' });
    const booted = await segment().client().lease(TRUE_MAC);
    const listedThen = await listed(client, { organizationId: 'org-1', vpsId: 'vps-1' });

    expect(made).toMatchObject({
      subnetMask: '255.255.255.0',
      gateway: '10.15.3.1',
      dnsServers: ['1.1.1.1', '1.0.0.1'],
      leaseExpires: { seconds: expect.any(BigInt) },
    });
    expect(again).toBe(address);
    expect(booted.yiaddr).toBe(address);
    expect(listedThen).toMatchObject([
      { vpsId: 'vps-1', organizationId: 'org-1', ipAddress: address, macAddress: TRUE_MAC, isPublic: false },
    ]);

    // Reinstalled: another card, and nobody releases the address. The old system is gone, and answers no ARP.
    await allocated(client, 'vps-1', { macAddress: NEW_MAC });
    const reinstalled = await segment().client().lease(NEW_MAC);
    const desired = { vpsId: 'vps-1', organizationId: 'org-1', ipAddress: address, macAddress: GUESSED };
    const kept = await sync(client, [desired]);
    const afterSync = await segment().client().reboot(NEW_MAC, address);
    const deleted = await sync(client, []);

    expect(reinstalled.yiaddr).toBe(address);
    expect(kept).toMatchObject({ success: true, added: 0, removed: 0 });
    expect(afterSync.type).toBe(5);
    expect(deleted).toMatchObject({ success: true, added: 0, removed: 1, discoveredAllocations: [] });
    expect(await listed(client)).toEqual([]);
    expect(await allocated(client, 'vps-1', { macAddress: NEW_MAC })).toBe(address);
    expect(
      (await apiJson<{ items: readonly Json[] }>(gateway, '/api/v1/history?author=platform')).items.length,
    ).toBeGreaterThan(2);
  });

  test('a real client boots with the address of its VPS, and the platform lists its lease', async () => {
    const { client } = await opened();
    const folder = segment().folder();
    const guest = await RealGuest.plug(segment().segment, 'vps-9', folder);
    const address = await allocated(client, 'vps-9', {
      macAddress: guest.hardware,
      preferredIp: '10.15.3.99',
    });

    await guest.boot('udhcpc');
    const held = await guest.untilLeased();
    const { leases } = (await call(client, 'GetLeases')) as { leases: readonly Json[] };
    const ofOrganization = await call(client, 'GetOrgLeases', { organizationId: 'org-1' });

    expect(address).toBe('10.15.3.99');
    expect(held.address).toBe('10.15.3.99/24');
    expect(leases).toMatchObject([{ ipAddress: address, macAddress: guest.hardware }]);
    expect(ofOrganization).toMatchObject({
      leases: [{ vpsId: 'vps-9', organizationId: 'org-1', ipAddress: address }],
    });
    expect(await call(client, 'GetOrgLeases', { organizationId: 'org-2' })).toMatchObject({ leases: [] });
    await guest.powerOff();
  });

  test('a released address is free for its lease too, and is kept for its VPS', async () => {
    const { client, gateway } = await opened();
    const address = await allocated(client, 'vps-1', { macAddress: TRUE_MAC });
    await segment().client().lease(TRUE_MAC);

    await expect(call(client, 'ReleaseIP', { vpsId: 'vps-1', ipAddress: '10.15.3.99' })).rejects.toThrow(
      `[failed_precondition] vps-1 does not have 10.15.3.99: it has ${address}`,
    );
    expect(await call(client, 'ReleaseIP', { vpsId: 'vps-1' })).toMatchObject({ success: true });
    expect(await apiJson(gateway, `/api/v1/leases/${address}`)).toMatchObject({ state: 'free' });
    await expect(call(client, 'ReleaseIP', { vpsId: 'vps-1' })).rejects.toThrow('[not_found]');
    expect(await allocated(client, 'vps-2')).not.toBe(address);
    expect(await allocated(client, 'vps-1')).toBe(address);
  });

  test('static leases are added and removed; of public addresses only those of the segment', async () => {
    const { client } = await opened();
    const own = await allocated(client, 'vps-1', { macAddress: TRUE_MAC });
    const more = { vpsId: 'vps-1', organizationId: 'org-1', macAddress: NEW_MAC, isPublic: true };

    const added = await call(client, 'AddStaticDHCPLease', { ...more, ipAddress: '10.15.3.200' });
    const booted = await segment().client().lease(NEW_MAC);
    const both = await listed(client, { vpsId: 'vps-1' });
    await expect(
      call(client, 'AddStaticDHCPLease', { ...more, macAddress: TRUE_MAC, ipAddress: '10.15.3.201' }),
    ).rejects.toThrow('[already_exists]');
    await expect(call(client, 'AddStaticDHCPLease', { ...more, ipAddress: '203.0.113.5' })).rejects.toThrow(
      '[failed_precondition] 203.0.113.5 is outside the segment 10.15.3.0/24',
    );
    const synced = await sync(client, [
      { vpsId: 'vps-1', organizationId: 'org-1', ipAddress: own, macAddress: TRUE_MAC },
      { ...more, ipAddress: '10.15.3.200' },
      { ...more, ipAddress: '203.0.113.5' },
    ]);
    const removed = await call(client, 'RemoveStaticDHCPLease', { ...more, ipAddress: '10.15.3.200' });

    expect(added).toMatchObject({ success: true });
    expect(booted.yiaddr).toBe('10.15.3.200');
    expect(both.map(({ ipAddress, isPublic }) => [ipAddress, isPublic]).sort()).toEqual(
      [
        [own, false],
        ['10.15.3.200', true],
      ].sort(),
    );
    expect(synced).toMatchObject({ added: 0, removed: 0, message: expect.stringContaining('notServed 1') });
    expect(removed).toMatchObject({ success: true });
    expect(await listed(client)).toMatchObject([{ ipAddress: own }]);
    await expect(
      call(client, 'RemoveStaticDHCPLease', { ...more, ipAddress: '10.15.3.200' }),
    ).rejects.toThrow('[not_found]');
  });

  test('a list removes nothing that an operator or another node has, and what operators add stays', async () => {
    const directory = segment().folder();
    const { client, gateway } = await opened({}, directory);
    const put = (id: string, body: object) =>
      askApi(gateway, `/api/v1/reservations/${id}`, { method: 'PUT', body });
    await put('operators', { labels: { node: 'pve1' } });
    await put('elsewhere', { labels: { node: 'pve2' } });
    await put('named', { address: '10.15.3.90', note: 'an old customer' });
    await allocated(client, 'vps-1');
    await askApi(gateway, '/api/v1/reservations/vps-1', { method: 'PATCH', body: { hostname: 'web' } });

    const first = await sync(client, [
      { vpsId: 'vps-1', organizationId: 'org-1' },
      { vpsId: 'vps-2', organizationId: 'org-1', ipAddress: '10.15.3.60', macAddress: OTHER },
      { vpsId: 'named', ipAddress: '10.15.3.91' },
    ]);
    const named = await apiJson<Json>(gateway, '/api/v1/reservations/named');
    const patched = await apiJson<Json>(gateway, '/api/v1/reservations/vps-1');
    const second = await sync(client, []);

    expect(first).toMatchObject({ added: 1, removed: 0 });
    expect(named).toMatchObject({ address: '10.15.3.90', source: 'api', note: 'an old customer' });
    expect(patched).toMatchObject({ hostname: 'web', source: 'platform', labels: { node: 'pve1' } });
    expect(second).toMatchObject({ removed: 2 });
    expect(await idsAt(gateway)).toEqual(['elsewhere', 'named', 'operators']);
    await expect(call(client, 'ReleaseIP', { vpsId: 'named' })).rejects.toThrow(
      '[failed_precondition] named is kept by an operator: remove it there',
    );
  });

  test('one bad entry of a list is named, loses nothing that is there, and the rest stand', async () => {
    const { client, gateway } = await opened();
    const address = await allocated(client, 'vps-1');
    await allocated(client, 'holder', { preferredIp: '10.15.3.52' });

    const result = await sync(client, [
      { vpsId: 'vps-1', macAddress: 'zz' },
      { vpsId: 'holder' },
      { vpsId: 'vps-3', ipAddress: '10.15.3.52' },
      { vpsId: 'vps-4', ipAddress: '10.15.3.1' },
      { vpsId: '' },
      { vpsId: 'good' },
      { vpsId: 'good' },
    ]);

    expect(result).toMatchObject({ success: true, added: 1, removed: 0 });
    for (const words of [
      'vps-1: mac_address is not the MAC of a card',
      'allocations[4]: vps_id is missing',
      'good: the list has it twice',
      'vps-3: address belongs to the reservation holder',
      'refused 5',
    ])
      expect(result['message']).toContain(words);
    expect(await idsAt(gateway)).toEqual(['good', 'holder', 'vps-1']);
    expect(await allocated(client, 'vps-1')).toBe(address);
  });

  test('a wish for an address that a guest uses takes nothing from that guest', async () => {
    const { client } = await opened();
    const guests = await segment().client().lease(OTHER);

    const address = await allocated(client, 'vps-1', { preferredIp: guests.yiaddr });

    expect(address).not.toBe(guests.yiaddr);
    expect((await segment().client().reboot(OTHER, guests.yiaddr)).type).toBe(5);
  });

  test('what cannot be read is an invalid argument, in words that name the field', async () => {
    const { client } = await opened();
    const wrong: readonly (readonly [string, Json, string])[] = [
      ['AllocateIP', {}, 'vps_id is missing'],
      ['AllocateIP', { vpsId: 'x'.repeat(65) }, 'vps_id is no id'],
      ['AllocateIP', { vpsId: '..' }, 'vps_id is no id'],
      ['AllocateIP', { vpsId: 'a', macAddress: 'x' }, 'mac_address is not the MAC of a card'],
      ['AllocateIP', { vpsId: 'a', macAddress: 'ff:ff:ff:ff:ff:ff' }, 'mac_address is not the MAC of a card'],
      ['AllocateIP', { vpsId: 'a', preferredIp: '10.15.3' }, 'preferred_ip is not an address'],
      ['AllocateIP', { vpsId: 'a', organizationId: 'x\n' }, 'organization_id is no id'],
      ['GetOrgLeases', {}, 'organization_id is missing'],
      [
        'AddStaticDHCPLease',
        { vpsId: 'a', ipAddress: '10.15.3.40' },
        'mac_address and ip_address are both wanted',
      ],
      ['RemoveStaticDHCPLease', { vpsId: 'a' }, 'mac_address or ip_address is wanted'],
    ];

    for (const [method, request, words] of wrong)
      await expect(call(client, method, request)).rejects.toThrow(`[invalid_argument] ${words}`);
  });

  test('what is no work of a DHCP server is unimplemented, and all calls are counted', async () => {
    const { client, gateway } = await opened();

    await expect(call(client, 'AllocatePublicIP')).rejects.toThrow('[unimplemented]');
    await expect(call(client, 'ReleasePublicIP')).rejects.toThrow('[unimplemented]');
    const proxy = client['proxySSH'] as unknown as (messages: AsyncIterable<object>) => AsyncIterable<object>;
    await expect(async () => {
      for await (const _ of proxy((async function* () {})()));
    }).rejects.toThrow('[unimplemented]');
    await allocated(client, 'vps-1');
    const { text } = await askApi(gateway, '/metrics');

    for (const [method, code] of [
      ['AllocatePublicIP', 'unimplemented'],
      ['ProxySSH', 'unimplemented'],
      ['AllocateIP', 'ok'],
    ])
      expect(text).toMatch(
        new RegExp(`^vps_gateway_platform_calls_total\\{[^}]*method="${method}",code="${code}"\\} 1$`, 'm'),
      );
  });

  test('messages may be JSON too', async () => {
    const { tunnel } = await opened();
    const client = platformClient(tunnel, SECRET, false);

    expect(await allocated(client, 'vps-1', { macAddress: TRUE_MAC })).toBe('10.15.3.20');
    expect(await listed(client)).toMatchObject([{ vpsId: 'vps-1', macAddress: TRUE_MAC }]);
    await expect(call(client, 'AllocateIP')).rejects.toThrow('[invalid_argument] vps_id is missing');
  });

  test('on its stream the platform registers, synchronizes, calls, and is asked for metrics', async () => {
    const { client, gateway } = await opened();
    const peer = await PlatformPeer.register(client, 'node1');

    const registered = await peer.first('registered');
    const synced = await peer.sync([{ vpsId: 'vps-1', organizationId: 'org-1', macAddress: TRUE_MAC }]);
    const listedThere = await peer.request('ListIPs');
    const wrong = await peer.request('AllocateIP', { vpsId: '' });
    const unknown = await peer.request('ProxySSH');
    peer.send({ type: 'metrics' });
    peer.send({ type: 'something-new' });
    const metrics = await peer.first('metrics');
    peer.close();
    await gateway.until('the platform had gone', () =>
      gateway.log.some(({ msg, name }) => msg === 'the platform has gone' && name === 'node1'),
    );

    expect(registered).toMatchObject({ registration: { gatewayId: 'pve1', dhcpPoolStart: '10.15.3.20' } });
    expect(synced).toMatchObject({ success: true, added: 1, removed: 0 });
    expect(listedThere).toMatchObject({ allocations: [{ vpsId: 'vps-1', macAddress: TRUE_MAC }] });
    expect(wrong).toContain('invalid_argument: vps_id is missing');
    expect(unknown).toContain('unimplemented: ');
    expect(metrics['metrics']).toContain('vps_gateway_dhcp_pool_size');
    expect([peer.hasEnded, peer.error]).toEqual([true, undefined]);
  });

  test("a guest's card is learnt from the platform when it asks for a lease, and the guest keeps its address", async () => {
    const { client } = await opened();
    const pinned = await allocated(client, 'vps-1', { macAddress: GUESSED });
    const peer = await PlatformPeer.register(client);
    peer.vpsOf.set(TRUE_MAC, { vpsId: 'vps-1', organizationId: 'org-1' });

    const booted = await segment().client().lease(TRUE_MAC);
    const found = await eventually('the card was learnt', async () =>
      (await listed(client)).find(({ macAddress }) => macAddress === TRUE_MAC),
    );
    const rebooted = await segment().client().reboot(TRUE_MAC, booted.yiaddr);
    const synced = await peer.sync([{ vpsId: 'vps-1', ipAddress: pinned, macAddress: GUESSED }]);

    expect(booted.yiaddr).not.toBe(pinned);
    expect(found).toMatchObject({ vpsId: 'vps-1', ipAddress: booted.yiaddr });
    expect(rebooted.type).toBe(5);
    expect(synced).toMatchObject({ added: 0, removed: 0 });
    expect(await listed(client)).toMatchObject([{ vpsId: 'vps-1', ipAddress: booted.yiaddr }]);
  });

  test('a running guest that the platform knows and its list does not have is kept, and told as discovered', async () => {
    const { client } = await opened();
    const old = await segment().client().lease(TRUE_MAC);
    await segment().client().lease(OTHER);
    const peer = await PlatformPeer.register(client);
    peer.vpsOf.set(TRUE_MAC, { vpsId: 'vps-7', organizationId: 'org-7' });

    const first = await peer.sync([]);
    const second = await peer.sync([]);
    peer.vpsOf.clear();
    const deleted = await peer.sync([]);

    const discovered = [
      { vpsId: 'vps-7', organizationId: 'org-7', ipAddress: old.yiaddr, macAddress: TRUE_MAC },
    ];
    expect(first).toMatchObject({ removed: 0, discoveredAllocations: discovered });
    expect(second).toMatchObject({ added: 0, removed: 0, discoveredAllocations: discovered });
    expect(deleted).toMatchObject({ removed: 1, discoveredAllocations: [] });
  });

  test('a further card of a VPS whose first one is alive takes nothing from it', async () => {
    const { client } = await opened();
    const address = await allocated(client, 'vps-1', { macAddress: TRUE_MAC });
    const guests = segment().client();
    await guests.lease(TRUE_MAC);
    const peer = await PlatformPeer.register(client);
    peer.vpsOf.set(NEW_MAC, { vpsId: 'vps-1', organizationId: 'org-1' });

    const second = await guests.lease(NEW_MAC);
    await peer.first('request');
    const synced = await peer.sync([{ vpsId: 'vps-1' }]);

    expect(second.yiaddr).not.toBe(address);
    expect(synced).toMatchObject({ added: 0, removed: 0 });
    expect(await listed(client)).toMatchObject([{ ipAddress: address, macAddress: TRUE_MAC }]);
  });
});
