import { expect, test } from 'vitest';
import { apiJson, askApi } from '../support/api.ts';
import { messageType } from '../support/packet.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = '52:54:00:4e:03:01';
const SECRET = 'correct-horse-battery';

interface Events {
  readonly items: readonly Record<string, unknown>[];
}

describeSystem('an order by the management API', ['curl'], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}) => {
    segment().node.ip('link set lo up');
    const gateway = await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms', ...settings });
    await gateway.untilManaged();
    return gateway;
  };
  const order = { method: 'POST' } as const;

  test('releases a lease at once, and the history says who did it and why', async () => {
    const gateway = await managed();
    const client = segment().client();
    const { yiaddr } = await client.lease(MAC);
    client.holds.delete(yiaddr);

    const body = { reason: 'moved to another rack' };
    const released = await apiJson(gateway, `/api/v1/leases/${yiaddr}/release`, { ...order, body });
    const { items } = await apiJson<Events>(gateway, '/api/v1/history?author=local');

    expect(released).toEqual({
      address: yiaddr,
      reason: 'released-by-operator',
      author: 'local',
      scope: 'this-gateway',
      answered_by: null,
      rests_seconds: null,
    });
    expect(items).toMatchObject([
      { address: yiaddr, event: 'freed', reason: 'released-by-operator', author: 'local', note: body.reason },
    ]);
    expect(await apiJson(gateway, `/api/v1/leases/${yiaddr}`)).toMatchObject({ state: 'free' });
    expect((await askApi(gateway, `/api/v1/leases/${yiaddr}/release`, order)).status).toBe(404);
  });

  test('keeps the lease of a guest that answers by ARP, unless it is forced; then the address rests', async () => {
    const gateway = await managed();
    const { yiaddr } = await segment().client().lease(MAC);
    const path = `/api/v1/leases/${yiaddr}/release`;

    const kept = await apiJson(gateway, path, { ...order, status: 409 });
    const bound = await apiJson(gateway, `/api/v1/leases/${yiaddr}`);
    const forced = await apiJson(gateway, path, { ...order, body: { force: true } });

    expect(kept).toMatchObject({ type: 'urn:vps-gateway:problem:guest-is-alive', mac: MAC });
    expect(bound).toMatchObject({ state: 'bound' });
    expect(forced).toMatchObject({ answered_by: MAC, rests_seconds: 600 });
    expect(await apiJson(gateway, `/api/v1/leases/${yiaddr}`)).toMatchObject({ state: 'declined' });
  });

  test('takes an address out of use, which no guest gets then, and puts it back', async () => {
    const gateway = await managed({
      GATEWAY_DHCP_POOL_START: '10.15.3.20',
      GATEWAY_DHCP_POOL_END: '10.15.3.20',
    });
    const path = '/api/v1/addresses/10.15.3.20';

    expect(await apiJson(gateway, `${path}/quarantine`, { ...order, body: { seconds: 3600 } })).toMatchObject(
      {
        reason: 'quarantined-by-operator',
      },
    );
    await expect(
      segment()
        .client()
        .ask({ chaddr: MAC, options: [messageType('DHCPDISCOVER')] }),
    ).rejects.toThrow('no answer');
    expect(await apiJson(gateway, `${path}/restore`, order)).toMatchObject({
      reason: 'restored-by-operator',
    });
    expect((await askApi(gateway, `${path}/restore`, order)).status).toBe(409);
    expect((await segment().client().lease(MAC)).yiaddr).toBe('10.15.3.20');
    expect((await askApi(gateway, `${path}/quarantine`, order)).status).toBe(409);
    expect((await askApi(gateway, '/api/v1/addresses/10.15.3.1/quarantine', order)).status).toBe(422);
  });

  test('asks the segment who has an address', async () => {
    const gateway = await managed();
    const { yiaddr } = await segment().client().lease(MAC);

    expect(await apiJson(gateway, `/api/v1/addresses/${yiaddr}/ask`, order)).toEqual({
      address: yiaddr,
      answered_by: MAC,
    });
    expect(await apiJson(gateway, '/api/v1/addresses/10.15.3.250/ask', order)).toMatchObject({
      answered_by: null,
    });
  });

  test('names its secret as the author, and needs one that may write', async () => {
    const gateway = await managed({ GATEWAY_API_SECRET: SECRET });
    const curl = async (...words: readonly string[]) => {
      const url = 'http://127.0.0.1:9091/api/v1/addresses/10.15.3.30/quarantine';
      return (await run(segment().node, ['curl', '-s', '-m', '10', '-X', 'POST', ...words, url])).output;
    };
    await gateway.until('its port was open', () =>
      gateway.log.some(({ msg }) => msg === 'metrics and API are served'),
    );

    expect(await curl()).toContain('secret-wanted');
    expect(JSON.parse(await curl('-H', `x-api-secret: ${SECRET}`))).toMatchObject({ author: 'api' });
    expect((await apiJson<Events>(gateway, '/api/v1/history?author=api')).items).toHaveLength(1);
  });

  test('says of its word about the clock what the clock is now', async () => {
    const gateway = await managed();

    expect(await apiJson(gateway, '/api/v1/clock/trust', order)).toMatchObject({
      trusted: true,
      remedy: null,
    });
  });

  test.each([
    ['{"reason":', 400, undefined],
    [{ reasn: 'x' }, 422, '/reasn'],
    [{ reason: '' }, 422, '/reason'],
    [{ reason: 'x'.repeat(161) }, 422, '/reason'],
    [{ reason: 'new\nline' }, 422, '/reason'],
    [{ force: 'yes' }, 422, '/force'],
    [[], 422, ''],
    [`"${'x'.repeat(1024 * 1024)}"`, 413, undefined],
  ] as const)('with a body of %j is refused', async (body, status, pointer) => {
    const gateway = await managed();

    const answer = await askApi(gateway, '/api/v1/leases/10.15.3.20/release', {
      ...order,
      body,
      headers: { 'content-type': 'application/json' },
    });

    expect(answer.status).toBe(status);
    if (pointer !== undefined) expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ pointer }] });
  });

  test('whose body is no JSON by its type is refused', async () => {
    const gateway = await managed();
    const headers = { 'content-type': 'text/plain' };

    const path = '/api/v1/leases/10.15.3.20/release';
    expect((await askApi(gateway, path, { ...order, body: '{}', headers })).status).toBe(415);
  });
});
