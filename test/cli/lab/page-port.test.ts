import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PagePort } from '../../../src/cli/lab/page-port.ts';
import { GatewayError } from '../../../src/errors.ts';

let folder: string;
let port: PagePort;
const servers = new Map<string, Server>();
const socketOf = (name: string) => join(folder, `${name}.sock`);

/** What listens at a gateway's socket; without a listener of its own it tells what it was asked. */
async function live(name: string, listener: RequestListener = tellBack(name)): Promise<void> {
  const server = createServer(listener);
  server.listen(socketOf(name));
  await once(server, 'listening');
  servers.set(name, server);
}

function tellBack(name: string): RequestListener {
  return async ({ method, url, headers, ...asked }, answer) => {
    void asked;
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ name, method, url, headers }));
  };
}

async function die(name: string): Promise<void> {
  const server = servers.get(name);
  servers.delete(name);
  server?.close();
  server?.closeAllConnections();
  await new Promise(setImmediate);
}

interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

async function open(path: string, { method = 'GET', headers = {}, body }: Question = {}) {
  const asked = request({ host: '127.0.0.1', port: port.port, path, method, headers, agent: false });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { asked, answer };
}

async function ask(path: string, question: Question = {}) {
  const { answer } = await open(path, question);
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  return { status: answer.statusCode, headers: answer.headers, text };
}

/** The cookie of a browser that has opened the printed link. */
async function letIn(): Promise<{ cookie: string }> {
  const { headers } = await ask(pathOf(port.newLink()));
  return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
}

function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vps-gateway-page-port-'));
  port = await PagePort.open(['node1', 'node2'].map((name) => ({ name, socket: socketOf(name) })));
});
afterEach(async () => {
  await port.close();
  for (const name of [...servers.keys()]) await die(name);
  rmSync(folder, { recursive: true });
});

describe('who is let in to the page of a lab', () => {
  beforeEach(() => live('node1'));

  test('the printed link lets in one browser once, and leaves no token in its address', async () => {
    const link = port.newLink();

    const first = await ask(pathOf(link));
    const second = await ask(pathOf(link));
    const cookie = first.headers['set-cookie']?.[0] ?? '';
    const page = await ask('/', { headers: { cookie: `other=1; ${cookie.split(';')[0]}` } });

    expect(link).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port.port}/\\?token=[\\w-]{43}$`));
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(first.headers['cache-control']).toBe('no-store');
    expect([second.status, second.headers['set-cookie']]).toEqual([401, undefined]);
    expect(second.text).toContain('This link was used already');
    expect(page.status).toBe(200);
  });

  test('without the link the page says in plain words what is missing, whatever is asked for', async () => {
    port.newLink();
    const wrong = { cookie: `vps-gateway-lab-${port.port}=${'A'.repeat(43)}` };

    for (const path of ['/', '/api/v1/info', '/node1/', '/assets/x/main.js']) {
      for (const headers of [{}, wrong]) {
        const { status, text, headers: told } = await ask(path, { headers });
        expect([path, status]).toEqual([path, 401]);
        expect(text).toContain('Open this page by the link');
        expect(told['content-security-policy']).toMatch(/^default-src 'none'/);
      }
    }
    expect((await ask('/?token=wrong')).status).toBe(401);
    expect((await ask('/?token=')).status).toBe(401);
  });

  test('whoever only looks ahead at the link does not use it up', async () => {
    const path = pathOf(port.newLink());

    const looks = [
      await ask(path, { method: 'HEAD' }),
      await ask(path, { headers: { 'sec-purpose': 'prefetch;prerender' } }),
      await ask(path, { method: 'POST' }),
    ];

    expect(looks.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await ask(path)).status).toBe(303);
  });

  test('a new link ends the one before, and not what a browser may that came by it', async () => {
    const unused = pathOf(port.newLink());
    const known = await letIn();

    expect((await ask(unused)).status).toBe(401);
    await letIn();
    expect((await ask('/', { headers: known })).status).toBe(200);
    // The same browser, once more by a link.
    const again = await ask('/node1/?token=x&a=1', { headers: known });
    expect([again.status, again.headers.location]).toEqual([303, '/node1/?a=1']);
  });

  test('a link never leads to another machine', async () => {
    const token = pathOf(port.newLink()).slice(2);

    const { headers } = await ask(`//example.net/x?${token}`);

    expect(headers.location).toBe('/example.net/x');
  });

  test('a name that leads here but is not ours is refused: DNS rebinding', async () => {
    const known = await letIn();
    const own = [`127.0.0.1:${port.port}`, `LOCALHOST:${port.port}`, `[::1]:${port.port}`];
    const foreign = [
      ...[`evil.example:${port.port}`, '127.0.0.1', `127.0.0.1:${port.port + 1}`, 'localhost'],
      ...[`10.15.3.10:${port.port}`, `localhost.:${port.port}`, `127.0.0.1:${port.port}@evil`],
    ];

    for (const host of own)
      expect([host, (await ask('/', { headers: { ...known, host } })).status]).toEqual([host, 200]);
    for (const host of foreign) {
      const { status, text } = await ask(pathOf(port.newLink()), { headers: { host } });
      expect([host, status]).toEqual([host, 403]);
      expect(text).toContain('This name is not the lab’s');
    }
  });

  test('a page of another address may not ask, although the browser is known', async () => {
    const known = await letIn();
    const statusFrom = async (origin: string) =>
      (await ask('/api/v1/reload', { method: 'POST', headers: { ...known, origin } })).status;

    expect(await statusFrom('http://evil.example')).toBe(403);
    expect(await statusFrom('null')).toBe(403);
    expect(await statusFrom(`http://127.0.0.1:${port.port + 1}`)).toBe(403);
    expect(await statusFrom(`http://127.0.0.1:${port.port}`)).toBe(200);
  });
});

