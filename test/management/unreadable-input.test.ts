import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { httpServer } from '../../src/management/listen/http-server.ts';
import { eventually } from '../support/eventually.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/**
 * Sends the pieces, a while apart, and reads until the server ends the connection. What is below /slow takes a while; behind
 * /begun the next piece goes when the answer has begun.
 */
async function told(...pieces: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-unreadable-'));
  const path = join(folder, 'api.sock');
  const server = httpServer('unix', async ({ url, body }) => {
    const { pathname } = new URL(url);
    if (pathname.startsWith('/slow')) await delay(50);
    if (pathname === '/begun') return new Response(neverEnding('begun'));
    return new Response(`${pathname} ${body === null ? 'read' : await new Response(body).text()}`);
  });
  server.listen(path);
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const ended = new Promise<void>((resolve) => socket.on('error', () => {}).once('close', () => resolve()));
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await delay(5);
    if (pieces[index - 1]?.includes('/begun')) await eventually('it begins', () => text.includes('begun'));
    socket.write(piece);
  }
  await ended;
  return text;
}

function neverEnding(beginning: string): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(beginning)),
    pull: () => new Promise(() => {}),
  });
}

/** The status and the text of each answer, in their order. */
function answers(text: string): readonly string[] {
  return text
    .split(/(?=HTTP\/1\.1 \d)/)
    .map((answer) => `${answer.slice(9, 12)} ${answer.split('\r\n\r\n').slice(1).join()}`);
}

const NONSENSE = 'nonsense\r\n\r\n';
const REFUSED = '400 {"type":"about:blank","title":"Bad Request","status":400}';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const put = (path: string) => `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nwhole`;
const chunked = (path: string) =>
  `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`;

describe('RFC 9112 §9.3.2: what is no HTTP is refused after the answers to the requests before it', () => {
  test.each([
    ['a change', [put('/slow') + NONSENSE], ['200 /slow whole', REFUSED]],
    ['a change, in a piece of its own', [put('/slow'), NONSENSE], ['200 /slow whole', REFUSED]],
    [
      'several requests',
      [get('/slow/1') + put('/2') + get('/slow/3') + NONSENSE],
      ['200 /slow/1 read', '200 /2 whole', '200 /slow/3 read', REFUSED],
    ],
    [
      'a change, and more of the kind follows',
      [put('/slow') + NONSENSE, NONSENSE, get('/late')],
      ['200 /slow whole', REFUSED],
    ],
    [
      'a request, and a body that cannot be read',
      [`${get('/slow') + chunked('/never')}zz\r\n`],
      ['200 /slow read', REFUSED],
    ],
    [
      'a head that is too large',
      [`${put('/slow')}GET /${'x'.repeat(9000)}`],
      [
        '200 /slow whole',
        '431 {"type":"about:blank","title":"Request Header Fields Too Large","status":431}',
      ],
    ],
    ['nothing', [NONSENSE], [REFUSED]],
  ])('%s', async (_, sent, wanted) => {
    expect(answers(await told(...sent))).toEqual(wanted);
  });

  test('where the answer has begun to the very request that cannot be read further, the connection ends with it', async () => {
    expect(answers(await told(chunked('/begun'), 'zz\r\n'))).toEqual(['200 5\r\nbegun\r\n']);
  });

  test('a request that asks to close the connection is the last that is answered', async () => {
    const last = get('/slow').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

    expect(answers(await told(last + NONSENSE))).toEqual(['200 /slow read']);
  });
});
