import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { httpServer } from '../../src/management/listen/http-server.ts';

const CALLERS = 300;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server on a Unix socket, and the paths of the requests that it has begun. */
async function served() {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-gone-'));
  const socketPath = join(folder, 'api.sock');
  const begun: string[] = [];
  const server = httpServer('unix', ({ url }) => {
    begun.push(new URL(url).pathname);
    return new Response('done');
  });
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
  return { begun, send, ask };
}

const head = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test('a request whose caller has gone is not begun, and one that comes later does not wait for its work', async () => {
  const { begun, send, ask } = await served();
  const gone = Array.from({ length: CALLERS }, async (_, number) => {
    (await send(head(`/gone/${number}`))).destroy();
  });

  await Promise.all(gone);

  expect(await ask('/here')).toBe(200);
  expect(begun).toEqual(['/here']);
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