describe('what the page of a lab passes on', () => {
  let known: { cookie: string };
  const asJson = async (path: string, question: Question = {}) =>
    JSON.parse((await ask(path, { ...question, headers: { ...known, ...question.headers } })).text);
  beforeEach(async () => {
    known = await letIn();
  });

  test('a path for each gateway, and / for the first one that lives, for as long as it does', async () => {
    await live('node2');
    expect(await asJson('/')).toMatchObject({ name: 'node2', url: '/' });
    await live('node1');

    expect(await asJson('/api/v1/info?q=a%2Fb')).toMatchObject({
      name: 'node2',
      url: '/api/v1/info?q=a%2Fb',
    });
    expect(await asJson('/node1/api/v1/info?x=1')).toMatchObject({ name: 'node1', url: '/api/v1/info?x=1' });
    await die('node2');
    expect(await asJson('/')).toMatchObject({ name: 'node1' });
    expect((await ask('/node2/', { headers: known })).status).toBe(502);
    const bare = await ask('/node1?a=1', { headers: known });
    expect([bare.status, bare.headers.location]).toEqual([303, '/node1/?a=1']);
  });

  test('where no gateway lives, it says so, and tries again each time', async () => {
    const dead = await ask('/', { headers: known });
    await live('node1');

    expect([dead.status, dead.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    expect(dead.text).toContain('No gateway answers here');
    expect((await ask('/', { headers: known })).status).toBe(200);
  });

  test('headers of the request, but for the cookie, what is of one connection, and an author of its own', async () => {
    await live('node1');

    const { headers } = await asJson('/', {
      headers: {
        'x-author': 'root',
        connection: 'x-hop',
        'x-hop': '1',
        te: 'trailers',
        'last-event-id': '7-1',
      },
    });

    expect(headers).toMatchObject({ 'x-author': 'lab-page', 'last-event-id': '7-1', connection: 'close' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(headers).not.toHaveProperty('x-hop');
    expect(headers).not.toHaveProperty('te');
  });

  test('bodies of any length, known or not, both ways', async () => {
    await live('node1', async (asked, answer) => {
      answer.writeHead(201, { 'x-length': asked.headers['content-length'] ?? 'none', etag: '"1"' });
      asked.pipe(answer);
    });
    const body = 'x'.repeat(3_000_000);

    const whole = await ask('/', {
      method: 'PUT',
      headers: { ...known, 'content-length': body.length },
      body,
    });
    const inPieces = await ask('/', {
      method: 'DELETE',
      headers: { ...known, 'transfer-encoding': 'chunked' },
      body,
    });

    expect(whole.headers).toMatchObject({ 'x-length': String(body.length), etag: '"1"' });
    expect([whole.status, whole.text === body]).toEqual([201, true]);
    expect([inPieces.headers['x-length'], inPieces.text === body]).toEqual(['none', true]);
  });

  test('an answer that comes before the whole request was sent', async () => {
    await live('node1', (_, answer) => answer.writeHead(413, { connection: 'close' }).end('too large'));
    const asked = request({
      ...{ host: '127.0.0.1', port: port.port, method: 'PUT', agent: false },
      headers: { ...known, 'content-length': 1_000_000 },
    });
    asked.write('x');

    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    asked.destroy();

    expect([answer.statusCode, text]).toEqual([413, 'too large']);
  });

  test('events as they come; a browser that goes ends the stream at the gateway too', async () => {
    let stream: ServerResponse | undefined;
    await live('node1', (_, answer) => {
      stream = answer.writeHead(200, { 'content-type': 'text/event-stream' });
      stream.flushHeaders();
    });

    const { asked, answer } = await open('/api/v1/events', { headers: known });
    answer.setEncoding('utf8').on('error', () => {});
    const heard: string[] = [];
    for (const each of ['id: 1\n\n', 'id: 2\n\n']) {
      stream?.write(each);
      heard.push(String((await once(answer, 'data'))[0]));
    }
    const closed = once(stream ?? asked, 'close');
    asked.destroy();
    await closed;

    expect(heard).toEqual(['id: 1\n\n', 'id: 2\n\n']);
  });

  test('a gateway that dies while it answers: the answer is broken off, and not taken for whole', async () => {
    await live('node1', (_, answer) => {
      answer.writeHead(200).write('half');
    });

    const { answer } = await open('/', { headers: known });
    await once(answer, 'data');
    const failed = once(answer, 'error');
    await die('node1');

    expect(String((await failed)[0])).toContain('aborted');
    expect(answer.complete).toBe(false);
  });

  test('a gateway that dies before it answers: the page says that none does', async () => {
    await live('node1', ({ socket }) => socket.destroy());

    expect((await ask('/', { headers: known })).status).toBe(502);
  });
});

describe('the port of the page', () => {
  test('is another one than that of a lab beside it, and one that is taken is told by name', async () => {
    const beside = await PagePort.open([]);
    const taken = createTcpServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: number } = taken.address() as { port: number };

    const failed = await PagePort.open([], number).catch((error: unknown) => error);
    await beside.close();
    taken.close();

    expect(beside.port).not.toBe(port.port);
    expect(failed).toBeInstanceOf(GatewayError);
    expect(String(failed)).toMatch(new RegExp(`port ${number} cannot be opened \\(EADDRINUSE\\)`));
  });

  test('closing ends what is under way', async () => {
    await live('node1', (_, answer) => answer.writeHead(200).flushHeaders());
    const known = await letIn();
    const closing = await PagePort.open([{ name: 'node1', socket: socketOf('node1') }]);
    const cookie = await fetch(closing.newLink(), { redirect: 'manual' });
    const own = cookie.headers.get('set-cookie')?.split(';')[0] ?? '';
    const stream = await fetch(`http://127.0.0.1:${closing.port}/`, { headers: { cookie: own } });

    await closing.close();

    await expect(stream.text()).rejects.toThrow();
    expect((await open('/', { headers: known })).answer.statusCode).toBe(200);
  });
});
