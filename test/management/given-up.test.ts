import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../src/management/http/app.ts';
import { operation } from '../../src/management/http/operation.ts';
import { betweenPages } from '../../src/store/sqlite/query/pages.ts';

/** An app whose only operation reads page after page until nobody waits for it, and what it logs. */
function reading(time?: number) {
  const said: string[] = [];
  const app = createApp({
    access: { listen: '127.0.0.1', secrets: [], openReads: true, hosts: [] },
    operations: [
      operation({
        ...{ method: 'get', path: '/pages', name: 'pages', summary: 'pages', answer: z.object({}) },
        ...(time === undefined ? {} : { time }),
        run: async ({ signal }) => {
          for (;;) await betweenPages(signal);
        },
      }),
    ],
    open: [],
    say: (level, _fields, message) => said.push(`${level} ${message}`),
  });
  const ask = (gone?: AbortSignal) =>
    app.fetch(new Request('http://localhost/api/v1/pages', { headers: { host: 'localhost' } }), {
      ...{ via: 'unix', remote: '' },
      ...(gone === undefined ? {} : { gone }),
    });
  return { ask, said };
}

test('a request whose caller has gone ends, and is no mistake that the log tells', async () => {
  const { ask, said } = reading();
  const gone = new AbortController();
  const asked = Promise.resolve(ask(gone.signal));

  await new Promise((resolve) => setImmediate(resolve));
  gone.abort();

  expect((await asked).status).toBe(503);
  expect((await ask(gone.signal)).status).toBe(503); // It had gone before its turn came.
  expect(said).toEqual([]);
});

test('a request that takes too long is told to ask for less, and is no mistake either', async () => {
  const { ask, said } = reading(10);

  const answer = await ask();

  expect(answer.status).toBe(503);
  expect(((await answer.json()) as { type: string }).type).toBe('urn:vps-gateway:problem:took-too-long');
  expect(said).toEqual([]);
});
