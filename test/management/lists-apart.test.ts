import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../src/management/http/app.ts';
import { operation } from '../../src/management/http/operation.ts';
import { betweenPages } from '../../src/store/sqlite/query/pages.ts';

test('a request about one thing is answered while more read whole tables than may, and those are told to come again', async () => {
  const app = createApp({
    access: { listen: '127.0.0.1', secrets: [], openReads: true, hosts: [] },
    operations: [
      operation({
        ...{ method: 'get', path: '/all', name: 'all', summary: 'all', answer: z.object({}) },
        readsAll: true,
        query: z.object({ q: z.string() }),
        run: async ({ signal }) => {
          for (;;) await betweenPages(signal);
        },
      }),
      operation({
        ...{ method: 'get', path: '/one', name: 'one', summary: 'one', answer: z.object({}) },
        run: async () => ({ is: 'there' }),
      }),
    ],
    open: [],
    say: () => {},
  });
  const gone = new AbortController();
  const ask = async (path: string) =>
    await app.fetch(new Request(`http://localhost/api/v1${path}`, { headers: { host: 'localhost' } }), {
      ...{ via: 'unix', remote: '' },
      gone: gone.signal,
    });

  const lists = Array.from({ length: 64 + 256 + 1 }, (_, number) => ask(`/all?q=${number}`));
  const refused = await lists.at(-1);
  const one = await ask('/one');
  gone.abort();

  expect(one.status).toBe(200);
  expect(refused?.status).toBe(503);
  expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused?.json()).toMatchObject({ type: 'urn:vps-gateway:problem:too-busy' });
  await Promise.all(lists);
});
