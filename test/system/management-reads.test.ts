import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { apiJson, askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import type { PacketOption } from '../support/packet.ts';
import { selecting } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next: string | null;
  readonly as_of: string | null;
}

const MAC = '52:54:00:4e:02:';
const HOST_NAME = 12;

describeSystem('what the management API tells of a gateway that serves', [], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}) => {
    const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off', ...settings });
    await gateway.untilManaged();
    return gateway;
  };
  const guest = async (number: number, name = `web-${number}`) => {
    const client = segment().client();
    const named: PacketOption = [HOST_NAME, ...new TextEncoder().encode(name)];
    const asked = selecting(await client.discover(`${MAC}0${number}`, named));
    return client.ask({ ...asked, options: [...(asked.options ?? []), named] });
  };

  test('a lease is in the next answer, as soon as its guest has its DHCPACK', async () => {
    const gateway = await managed();

    for (const number of [1, 2, 3, 4, 5]) {
      const { yiaddr } = await guest(number);
      const asked = Date.now();
      const { items, total, as_of } = await apiJson<Page>(gateway, `/api/v1/leases?mac=${MAC}0${number}`);
      expect(items).toMatchObject([{ address: yiaddr, hostname: `web-${number}`, state: 'bound' }]);
      expect(total).toBe(1);
      expect(Date.parse(as_of ?? '')).toBeGreaterThanOrEqual(asked - 1);
    }
  });

  test('a list is paged exactly, and a cursor of another list is refused', async () => {
    const gateway = await managed();
    for (const number of [1, 2, 3]) await guest(number);

    const first = await apiJson<Page>(gateway, '/api/v1/leases?limit=2&sort=-expires');
    const second = await apiJson<Page>(gateway, `/api/v1/leases?limit=2&sort=-expires&cursor=${first.next}`);
    const wrong = await askApi(gateway, `/api/v1/leases?limit=2&cursor=${first.next}`);

    expect([first, second].flatMap(({ items }) => items)).toHaveLength(3);
    expect(second.next).toBeNull();
    expect(new Set([...first.items, ...second.items].map(({ address }) => address)).size).toBe(3);
    expect(wrong.status).toBe(400);
  });

  test('one lease has its history; and who had an address at a time is the first row until then', async () => {
    const gateway = await managed();
    const { yiaddr } = await guest(1);

    const lease = await apiJson<Record<string, unknown>>(gateway, `/api/v1/leases/${yiaddr}`);
    const until = new Date(Date.now() + 1000).toISOString();
    const then = await apiJson<Page>(gateway, `/api/v1/history?address=${yiaddr}&until=${until}&limit=1`);
    const before = await apiJson<Page>(gateway, `/api/v1/history?address=${yiaddr}&until=2020-01-01`);

    await apiJson(gateway, '/api/v1/reservations/vps-1', {
      method: 'PUT',
      body: { mac: [`${MAC}01`], address: yiaddr },
      status: 201,
    });
    expect(await apiJson(gateway, `/api/v1/leases/${yiaddr}`)).toMatchObject({
      reservation: { id: 'vps-1', address: yiaddr },
    });
    expect(lease).toMatchObject({
      address: yiaddr,
      mac: `${MAC}01`,
      reservation: null,
      history: [{ event: 'bound', author: null }],
    });
    expect(then.items).toMatchObject([{ mac: `${MAC}01`, reason: 'bound' }]);
    expect(before.items).toEqual([]);
    expect((await askApi(gateway, '/api/v1/leases/10.15.3.250')).status).toBe(404);
    expect((await askApi(gateway, '/api/v1/leases/10.15.3')).status).toBe(400);
  });

  test('who had an address at a time is told by the list of leases too, and of no time to come', async () => {
    const gateway = await managed();
    const before = new Date(Date.now() - 1000).toISOString();
    const { yiaddr } = await guest(1);
    const between = new Date().toISOString();
    await apiJson(gateway, `/api/v1/leases/${yiaddr}/release`, { method: 'POST', body: { force: true } });

    const at = (time: string, more = '') => apiJson<Page>(gateway, `/api/v1/leases?at=${time}${more}`);

    expect((await at(between)).items).toMatchObject([
      { address: yiaddr, mac: `${MAC}01`, hostname: 'web-1', state: 'bound' },
    ]);
    expect((await at(between, `&mac=${MAC}02`)).total).toBe(0);
    expect((await at(before)).items).toEqual([]);
    expect((await at(new Date(Date.now() + 1000).toISOString())).items).toEqual([]);
    for (const [query, pointer] of [
      ['at=yesterday', '/at'],
      ['at=2100-01-01T00:00:00Z', '/at'],
      [`at=${between}&sort=mac`, '/sort'],
      [`at=${between}&facets=state`, '/facets'],
      [`at=${between}&cursor=xyz`, '/cursor'],
    ])
      expect(JSON.parse((await askApi(gateway, `/api/v1/leases?${query}`)).text)).toMatchObject({
        status: 400,
        errors: [{ pointer }],
      });
  });

  test('a machine is looked up by its MAC in any form, and by nothing or two things not at all', async () => {
    const gateway = await managed();
    const { yiaddr } = await guest(1);

    for (const mac of ['52-54-00-4E-02-01', '5254004e0201', `${MAC}01`])
      expect((await apiJson<Page>(gateway, `/api/v1/lookup?mac=${mac}`)).items).toMatchObject([
        { address: yiaddr, hostname: 'web-1', state: 'bound' },
      ]);
    expect((await apiJson<Page>(gateway, `/api/v1/lookup?address=${yiaddr}`)).total).toBe(1);
    expect((await askApi(gateway, '/api/v1/lookup')).status).toBe(400);
    expect((await askApi(gateway, `/api/v1/lookup?mac=${MAC}01&address=${yiaddr}`)).status).toBe(400);
  });

  test('the map has every address with what it is used for', async () => {
    const gateway = await managed();
    const { yiaddr } = await guest(1);
    await apiJson(gateway, '/api/v1/reservations/idle', {
      method: 'PUT',
      body: { address: '10.15.3.30' },
      status: 201,
    });
    await apiJson(gateway, '/api/v1/reservations/gone', {
      method: 'PUT',
      body: { address: '10.15.3.33' },
      status: 201,
    });
    await askApi(gateway, '/api/v1/reservations/gone?address=10.15.3.33', { method: 'DELETE' });
    await apiJson(gateway, '/api/v1/addresses/10.15.3.31/quarantine', { method: 'POST', body: {} });

    const { items, total } = await apiJson<Page>(gateway, '/api/v1/addresses');
    const at = (address: string) => items.find((each) => each['address'] === address);

    expect(total).toBe(256);
    expect(at('10.15.3.1')).toMatchObject({ state: 'router' });
    expect(at('10.15.3.5')).toMatchObject({ state: 'outside-pool' });
    expect(at('10.15.3.10')).toMatchObject({ state: 'gateway' });
    expect(at('10.15.3.11')).toMatchObject({ state: 'gateway-unused' });
    expect(at(yiaddr)).toMatchObject({ state: 'leased', mac: `${MAC}01`, hostname: 'web-1' });
    expect(at('10.15.3.30')).toMatchObject({
      state: 'reserved-idle',
      reservation_id: 'idle',
      retired_until: null,
    });
    expect(at('10.15.3.33')).toMatchObject({
      ...{ state: 'retired', reservation_id: 'gone' },
      retired_until: expect.stringMatching(/^20\d\d-/),
    });
    expect(at('10.15.3.31')).toMatchObject({ state: 'quarantined', mac: null });
    expect(at('10.15.3.32')).toMatchObject({ state: 'free' });
    expect((await apiJson<Page>(gateway, `/api/v1/addresses?block=${yiaddr}/32`)).total).toBe(1);
    expect((await askApi(gateway, '/api/v1/addresses?block=10.16.0.0/24')).status).toBe(400);
  });

  test('the map of a large subnet has blocks, each of which can be asked for', async () => {
    const gateway = await managed({
      GATEWAY_DHCP_LISTEN_IP: '10.15.3.10',
      GATEWAY_DHCP_SUBNET_MASK: '16',
      GATEWAY_DHCP_POOL_END: '10.15.200.254',
    });
    const { yiaddr } = await guest(1);
    const block = `${yiaddr.split('.').slice(0, 3).join('.')}.0/24`;

    const whole = await apiJson<Page & { blocks: unknown }>(gateway, '/api/v1/addresses');
    const one = await apiJson<Page>(gateway, `/api/v1/addresses?block=${block}`);

    expect(whole).toMatchObject({ items: [], blocks: [{ block, states: { bound: 1 } }], total: 65_536 });
    expect(one.items.find(({ address }) => address === yiaddr)).toMatchObject({ state: 'leased' });
  });

  test('names for a DNS server are those that DNS takes, whatever guests call themselves', async () => {
    const gateway = await managed();
    const first = await guest(1, 'Web-1');
    const second = await guest(2, 'evil 10.0.0.1 router');
    const third = await guest(3, 'a_b');
    await guest(4, '=cmd()');

    const hosts = await askApi(gateway, '/api/v1/hosts');
    const kea = await apiJson<{ reservations: unknown[] }>(gateway, '/api/v1/hosts?format=kea');
    const csv = await askApi(gateway, '/api/v1/hosts?format=csv');

    expect(hosts.text.trimEnd().split('\n').sort()).toEqual(
      [
        `${first.yiaddr} web-1 web-1.vps.local`,
        `${second.yiaddr} evil-10 evil-10.vps.local`,
        `${third.yiaddr} a-b a-b.vps.local`,
      ].sort(),
    );
    expect(kea.reservations).toContainEqual({
      'hw-address': `${MAC}01`,
      'ip-address': first.yiaddr,
      hostname: 'web-1',
    });
    expect(csv.text).not.toContain('cmd');
    expect(csv.text.split('\r\n')).toHaveLength(6);
  });

  test('how things were is told by samples, with who gave the leases; a step that is none is refused', async () => {
    const gateway = await managed({ GATEWAY_NODE_NAME: 'pve1' });
    await guest(1);

    const told = await eventually('the lease is in the file', async () => {
      const answer = await apiJson<Page & { step: number; answered: unknown[] }>(gateway, '/api/v1/samples');
      return answer.answered.length > 0 ? answer : undefined;
    });

    expect(told.step).toBe(60);
    expect(told.answered).toEqual([{ first: 'pve1', node: 'pve1', by: 'hash', leases: 1 }]);
    expect(told.items).toMatchObject([{ pool: { size: 235 }, exchanges_per_second: null, drops: null }]);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await apiJson<Page>(gateway, `/api/v1/samples?since=${later}&step=3600`)).items).toEqual([]);
    for (const [query, pointer] of [
      ['step=0', '/step'],
      ['step=61', '/step'],
      ['step=x', '/step'],
      ['since=now', '/since'],
      ['until=2026-01-01', '/until'],
    ])
      expect(JSON.parse((await askApi(gateway, `/api/v1/samples?${query}`)).text)).toMatchObject({
        status: 400,
        errors: [{ pointer }],
      });
  });

  test('leases and reservations that nobody uses are one list, each with what is wrong with it', async () => {
    const gateway = await managed();
    const first = await guest(1);
    const second = await guest(2);
    const put = (id: string, body: object) =>
      apiJson(gateway, `/api/v1/reservations/${id}`, { method: 'PUT', body, status: 201 });
    await put('vps-1', { mac: [`${MAC}01`], address: first.yiaddr });
    await put('vps-9', { mac: [`${MAC}09`, `${MAC}0a`], address: second.yiaddr, organization_id: 'acme' });
    await put('vps-8', { mac: [`${MAC}08`, `${MAC}0b`], address: '10.15.3.5', hostname: 'Idle' });
    await apiJson(gateway, '/api/v1/addresses/10.15.3.254/quarantine', { method: 'POST', body: {} });
    const listed = async (query: string) =>
      (await apiJson<Page>(gateway, `/api/v1/guests?${query}`)).items.map((each) => {
        const warnings = each['warnings'] as { id: string }[];
        return `${each['address']} ${each['state']} ${warnings.map(({ id }) => id).join()}`.trim();
      });

    const all = await listed('');
    expect(all.sort()).toEqual(
      [
        `${first.yiaddr} bound`,
        `${second.yiaddr} bound reserved-for-another`,
        '10.15.3.5 reserved-idle',
        '10.15.3.254 declined in-use-elsewhere',
      ].sort(),
    );
    expect(await listed('state=reserved-idle')).toEqual(['10.15.3.5 reserved-idle']);
    expect((await listed('-state=reserved-idle')).length).toBe(3);
    expect((await listed('state=declined,reserved-idle')).sort()).toEqual([
      '10.15.3.254 declined in-use-elsewhere',
      '10.15.3.5 reserved-idle',
    ]);
    expect((await listed('-state=declined,reserved-idle')).length).toBe(2);
    expect((await listed('state=bound&node=elsewhere')).length).toBe(0);
    expect((await listed(`state=bound&node=elsewhere,${hostname()}`)).length).toBe(2);
    expect(await listed(`mac=${MAC}0b`)).toEqual(['10.15.3.5 reserved-idle']);
    expect(await listed('q=idle')).toEqual(['10.15.3.5 reserved-idle']);
    expect((await listed('warning=true')).length).toBe(2);
    expect((await listed('warning=false')).length).toBe(2);
    const paged: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await apiJson<Page>(gateway, `/api/v1/guests?sort=-hostname&limit=1${cursor}`);
      expect(page.total).toBe(4);
      paged.push(...page.items.map(({ address }) => String(address)));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(new Set(paged).size).toBe(4);
    expect((await apiJson<{ facets: unknown }>(gateway, '/api/v1/guests?facets=state')).facets).toEqual({
      state: { bound: 2, declined: 1, 'reserved-idle': 1 },
    });
    for (const [query, pointer] of [
      ['state=idle', '/state'],
      ['state=bound,', '/state'],
      ['warning=yes', '/warning'],
      ['at=2026-01-01', '/at'],
      ['limit=0', '/limit'],
    ])
      expect(JSON.parse((await askApi(gateway, `/api/v1/guests?${query}`)).text)).toMatchObject({
        status: 400,
        errors: [{ pointer }],
      });
  });

  test('it says what it serves, what it was started with, and what is wrong with what to do', async () => {
    const gateway = await managed({
      GATEWAY_DHCP_POOL_START: '10.15.3.20',
      GATEWAY_DHCP_POOL_END: '10.15.3.20',
      GATEWAY_API_SECRET: 'top-secret',
    });
    await guest(1);

    const warned = () => apiJson<Page>(gateway, '/api/v1/warnings');
    await eventually('the pool is full', async () => (await warned()).total === 1);
    expect((await warned()).items).toMatchObject([
      {
        id: 'pool-full',
        level: 'guests-suffer',
        since: expect.stringMatching(/^20\d\d-/),
        remedy: expect.stringContaining('GATEWAY_DHCP_POOL_END'),
        command: 'vps-gateway leases',
      },
    ]);
    expect(await apiJson(gateway, '/api/v1/info')).toMatchObject({
      cluster: [],
      status: 'degraded',
      verdict: 'pool-full',
      store: 'sqlite',
      segments: [
        {
          ...{ listen_ip: '10.15.3.10', router: '10.15.3.1' },
          ...{ total: 1, leased: 1, leased_by_peers: 0, available: 0 },
        },
      ],
    });
    const settings = await askApi(gateway, '/api/v1/settings');
    expect(settings.text).toContain('{"setting":"GATEWAY_API_SECRET","value":"(set)"');
    expect(settings.text).not.toContain('top-secret');
  });

  test.each([
    ['/api/v1/leases?limit=0', '/limit'],
    ['/api/v1/leases?limit=1001', '/limit'],
    ['/api/v1/leases?stat=bound', '/stat'],
    ['/api/v1/leases?state=bound&state=free', '/state'],
    ['/api/v1/leases?sort=secret', '/sort'],
    ['/api/v1/leases?facets=mac', '/facets'],
    ['/api/v1/leases?address=10.15.3.256', '/address'],
    ['/api/v1/leases?-mac=zz', '/-mac'],
    ['/api/v1/leases?cursor=%00%ff', '/cursor'],
    [`/api/v1/leases?q=${'x'.repeat(300)}`, '/q'],
    ['/api/v1/leases?q=', '/q'],
    ['/api/v1/history?since=yesterday', '/since'],
    ['/api/v1/hosts?format=xml', '/format'],
  ])('%s is refused, and the part that is wrong is named', async (path, pointer) => {
    const gateway = await managed();

    const { status, text, headers } = await askApi(gateway, path);

    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({
      type: 'urn:vps-gateway:problem:bad-request',
      status: 400,
      errors: [{ pointer }],
    });
  });

  test('a segment may be named if it is the one that is served', async () => {
    const gateway = await managed();

    expect((await askApi(gateway, '/api/v1/leases?segment=10.15.3.0/24')).status).toBe(200);
    expect((await askApi(gateway, '/api/v1/leases?segment=other')).status).toBe(404);
  });

  test('every read of the OpenAPI document is answered as the document says', async () => {
    const gateway = await managed();
    const { yiaddr } = await guest(1);
    const entry = { mac: [`${MAC}01`], note: 'x', labels: { node: 'pve1' }, hostname: 'web' };
    await apiJson(gateway, '/api/v1/reservations/vps-1', { method: 'PUT', body: entry, status: 201 });
    const document = await apiJson<{
      openapi: string;
      paths: Record<
        string,
        Record<
          string,
          { operationId: string; responses: Record<string, { content: Record<string, { schema: Schema }> }> }
        >
      >;
    }>(gateway, '/api/v1/openapi.json');

    expect(document.openapi).toBe('3.1.0');
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, methods] of Object.entries(document.paths)) {
      if (methods['get'] === undefined || path.endsWith('/events')) continue;
      const query = path.endsWith('/lookup') ? `?address=${yiaddr}` : '';
      const { status, headers, text } = await askApi(
        gateway,
        path.replace('{address}', yiaddr).replace('{id}', 'vps-1') + query,
      );
      expect(`${path} ${status}`).toBe(`${path} 200`);
      expect(Object.keys(methods['get'].responses['200']?.content ?? {})).toContain(
        headers['content-type']?.toString().split(';')[0],
      );
      const schema = methods['get'].responses['200']?.content['application/json']?.schema;
      if (schema !== undefined)
        expect({ path, faults: faultsOf(JSON.parse(text), schema) }).toEqual({ path, faults: [] });
    }
  });
});

