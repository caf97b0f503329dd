import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CALLER_PATIENCE } from '../../src/management/listen/ended-callers.ts';
import { httpServer } from '../../src/management/listen/http-server.ts';

const CALLERS = 300;
/** More than a socket takes whose other end reads nothing. */
const LARGE = 4 * 1024 * 1024;
/** How long an answer may take in some tests: milliseconds. Any machine begins one in this time. */
const ANSWER_TIME = 250;
/** Work that takes longer than that: milliseconds. */
const WORK_TIME = 500;
const TOO_BUSY = /^HTTP\/1\.1 503 Service Unavailable\r\n(.+\r\n)*retry-after: 2\r\n/i;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/**
 * A server on a Unix socket, and the paths of the requests that it has begun. What is below /slow takes a while, /slower and the
 * end of /pieces half a second; /gone and /events never end; /large is.
 */
async function served(patience = CALLER_PATIENCE) {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-gone-'));
  const socketPath = join(folder, 'api.sock');
  const begun: string[] = [];
  /** The paths of those whose work has ended because their callers were gone. */
  const left: string[] = [];
  const server = httpServer(
    'unix',
    async ({ url, body }, { gone }) => {
      const { pathname } = new URL(url);
      begun.push(pathname);
      gone?.addEventListener('abort', () => left.push(pathname));
      if (pathname === '/events')
        return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
          headers: { 'content-type': 'text/event-stream' },
        });
      if (pathname === '/pieces')
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(Buffer.from('begun ')),
            pull: async (controller) => {
              await delay(WORK_TIME);
              controller.enqueue(Buffer.from(gone?.aborted === true ? 'left' : 'done'));
              controller.close();
            },
          }),
        );
      if (pathname.startsWith('/slow')) await delay(pathname === '/slower' ? WORK_TIME : 50);
      if (pathname.startsWith('/gone')) await new Promise(() => {});
      if (pathname.startsWith('/large')) return new Response('x'.repeat(LARGE));
      return new Response(body === null ? 'done' : await new Response(body).text());
    },
    patience,
  );
  server.listen(socketPath, 1024);
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  /** Resolves when the whole request is in the server's buffer. */
  const send = async (text: string) => {
    const socket = connect(socketPath).on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const ask = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ socketPath, path, agent: false }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      asked.on('error', reject).end();
    });
  /** Sends all, ends its side, and reads to the end. */
  const askAndEnd = async (text: string) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    socket.end(text);
    let told = '';
    for await (const piece of socket.setEncoding('utf8')) told += piece;
    return told;
  };
  /** Sends all, ends its side, and reads nothing. */
  const endUnread = async (text: string) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true }).on('error', () => {});
    closing.unshift(() => socket.destroy());
    await once(socket, 'connect');
    socket.end(text);
    return socket;
  };
  return { begun, left, send, ask, askAndEnd, endUnread };
}

const head = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test('of requests whose callers have gone hardly any is begun, and one that comes later does not wait for their work', async () => {
  const { begun, send, ask } = await served();
  const gone = Array.from({ length: CALLERS }, async (_, number) => {
    (await send(head(`/gone/${number}`))).destroy();
  });

  await Promise.all(gone);

  expect(await ask('/here')).toBe(200);
  // One that has closed its connection looks like one that has ended its side alone.
  expect(begun.filter((path) => path !== '/here').length).toBeLessThanOrEqual(8);
});

