import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { apiJson, askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { type FollowedEvents, followEvents } from '../support/follow-events.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = '52:54:00:4e:05:';

describeSystem('the events of a gateway that serves', [], () => {
  const segment = useTestSegment();
  const open: FollowedEvents[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });

  const managed = async (settings: Readonly<Record<string, string>> = {}) => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off', ...settings });
    await gateway.untilManaged();
    return gateway;
  };

  /** Follows events until the test is over. Resolves when the stream is open. */
  const follow = async (gateway: GatewayProcess, query = '', lastId?: string) => {
    const followed = await followEvents(gateway, query, lastId);
    open.push(followed);
    return followed;
  };

  test('a guest that gets its lease is an event, and one whose MAC no reservation has is told as such', async () => {
    const gateway = await managed();
    const { seen } = await follow(gateway);

    const { yiaddr } = await segment().client().lease(`${MAC}01`);

    const lease = await eventually('the lease was told', () => seen.find(({ event }) => event === 'lease'));
    expect(lease.data).toMatchObject({ address: yiaddr, mac: `${MAC}01`, reason: 'bound' });
    expect(Date.parse(String(lease.data['at']))).toBeGreaterThan(Date.now() - 60_000);
    expect(seen.map(({ event, data }) => `${event} ${data['reason']}`)).toEqual([
      'decision offered',
      'decision bound',
      'lease bound',
      'unknown_mac bound',
    ]);
    expect(seen.map(({ id }) => id.split('-')[1])).toEqual(['1', '2', '3', '4']);
  });

  test('a guest with a reservation is not unknown, and the reservation is an event', async () => {
    const gateway = await managed();
    const { seen } = await follow(gateway, '?kind=lease,reservation,unknown_mac');

    await apiJson(gateway, '/api/v1/reservations/vps-1', {
      method: 'PUT',
      body: { mac: [`${MAC}02`] },
      status: 201,
    });
    await segment().client().lease(`${MAC}02`);

    await eventually('both were told', () => seen.length >= 2);
    expect(seen.map(({ event }) => event)).toEqual(['reservation', 'lease']);
    expect(seen[0]?.data).toMatchObject({ id: 'vps-1', author: 'local', change: 'put' });
  });

  test('what a reconcile makes and removes are events, and the history has who and why; the guest keeps its lease until it ends', async () => {
    const gateway = await managed();
    const { seen } = await follow(gateway, '?kind=reservation');
    const reconcile = (entries: readonly object[]) =>
      apiJson(gateway, '/api/v1/reservations/reconcile', {
        method: 'POST',
        headers: { 'x-author': 'cli:grace' },
        body: {
          scope: { label: 'node', value: 'pve1' },
          reason: 'a new plan',
          allow_empty: true,
          entries,
        },
      });

    await reconcile([{ id: 'vps-2', mac: [`${MAC}06`], address: '10.15.3.60' }]);
    await segment().client().lease(`${MAC}06`);
    await reconcile([]);

    await eventually('both were told', () => seen.length >= 2);
    expect(seen.map(({ data }) => data)).toMatchObject([
      { id: 'vps-2', address: '10.15.3.60', author: 'cli:grace', change: 'reconcile' },
      { id: 'vps-2', address: '10.15.3.60', author: 'cli:grace', change: 'remove' },
    ]);
    const { items } = await apiJson<{ items: readonly Readonly<Record<string, unknown>>[] }>(
      gateway,
      '/api/v1/history?address=10.15.3.60',
    );
    const who = { author: 'cli:grace', note: 'a new plan' };
    expect(items).toMatchObject([
      { event: 'unreserved', reason: 'reservation-removed', ...who },
      { event: 'bound' },
      { event: 'reserved', reason: 'reserved-by-operator', ...who },
    ]);
    expect(await apiJson(gateway, '/api/v1/leases/10.15.3.60')).toMatchObject({ state: 'bound' });
  });

  test('a client that the rules keep away is told once, with the command that takes it in', async () => {
    const gateway = await managed({ GATEWAY_DHCP_KNOWN_CLIENTS_ONLY: 'on' });
    const { seen } = await follow(gateway, '?kind=unknown_mac');
    const client = segment().client();
    let number = 10;

    // What was there before the first look is no news: another one comes until one is.
    await eventually('it was told', () => {
      number += 1;
      client.send({ chaddr: `${MAC}${number}`, options: [[53, 1]] });
      return seen.length > 0;
    });

    const mac = String(seen[0]?.data['mac']);
    expect(mac).toMatch(new RegExp(`^${MAC}`));
    expect(seen[0]).toMatchObject({
      event: 'unknown_mac',
      data: { reason: 'unknown-client', command: `vps-gateway reservations set ID --mac ${mac}` },
    });
    const macs = seen.map(({ data }) => data['mac']);
    expect(new Set(macs).size).toBe(macs.length);
  });

  test('only what is asked for comes', async () => {
    const gateway = await managed();
    const { seen } = await follow(gateway, `?kind=decision&reason=bound&mac=${MAC}04`);

    await segment().client().lease(`${MAC}03`);
    await segment().client().lease(`${MAC}04`);

    await eventually('it was told', () => seen.length > 0);
    expect(seen).toMatchObject([
      { event: 'decision', data: { mac: `${MAC}04`, type: 'DHCPREQUEST', reason: 'bound' } },
    ]);
    expect((await askApi(gateway, '/api/v1/events?kind=leases')).status).toBe(400);
  });

  test('a reader that was away goes on where it was', async () => {
    const gateway = await managed();
    const first = await follow(gateway, '?kind=lease');
    await segment().client().lease(`${MAC}05`);
    const last = await eventually('the first was told', () => first.seen.at(-1));
    open.splice(0)[0]?.close();
    await segment().client().lease(`${MAC}06`);

    const again = await follow(gateway, '?kind=lease', last.id);
    const other = await follow(gateway, '?kind=lease', '1-0');

    await eventually('the second was told', () => again.seen.length > 0 && other.seen.length > 2);
    expect(again.seen).toMatchObject([{ event: 'lease', data: { mac: `${MAC}06` } }]);
    expect(other.seen[0]).toMatchObject({ event: 'missed', data: { missed: null } });
  });

  test('100 readers have their stream after a thousand requests whose callers have gone, and are told what happens', async () => {
    const gateway = await managed();
    const path = join(gateway.directory, API_SOCKET);
    const ask = 'GET /api/v1/leases?limit=10 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const gone = Array.from({ length: 1000 }, async () => {
      const socket = connect(path).on('error', () => {});
      await once(socket, 'connect');
      socket.write(ask);
      socket.destroy();
    });
    await Promise.all(gone);

    const all = await Promise.all(Array.from({ length: 100 }, () => follow(gateway)));
    const { yiaddr } = await segment().client().lease(`${MAC}07`);

    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    await eventually('all were told', () =>
      all.every(({ seen }) =>
        seen.some(({ data }) => data['address'] === yiaddr && data['reason'] === 'bound'),
      ),
    );
    expect((await askApi(gateway, '/api/v1/leases?limit=10')).status).toBe(200);
  });

  test('128 streams may be open, one more is told to come again, and a closed one makes room', async () => {
    const gateway = await managed();
    const all = await Promise.all(Array.from({ length: 128 }, () => follow(gateway)));

    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await askApi(gateway, '/api/v1/events')).status).toBe(503);
    expect((await askApi(gateway, '/api/v1/info')).status).toBe(200);
    open.splice(0, 1)[0]?.close();
    await eventually('there is room', async () => (await follow(gateway)).status === 200);
  });
});