interface Schema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
}

/** Where a value differs from its schema: as much of JSON Schema as the document uses. */
function faultsOf(value: unknown, schema: Schema, at = ''): readonly string[] {
  if (schema.anyOf !== undefined)
    return schema.anyOf.some((each) => faultsOf(value, each).length === 0)
      ? []
      : [`${at}: ${JSON.stringify(value)}`];
  if (schema.enum !== undefined)
    return schema.enum.includes(value) ? [] : [`${at}: ${JSON.stringify(value)}`];
  if (!isOfType(value, schema.type)) return [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  if (Array.isArray(value))
    return value.flatMap((each, index) =>
      schema.items === undefined ? [] : faultsOf(each, schema.items, `${at}/${index}`),
    );
  if (typeof value !== 'object' || value === null) return [];
  const known = schema.properties ?? {};
  const missing = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${at}/${name}: missing`);
  const others = Object.entries(value).flatMap(([name, part]) => {
    const of =
      known[name] ??
      (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (of !== undefined) return faultsOf(part, of, `${at}/${name}`);
    return schema.additionalProperties === false ? [`${at}/${name}: not described`] : [];
  });
  return [...missing, ...others];
}

function isOfType(value: unknown, type: Schema['type']): boolean {
  if (type === undefined) return true;
  if (typeof type !== 'string') return type.some((each) => isOfType(value, each));
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