describe('a caller that has ended its side after its request', () => {
  test.each([
    ['is answered', head('/here'), 'done'],
    ['is answered when its answer takes a while', head('/slow'), 'done'],
    [
      'has the answer to each of its requests, in their order',
      ['/slow/1', '/2', '/3'].map((path) => head(path)).join(''),
      'done',
    ],
    [
      'has what it sent taken',
      'PUT /set HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nwhole',
      'whole',
    ],
    ['is answered by HTTP/1.0', 'GET /old HTTP/1.0\r\nHost: localhost\r\n\r\n', 'done'],
  ])('%s', async (_, sent, last) => {
    const { askAndEnd } = await served();

    const told = await askAndEnd(sent);

    const answers = sent.split('HTTP/1').length - 1;
    expect(told.match(/HTTP\/1\.1 200 OK\r/g) ?? told).toHaveLength(answers);
    expect(told.endsWith(`\r\n\r\n${last}`)).toBe(true);
  });

  test('is answered while others leave', async () => {
    const { askAndEnd, send } = await served();
    for (let number = 0; number < 8; number += 1) (await send(head('/slow'))).destroy();

    expect(await askAndEnd(head('/here'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('is answered after others that have sent several requests at once and left', async () => {
    const { askAndEnd, send } = await served();
    const several = ['/slow/1', '/slow/2', '/slow/3'].map((path) => head(path)).join('');
    for (let number = 0; number < 20; number += 1) (await send(several)).destroy();

    expect(await askAndEnd(head('/here'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await askAndEnd(head('/there'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('is answered among many that have done so', async () => {
    const { askAndEnd } = await served();
    const all = await Promise.all(Array.from({ length: 200 }, () => askAndEnd(head('/slow'))));

    expect(all.filter((told) => !told.startsWith('HTTP/1.1 200 OK'))).toEqual([]);
  });

  test('is answered while others read nothing of theirs', async () => {
    const { askAndEnd, begun, endUnread } = await served();
    for (let number = 0; number < 20; number += 1) await endUnread(head('/large').repeat(2));

    expect(await askAndEnd(head('/here'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(begun.filter((path) => path === '/large')).toHaveLength(40);
  });

  test('has its large answer whole', async () => {
    const { askAndEnd } = await served();
    const all = await Promise.all(Array.from({ length: 20 }, () => askAndEnd(head('/large'))));

    expect(all.filter((told) => told.length <= LARGE)).toEqual([]);
  });

  test('and reads nothing of its answer is closed after a time', async () => {
    const { endUnread, left } = await served({ ...CALLER_PATIENCE, unread: 20 });

    await endUnread(head('/large'));

    await vi.waitFor(() => expect(left).toEqual(['/large']), 10_000);
  });

  test('is not closed while its answer takes a while', async () => {
    const { askAndEnd } = await served({ ...CALLER_PATIENCE, unread: 5 });

    expect(await askAndEnd(head('/slow'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('is told to ask again when its answer takes too long, or others keep it waiting: work on a read ends', async () => {
    // So long that all have come before the first is told: then those that wait for its place are told as well.
    const { askAndEnd, begun, left } = await served({ ...CALLER_PATIENCE, answer: 1000 });

    const all = await Promise.all(Array.from({ length: 20 }, () => askAndEnd(head('/gone'))));

    expect(all.filter((told) => !TOO_BUSY.test(told))).toEqual([]);
    expect(begun.length).toBeLessThan(20);
    expect(left).toHaveLength(begun.length);
  });

  test('has each of its requests answered, when the first takes too long', async () => {
    const { askAndEnd } = await served({ ...CALLER_PATIENCE, answer: 100 });

    const told = await askAndEnd(head('/gone') + head('/here'));

    expect(told.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200']);
  });

  test('has an answer to its end that has begun, however long that takes', async () => {
    const { askAndEnd } = await served({ ...CALLER_PATIENCE, answer: ANSWER_TIME });

    const told = await askAndEnd(head('/pieces'));

    expect(told).toMatch(/^HTTP\/1\.1 200 OK\r\n.*begun .*done/s);
  });

  test('has its change carried out and answered, however long that takes', async () => {
    const { askAndEnd } = await served({ ...CALLER_PATIENCE, answer: ANSWER_TIME });

    const told = await askAndEnd('PUT /slower HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nwhole');

    expect(told).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('is answered, or told to ask again, however many have done so', async () => {
    const { askAndEnd } = await served();

    const all = await Promise.all(Array.from({ length: 600 }, () => askAndEnd(head('/slow'))));

    expect(all.filter((told) => !told.startsWith('HTTP/1.1 200 OK') && !TOO_BUSY.test(told))).toEqual([]);
  });

  test('gets no stream of events, which would have no end: its place is free', async () => {
    const { askAndEnd, begun, left } = await served();

    await askAndEnd(head('/events'));

    expect([begun, left]).toEqual([['/events'], ['/events']]);
  });

  test('has sent half of what it announced: it is refused, and nothing waits for the rest', async () => {
    const { askAndEnd } = await served();

    const told = await askAndEnd('PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf');

    expect(told).toMatch(/^(HTTP\/1\.1 400 Bad Request\r\n[\s\S]*)?$/);
  });
});

test('a caller of a stream of events that leaves is noticed at once', async () => {
  const { send, left } = await served();
  const socket = await send(head('/events'));
  await once(socket, 'data');

  socket.end();
  await once(socket, 'close');

  expect(left).toEqual(['/events']);
});

test('a request with a body that its caller has not sent whole is begun, and so is each of several on one connection', async () => {
  const { begun, send, ask } = await served();

  await send('PUT /long HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nbegun');
  const several = await send(Array.from({ length: CALLERS }, (_, number) => head(`/${number}`)).join(''));
  let told = '';
  several.setEncoding('utf8').on('data', (text: string) => (told += text));
  expect(await ask('/here')).toBe(200);
  while (told.split('\r\n\r\ndone').length <= CALLERS) await once(several, 'data');

  expect(begun.filter((path) => path === '/long' || path === '/here')).toEqual(['/long', '/here']);
  expect(begun.filter((path) => /^\/\d/.test(path))).toEqual(
    Array.from({ length: CALLERS }, (_, number) => `/${number}`),
  );
});
