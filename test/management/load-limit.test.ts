import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { ApiEnvironment, Caller } from '../../src/management/http/caller.ts';
import { limitLoad } from '../../src/management/http/load-limit.ts';
import { ApiProblem } from '../../src/management/http/problem.ts';

const CALLER: Caller = { via: 'unix', remote: '' };

/** An app with room for so many, and what ends each request that is at work. */
function limited(atWork: number, queued: number, longest = 30_000) {
  const working: (() => void)[] = [];
  const app = new Hono<ApiEnvironment>();
  app.onError((error) =>
    error instanceof ApiProblem ? error.response() : new Response('broken', { status: 500 }),
  );
  app.use(limitLoad(atWork, queued)(longest));
  app.get('/', async (context) => {
    await new Promise<void>((resolve) => working.push(resolve));
    return context.text('done');
  });
  const ask = (gone?: AbortSignal) =>
    Promise.resolve(
      app.fetch(new Request('http://localhost/'), gone === undefined ? CALLER : { ...CALLER, gone }),
    );
  return { ask, working };
}

test('what is more than may be at work waits, and what is more than may wait is told to come again', async () => {
  const { ask, working } = limited(2, 1);
  const asked = [ask(), ask(), ask()];

  const fourth = await ask();
  working.shift()?.();
  await asked[0];
  await new Promise((resolve) => setImmediate(resolve));
  for (const end of working.splice(0)) end();

  expect(fourth.status).toBe(503);
  expect(fourth.headers.get('retry-after')).toBe('2');
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('a request that waits and whose caller has gone gives its place to the next one', async () => {
  const { ask, working } = limited(1, 1);
  const gone = new AbortController();
  const first = ask();
  const left = ask(gone.signal);
  gone.abort();
  await left;

  const next = ask();
  working.shift()?.();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  working.shift()?.();

  expect((await next).status).toBe(200);
});

test('a request that takes too long is answered so, and its place is free', async () => {
  const { ask } = limited(1, 0, 1);

  expect((await ask()).status).toBe(503);
  const body = (await (await ask()).json()) as Record<string, unknown>;
  expect(body['type']).toBe('urn:vps-gateway:problem:took-too-long');
});

test('nothing of a request is kept in memory when it has its answer, though its time is not over', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const signals: WeakRef<AbortSignal>[] = [];
  const app = new Hono<ApiEnvironment>();
  app.use(limitLoad()());
  app.get('/', (context) => {
    signals.push(new WeakRef(context.get('signal')));
    return context.text('done');
  });

  for (let each = 0; each < 100; each += 1)
    await app.fetch(new Request('http://localhost/'), { ...CALLER, gone: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  collect();

  // The last one may still be on the stack.
  expect(signals.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(5);
});
