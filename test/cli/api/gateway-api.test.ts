import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { authorOfCommand } from '../../../src/cli/api/author.ts';
import { GatewayApi } from '../../../src/cli/api/gateway-api.ts';
import { ApiProblem } from '../../../src/management/http/problem.ts';
import { API_SOCKET } from '../../../src/management/listen/socket-file.ts';

const ORDER = { method: 'POST', path: '/leases/10.15.3.20/release' } as const;
const directory = mkdtempSync(join(tmpdir(), 'api-'));
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(join(directory, API_SOCKET), { force: true });
});

async function answering(answer: RequestListener): Promise<GatewayApi> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(join(directory, API_SOCKET), resolve));
  return new GatewayApi(directory);
}

async function refusing(
  status: number,
  word: string,
  errors?: ApiProblem['parts']['errors'],
): Promise<GatewayApi> {
  const problem = new ApiProblem({
    status,
    word,
    title: 'No',
    detail: 'it is\u001b[31m so',
    ...(errors && { errors }),
  });
  const body = await problem.response().text();
  return answering((_request, response) => response.writeHead(status).end(body));
}

test('an order whose answer is lost may be done or not, and that is said; a question is just not answered', async () => {
  const api = await answering((request) => request.socket.destroy());

  await expect(api.order(ORDER)).rejects.toMatchObject({
    code: 'outcome-unknown',
    exitStatus: 75,
    message: expect.stringMatching(/may be done or not\nto mend it: look/),
  });
  await expect(api.get('/leases')).rejects.toMatchObject({ code: 'no-gateway', exitStatus: 69 });
});

test('an answer that breaks off in its middle is none', async () => {
  const api = await answering((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"a":', () => response.destroy());
  });

  await expect(api.order(ORDER)).rejects.toMatchObject({ code: 'outcome-unknown' });
});

test.each([
  [400, 'bad-request', 78],
  [404, 'not-leased', 1],
  [409, 'leased', 65],
  [412, 'another-version', 65],
  [422, 'empty-set', 65],
  [429, 'too-many', 69],
  [500, 'broken', 75],
  [503, 'cannot-store', 69],
  [503, 'outcome-unknown', 75],
])('%i %s of an order is exit status %i', async (status, word, exitStatus) => {
  const api = await refusing(status, word);

  await expect(api.order(ORDER)).rejects.toMatchObject({ exitStatus, word });
});

test('a refusal names each part that is wrong, and what to type next, and controls no terminal', async () => {
  const api = await refusing(422, 'body-has-faults', [
    { pointer: '/mac/0', detail: 'is not\na MAC address' },
  ]);

  await expect(api.order({ ...ORDER, remedies: { 'body-has-faults': 'mend it' } })).rejects.toThrow(
    'it is?[31m so\n  /mac/0: is not?a MAC address\nto mend it: mend it',
  );
});

test('an order that surely was not carried out says that nothing was changed', async () => {
  const api = await refusing(503, 'too-busy');

  await expect(api.order(ORDER)).rejects.toThrow(/; nothing was changed\nto mend it: wait/);
});

test('what is no JSON is of another version', async () => {
  const api = await answering((_request, response) => response.end('<html>'));

  await expect(api.get('/leases')).rejects.toThrow(/is not understood\nto mend it: ask with the version/);
});

test('an order names who types it, a question does not', async () => {
  const heard: unknown[] = [];
  const api = await answering((request, response) => {
    heard.push(request.headers['x-author']);
    response.end('{}');
  });

  await api.order(ORDER);
  await api.get('/leases');

  expect(heard).toEqual([authorOfCommand(), undefined]);
});

test('the author is the local user; behind sudo who called it; never what a header could not have', () => {
  const isRoot = process.getuid?.() === 0;

  expect(authorOfCommand({})).toMatch(/^cli:[\w.@-]+$/);
  expect(authorOfCommand({ SUDO_USER: 'alice' })).toBe(isRoot ? 'cli:alice' : authorOfCommand({}));
  expect(authorOfCommand({ SUDO_USER: 'a\nb: ü' })).toBe(isRoot ? 'cli:a_b___' : authorOfCommand({}));
});

test.each([
  [200, 'null'],
  [200, '5'],
  [200, '{}'],
  [200, '{"items": null}'],
  [200, '{"items": [null]}'],
  [500, 'null'],
  [500, '"text"'],
])('an answer %i that is not understood is said to be so, whatever it is: %s', async (status, body) => {
  const api = await answering((_request, response) => response.writeHead(status).end(body));

  await expect(api.list('/reservations')).rejects.toMatchObject({
    code: 'no-gateway',
    message: expect.stringMatching(/is not understood\nto mend it: /),
  });
});

test('of a refusal is said what is understood of it', async () => {
  const body = '{"type": 7, "title": null, "detail": 5, "errors": [null, {"pointer": "/mac", "detail": 3}]}';
  const api = await answering((_request, response) => response.writeHead(400).end(body));

  await expect(api.get('/leases')).rejects.toMatchObject({
    message: expect.stringMatching(/^the gateway refuses\n.*\n {2}\/mac: 3$/),
  });
});
