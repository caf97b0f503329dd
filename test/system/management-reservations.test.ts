import { expect, test } from 'vitest';
import { type ApiQuestion, apiJson, askApi } from '../support/api.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

type Json = Readonly<Record<string, unknown>>;

const GUESSED = '52:54:00:4e:04:01';
const TRUE_MAC = '52:54:00:4e:04:02';
const STRANGER = '52:54:00:4e:04:03';

describeSystem('reservations over the management API', [], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}) => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off', ...settings });
    await gateway.untilManaged();
    return gateway;
  };
  const at = (id: string) => `/api/v1/reservations/${id}`;
  const put = (gateway: GatewayProcess, id: string, body: object = {}, question: ApiQuestion = {}) =>
    askApi(gateway, at(id), { method: 'PUT', body, ...question });
  const jsonOf = ({ text }: { readonly text: string }): Json => JSON.parse(text) as Json;
  const reconcile = (gateway: GatewayProcess, node: string, entries: readonly object[], rest: object = {}) =>
    apiJson<Json>(gateway, '/api/v1/reservations/reconcile', {
      method: 'POST',
      body: { scope: { label: 'node', value: node }, entries, ...rest },
    });

  test("the platform's life of a VPS: pinned before it exists, its MAC learnt later, removed by what is left out", async () => {
    const gateway = await managed();

    const made = await put(gateway, 'vps-1', {
      mac: [GUESSED],
      organization_id: 'org-1',
      labels: { node: 'pve1' },
    });
    const address = String(jsonOf(made)['address']);
    const lookedUp = await apiJson<Json>(gateway, '/api/v1/lookup?vps_id=vps-1');
    const guessedWrong = await segment().client().lease(TRUE_MAC);
    const learnt = await put(gateway, 'vps-1', {
      mac: [TRUE_MAC],
      organization_id: 'org-1',
      labels: { node: 'pve1' },
    });
    const client = segment().client();
    client.holds.delete(guessedWrong.yiaddr);
    const leased = await client.lease(TRUE_MAC);

    expect(made.status).toBe(201);
    expect(lookedUp).toMatchObject({
      items: [{ address, mac: GUESSED, organization_id: 'org-1', state: 'reserved-idle' }],
      total: 1,
    });
    expect(made.headers['location']).toBe(at('vps-1'));
    expect(jsonOf(made)).toMatchObject({
      id: 'vps-1',
      vps_id: 'vps-1',
      mac: [GUESSED],
      prefix_length: 24,
      mask: '255.255.255.0',
      router: '10.15.3.1',
      dns: ['1.1.1.1', '1.0.0.1'],
      mtu: 1500,
      lease: null,
      pending: null,
      still_has: null,
      scope: 'this-gateway',
    });
    expect(guessedWrong.yiaddr).not.toBe(address);
    expect(learnt.status).toBe(200);
    expect(jsonOf(learnt)).toMatchObject({ still_has: { address: guessedWrong.yiaddr } });
    expect(jsonOf(learnt)['address']).toBe(address);
    expect(leased.yiaddr).toBe(address);
    expect(await apiJson(gateway, at('vps-1'))).toMatchObject({
      lease: { mac: TRUE_MAC, vps_id: 'vps-1', organization_id: 'org-1', reservation_id: 'vps-1' },
    });
    expect((await apiJson<Json>(gateway, '/api/v1/lookup?vps_id=vps-1'))['items']).toMatchObject([
      { address },
    ]);

    await segment().client().lease(STRANGER);
    const other = await reconcile(gateway, 'pve2', [{ id: 'vps-2' }]);
    const empty = await askApi(gateway, '/api/v1/reservations/reconcile', {
      method: 'POST',
      body: { scope: { label: 'node', value: 'pve1' }, entries: [] },
    });
    const tried = await reconcile(gateway, 'pve1', [], { allow_empty: true, dry_run: true });
    const gone = await reconcile(gateway, 'pve1', [], { allow_empty: true });

    expect(other).toMatchObject({ added: [{ id: 'vps-2' }], removed: [] });
    expect(empty.status).toBe(422);
    expect([tried['removed'], gone['removed']]).toEqual([['vps-1'], ['vps-1']]);
    expect(gone).toMatchObject({ unexplained: [{ mac: STRANGER }], unexplained_total: 1 });
    expect((await askApi(gateway, at('vps-1'))).status).toBe(404);
    expect((await apiJson<Json>(gateway, '/api/v1/reservations'))['items']).toMatchObject([{ id: 'vps-2' }]);
    expect((await apiJson<Json>(gateway, '/api/v1/reservations?retired=true'))['items']).toMatchObject([
      { id: 'vps-1', address },
    ]);
    expect(jsonOf(await put(gateway, 'vps-1'))['address']).toBe(address);
  });

  test('a lease becomes a reservation in one step', async () => {
    const gateway = await managed();
    const { yiaddr } = await segment().client().lease(GUESSED);
    const path = `/api/v1/leases/${yiaddr}/reserve`;

    const reserved = await askApi(gateway, path, { method: 'POST', body: { id: 'web', hostname: 'web-1' } });

    expect(reserved.status).toBe(201);
    expect(jsonOf(reserved)).toMatchObject({ id: 'web', address: yiaddr, mac: [GUESSED], hostname: 'web-1' });
    expect((await askApi(gateway, '/api/v1/leases/10.15.3.99/reserve', { method: 'POST' })).status).toBe(404);
  });

  test('it is answered what its guest is to use, with its own options in place of those of the subnet', async () => {
    const gateway = await managed();
    const options = { routers: '10.15.3.5', domainNameServers: '9.9.9.9,10.15.3.6', interfaceMtu: '1400' };

    const made = jsonOf(await put(gateway, 'one', { options }));

    expect(made).toMatchObject({ router: '10.15.3.5', dns: ['9.9.9.9', '10.15.3.6'], mtu: 1400 });
  });

  test('what changed meanwhile is not overwritten: ETag, If-Match and If-None-Match', async () => {
    const gateway = await managed();
    const first = await put(gateway, 'one');
    const etag = String(first.headers['etag']);
    const second = await put(gateway, 'one', { note: 'x' }, { headers: { 'if-match': etag } });

    expect(etag).toMatch(/^"\d+"$/);
    expect(second.status).toBe(200);
    expect((await put(gateway, 'one', { note: 'y' }, { headers: { 'if-match': etag } })).status).toBe(412);
    expect((await put(gateway, 'one', {}, { headers: { 'if-none-match': '*' } })).status).toBe(412);
    expect((await put(gateway, 'two', {}, { headers: { 'if-none-match': '*' } })).status).toBe(201);
    expect((await put(gateway, 'one', {}, { headers: { 'if-match': 'x' } })).status).toBe(400);
    const patched = await askApi(gateway, at('one'), {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { note: null, hostname: 'web' },
    });
    expect(jsonOf(patched)).toMatchObject({ hostname: 'web' });
    expect(jsonOf(patched)).not.toHaveProperty('note');
  });

  test('a dry run says what would be, and changes nothing', async () => {
    const gateway = await managed();

    const added = await put(gateway, 'one?dry_run=true', { address: '10.15.3.60' });
    const none = await askApi(gateway, at('one'));
    await put(gateway, 'one', { address: '10.15.3.60' });
    const same = await put(gateway, 'one?dry_run=true', { address: '10.15.3.60' });
    const other = await put(gateway, 'one?dry_run=true', { address: '10.15.3.61' });
    const refused = await put(gateway, 'two?dry_run=true', { address: '10.15.3.60' });
    const removed = await askApi(gateway, `${at('one')}?dry_run=true&release=true`, { method: 'DELETE' });

    expect(jsonOf(added)).toEqual({
      ...{ id: 'one', address: '10.15.3.60', change: 'added', changes: [] },
      ...{ pending: null, still_has: null, dry_run: true },
    });
    expect(none.status).toBe(404);
    expect([same, other, removed].map((answer) => jsonOf(answer)['change'])).toEqual([
      'unchanged',
      'changed',
      'removed',
    ]);
    expect(refused.status).toBe(409);
    expect(await apiJson(gateway, at('one'))).toMatchObject({ address: '10.15.3.60' });
  });

  test('the history has who ordered it, and why', async () => {
    const gateway = await managed();
    const question = { headers: { 'x-author': 'cli:alice' } };

    await put(gateway, 'one?reason=a%20new%20shop', { address: '10.15.3.60' }, question);
    await askApi(gateway, `${at('one')}?reason=closed`, { method: 'DELETE', ...question });
    const { items } = await apiJson<{ items: readonly Json[] }>(gateway, '/api/v1/history?author=cli:alice');

    expect(items).toMatchObject([
      { event: 'unreserved', reason: 'reservation-removed', note: 'closed' },
      { event: 'reserved', reason: 'reserved-by-operator', note: 'a new shop', reservation_id: 'one' },
    ]);
    expect((await put(gateway, 'two?reason=')).status).toBe(400);
  });

  test('one is removed with its lease, if its address is the one that is meant', async () => {
    const gateway = await managed();
    const { address } = jsonOf(await put(gateway, 'one', { mac: [GUESSED] })) as { address: string };
    await segment().client().lease(GUESSED);
    const remove = { method: 'DELETE' } as const;

    expect((await askApi(gateway, `${at('one')}?address=10.15.3.99`, remove)).status).toBe(409);
    expect(await apiJson(gateway, `${at('one')}?address=${address}&release=true`, remove)).toEqual({
      id: 'one',
      address,
      released: true,
    });
    expect((await askApi(gateway, at('one'), remove)).status).toBe(404);
  });

  test('they are found by what they have', async () => {
    const gateway = await managed();
    await put(gateway, 'a', {
      mac: [GUESSED],
      hostname: 'Web-1',
      labels: { node: 'pve1' },
      organization_id: 'o',
    });
    await put(gateway, 'b', { labels: { node: 'pve2' } });
    const found = async (query: string) =>
      ((await apiJson<Json>(gateway, `/api/v1/reservations?${query}`))['items'] as readonly Json[]).map(
        ({ id }) => id,
      );

    expect(await found('')).toEqual(['a', 'b']);
    expect(await found('limit=1')).toEqual(['a']);
    expect(await found(`mac=${GUESSED}`)).toEqual(['a']);
    expect(await found('label=node=pve2')).toEqual(['b']);
    expect(await found('hostname=web')).toEqual(['a']);
    expect(await found('q=PVE')).toEqual(['a', 'b']);
    expect(await found('organization_id=o&source=api')).toEqual(['a']);
    expect(await found('organization_id=x')).toEqual([]);
    expect(await found('-organization_id=o')).toEqual(['b']);
    expect(await found('-label=node=pve2')).toEqual(['a']);
    expect(await found('sort=-address')).toEqual((await found('sort=address')).toReversed());
  });

  test('they are found by what their address is now, and by whose lease it is', async () => {
    const gateway = await managed();
    await put(gateway, 'idle');
    await put(gateway, 'used', { mac: [GUESSED] });
    await segment().client().lease(GUESSED);
    const { node } = await apiJson<{ node: string }>(gateway, '/api/v1/info');
    const found = async (query: string) =>
      ((await apiJson<Json>(gateway, `/api/v1/reservations?${query}`))['items'] as readonly Json[]).map(
        ({ id }) => id,
      );

    expect(await found('state=reserved-idle')).toEqual(['idle']);
    expect(await found('state=bound')).toEqual(['used']);
    expect(await found('-state=bound')).toEqual(['idle']);
    expect(await found(`node=${node}`)).toEqual(['used']);
    expect(await found(`-node=${node}`)).toEqual(['idle']);
    expect(await apiJson<Json>(gateway, '/api/v1/reservations?facets=state,node')).toMatchObject({
      facets: { state: { 'reserved-idle': 1, bound: 1 }, node: { [node]: 1, '': 1 } },
    });
    expect((await askApi(gateway, '/api/v1/reservations?state=free')).status).toBe(400);
  });

  test('one bad entry of a set is refused by name, with who holds what, and the rest stand', async () => {
    const gateway = await managed();
    await put(gateway, 'holder', { address: '10.15.3.52' });

    const result = await reconcile(gateway, 'pve1', [
      { id: 'good' },
      { id: 'held', address: '10.15.3.52' },
      { id: 'bad', mac: ['zz'] },
      { mac: [] },
    ]);

    expect(result).toMatchObject({
      added: [{ id: 'good' }],
      refused: expect.arrayContaining([
        expect.objectContaining({ entry: 1, id: 'held', why: 'held', holder: 'holder' }),
        expect.objectContaining({ entry: 2, id: 'bad', why: 'invalid' }),
        expect.objectContaining({ entry: 3, id: null }),
      ]),
    });
  });

  test.each([
    [{ address: '10.15.3.1' }, 422, '/address'],
    [{ address: '10.99.0.1' }, 422, '/address'],
    [{ mac: 'zz' }, 422, '/mac'],
    [{ mac: [GUESSED, 'zz'] }, 422, '/mac/1'],
    [{ adress: '10.15.3.20' }, 422, '/adress'],
    [{ adopt: 'yes' }, 422, '/adopt'],
    [{ labels: { a: 1 } }, 422, '/labels/a'],
    [{ version: 7 }, 422, '/version'],
    [[], 422, ''],
  ] as const)(
    'an entry of %j is refused, and what is wrong with it is named',
    async (body, status, pointer) => {
      const gateway = await managed();

      const answer = await put(gateway, 'one', body);

      expect(answer.status).toBe(status);
      expect(jsonOf(answer)).toMatchObject({ errors: [{ pointer }] });
    },
  );

  test('an id that is none is refused', async () => {
    const gateway = await managed();

    expect((await put(gateway, 'x'.repeat(65))).status).toBe(422);
    expect((await put(gateway, '%0a')).status).toBe(422);
    expect((await put(gateway, 'vps%2F1')).status).toBe(201);
    expect((await askApi(gateway, at('vps%2F1'))).status).toBe(200);
  });
});
