import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { AccessOptions } from '../../src/management/http/access.ts';
import { createApp } from '../../src/management/http/app.ts';
import type { Caller } from '../../src/management/http/caller.ts';
import { operation } from '../../src/management/http/operation.ts';

const LOCAL: Caller = { via: 'tcp', remote: '127.0.0.1' };
const WRITER = { name: 'platform', mayWrite: true, secret: 'w-secret' };
const READER = { name: 'board', mayWrite: false, secret: 'r-secret' };

function app(options: Partial<AccessOptions> = {}) {
  const access: AccessOptions = {
    listen: '127.0.0.1',
    secrets: [],
    openReads: true,
    hosts: ['pve1', 'gw.example.net'],
    ...options,
  };
  const row = { path: '/thing', name: 'thing', summary: 'a thing', answer: z.object({}) } as const;
  const run = async ({ author }: { author: string }) => ({ author });
  const created = createApp({
    access,
    operations: [operation({ ...row, method: 'get', run }), operation({ ...row, method: 'post', run })],
    open: [operation({ ...row, path: '/healthz', method: 'get', run })],
    say: () => {},
  });
  return async (
    path: string,
    headers: Readonly<Record<string, string>> = {},
    { method = 'GET', caller = LOCAL }: { method?: string; caller?: Caller } = {},
  ) => {
    const answer = await created.fetch(
      new Request(`http://localhost${path}`, { method, headers: { host: 'localhost:9091', ...headers } }),
      caller,
    );
    const body = (await answer.json()) as Record<string, unknown>;
    return {
      status: answer.status,
      headers: answer.headers,
      body,
      word: String(body['type']).split(':').at(-1),
    };
  };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

describe('whether a request may come in', () => {
  test.each([['/healthz'], ['/api/v1/thing'], ['/nothing'], ['/api/v1/thing', 'evil.test']])(
    'what is answered to %s is no part of another page, and nothing but what its type says',
    async (path, host = 'localhost') => {
      const { headers } = await app()(path, { host });

      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    },
  );

  test.each([
    '127.0.0.1',
    '127.0.0.1:9091',
    '10.15.3.10',
    '[::1]:9091',
    'localhost',
    'LOCALHOST:1',
    'pve1',
    'PVE1.',
    'gw.example.net:443',
  ])('a Host of %s is this node', async (host) => {
    expect((await app()('/healthz', { host })).status).toBe(200);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    'pve1.evil.example',
    '',
    'a b',
    '[::1',
    '127.0.0.1:9091:1',
    'pve1@evil',
    '999.1.1.1',
  ])('a Host of "%s" is a foreign one, which DNS rebinding would send', async (host) => {
    expect(await app()('/healthz', { host })).toMatchObject({ status: 403, word: 'foreign-host' });
  });

  test.each(['http://evil.example', 'null', 'http://localhost:9092', 'https://localhost', 'file://'])(
    'a page of the origin %s may not ask',
    async (origin) => {
      expect(await app()('/api/v1/thing', { origin })).toMatchObject({ status: 403, word: 'foreign-origin' });
    },
  );

  test('the own page may ask, and no origin is told that it may', async () => {
    const { status, headers } = await app()('/api/v1/thing', { origin: 'http://localhost:9091' });

    expect(status).toBe(200);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('who may do what', () => {
  test('without a secret everybody on loopback may read, and nobody may write', async () => {
    const ask = app();

    expect(await ask('/api/v1/thing')).toMatchObject({ status: 200, body: { author: 'nobody' } });
    expect(await ask('/api/v1/thing', {}, { method: 'POST' })).toMatchObject({
      status: 403,
      word: 'no-secret-is-set',
    });
  });

  test('with GATEWAY_API_OPEN_READS=off nobody may read without a secret, but health and metrics', async () => {
    const ask = app({ openReads: false });

    expect((await ask('/api/v1/thing')).status).toBe(403);
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('with a secret everything below /api needs it, in either header', async () => {
    const ask = app({ secrets: [WRITER] });

    const without = await ask('/api/v1/thing');
    expect(without).toMatchObject({ status: 401, word: 'secret-wanted' });
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    expect(await ask('/api/v1/thing', bearer('w-secret'))).toMatchObject({ body: { author: 'platform' } });
    expect(await ask('/api/v1/thing', { 'x-api-secret': 'w-secret' }, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { author: 'platform' },
    });
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/api/v1/unknown')).status).toBe(401);
  });

  test('a secret for reading writes nothing', async () => {
    const ask = app({ secrets: [WRITER, READER] });

    expect(await ask('/api/v1/thing', bearer('r-secret'))).toMatchObject({ body: { author: 'board' } });
    expect(await ask('/api/v1/thing', bearer('r-secret'), { method: 'POST' })).toMatchObject({
      status: 403,
      word: 'read-only-secret',
    });
  });

  test('whoever may open the Unix socket may do everything', async () => {
    const caller: Caller = { via: 'unix', remote: '' };
    const ask = app({ secrets: [WRITER] });

    expect(await ask('/api/v1/thing', { host: 'evil.example' }, { method: 'POST', caller })).toMatchObject({
      status: 200,
      body: { author: 'local' },
    });
  });

  test('who asks by the Unix socket is believed what name it writes; by TCP the secret names the author', async () => {
    const unix: Caller = { via: 'unix', remote: '' };
    const ask = app({ secrets: [WRITER] });
    const named = { 'x-author': 'cli:alice' };

    expect((await ask('/api/v1/thing', named, { method: 'POST', caller: unix })).body).toEqual({
      author: 'cli:alice',
    });
    expect((await ask('/api/v1/thing', { ...named, ...bearer(WRITER.secret) })).body).toEqual({
      author: 'platform',
    });
  });

  test.each(['a b', 'a: b', 'a:', ':a', 'x'.repeat(64)])('the author "%s" is refused', async (author) => {
    const caller: Caller = { via: 'unix', remote: '' };

    expect(await app()('/api/v1/thing', { 'x-author': author }, { caller })).toMatchObject({
      status: 400,
      word: 'bad-request',
    });
  });

  test('ten wrong secrets slow down their sender alone, and the right one always passes', async () => {
    const ask = app({ secrets: [WRITER] });
    for (let count = 0; count < 10; count += 1)
      expect((await ask('/api/v1/thing', bearer(`wrong-${count}`))).status).toBe(401);

    const slowed = await ask('/api/v1/thing', bearer('wrong'));
    const other = await ask('/api/v1/thing', bearer('wrong'), { caller: { via: 'tcp', remote: '10.0.0.9' } });

    expect(slowed).toMatchObject({ status: 429, word: 'too-many-wrong-secrets' });
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(other.status).toBe(401);
    expect((await ask('/api/v1/thing', bearer('w-secret'))).status).toBe(200);
  });
});

test('an unknown path is told so with what helps, and an unknown method with those that are known', async () => {
  const ask = app();

  expect(await ask('/api/v1/thimg')).toMatchObject({ status: 404, word: 'not-found' });
  const other = await app({ secrets: [WRITER] })('/api/v1/thing', bearer('w-secret'), { method: 'DELETE' });
  expect(other).toMatchObject({ status: 405, word: 'no-such-method' });
  expect(other.headers.get('allow')).toBe('GET, POST');
});
