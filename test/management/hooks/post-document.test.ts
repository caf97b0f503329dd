import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type WebhookOptions, webhookDelivery } from '../../../src/management/hooks/post-document.ts';
import { certify } from '../../support/certificates.ts';
import { missingOf } from '../../support/system.ts';

const DOCUMENT = { id: 's-7', text: '{"changes":[]}\n' };
const NOW = 1_800_000_000_999;

interface Heard {
  readonly headers: IncomingMessage['headers'];
  readonly line: string;
  readonly body: string;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that notes what it hears and answers with a status; none: it never answers. */
function answering(heard: Heard[], status?: number, headers = {}): RequestListener {
  return (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      heard.push({ headers: request.headers, line: `${request.method} ${request.url}`, body });
      if (status !== undefined) response.writeHead(status, headers).end('x'.repeat(100_000));
    });
  };
}

function delivery(url: string, more: Partial<WebhookOptions> = {}) {
  const options = {
    secret: undefined,
    ca: undefined,
    milliseconds: 20_000,
    version: '1.2.3',
    now: () => NOW,
  };
  return webhookDelivery({ url, ...options, ...more });
}

async function outcomeOf(status?: number, more: Partial<WebhookOptions> = {}, headers = {}) {
  const heard: Heard[] = [];
  const port = await listening(createServer(answering(heard, status, headers)));
  const outcome = await delivery(`http://127.0.0.1:${port}/leases?of=pve1`, more).deliver(DOCUMENT);
  return { outcome, heard };
}

test('a document is sent by POST as JSON, with its id; unsigned where there is no secret', async () => {
  const { outcome, heard } = await outcomeOf(204);

  expect(outcome).toEqual({ kind: 'taken' });
  expect(heard).toMatchObject([
    {
      line: 'POST /leases?of=pve1',
      body: DOCUMENT.text,
      headers: {
        'content-type': 'application/json',
        'webhook-id': 's-7',
        'webhook-timestamp': '1800000000',
        'user-agent': 'vps-gateway/1.2.3',
      },
    },
  ]);
  expect(heard[0]?.headers).not.toHaveProperty('webhook-signature');
});

test.each([
  ['a word', 'secret', Buffer.from('secret')],
  ['whsec_ and base64', 'whsec_AAECAwQF', Buffer.from([0, 1, 2, 3, 4, 5])],
])('a request is signed with a secret that is %s', async (_what, secret, key) => {
  const { heard } = await outcomeOf(200, { secret });

  const signed = createHmac('sha256', key).update(`s-7.1800000000.${DOCUMENT.text}`).digest('base64');
  expect(heard[0]?.headers['webhook-signature']).toBe(`v1,${signed}`);
  expect(JSON.stringify(heard)).not.toContain(secret);
});

test.each([
  [400, false],
  [401, false],
  [404, false],
  [301, false],
  [408, true],
  [429, true],
  [500, true],
  [503, true],
])('an answer of %i is a failure; sent again: %s', async (status, mayRepeat) => {
  const { outcome, heard } = await outcomeOf(status, {}, { location: 'http://127.0.0.1:1/elsewhere' });

  expect(outcome).toEqual({ kind: 'failed', cause: `it answered ${status}`, isTimeout: false, mayRepeat });
  expect(heard).toHaveLength(1);
});

test('a server that does not answer is given up when its time is over', async () => {
  const { outcome } = await outcomeOf(undefined, { milliseconds: 100 });

  expect(outcome).toEqual({
    ...{ kind: 'failed', cause: 'no answer within 0.1 seconds' },
    ...{ isTimeout: true, mayRepeat: true },
  });
});

test('a server that refuses gets the document when it is there again', async () => {
  const heard: Heard[] = [];
  const before = createServer();
  const port = await listening(before);
  await new Promise((resolve) => before.close(resolve));
  const webhook = delivery(`http://127.0.0.1:${port}/`);

  const refused = await webhook.deliver(DOCUMENT);
  const after = createServer(answering(heard, 200));
  await new Promise<void>((resolve) => after.listen(port, '127.0.0.1', resolve));
  const taken = await webhook.deliver(DOCUMENT);
  await new Promise((resolve) => after.close(resolve));

  expect(refused).toMatchObject({ kind: 'failed', cause: 'ECONNREFUSED', mayRepeat: true });
  expect(taken).toEqual({ kind: 'taken' });
  expect(heard).toMatchObject([{ body: DOCUMENT.text }]);
});

test('a request that is under way ends with the gateway', async () => {
  const heard: Heard[] = [];
  const port = await listening(createServer(answering(heard)));
  const webhook = delivery(`http://127.0.0.1:${port}/`);

  const outcome = webhook.deliver(DOCUMENT);
  webhook.end();

  expect(await outcome).toMatchObject({ kind: 'failed', isTimeout: false });
});

test.skipIf(missingOf(['openssl']) !== undefined)(
  'TLS: a certificate is believed by the authority of the settings, and by no other one',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-webhook-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    certify(folder);
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const heard: Heard[] = [];
    const server = createSecureServer({ cert: read('own.pem'), key: read('own.key') }, answering(heard, 200));
    const url = `https://127.0.0.1:${await listening(server)}/`;

    const believed = await delivery(url, { ca: read('ca.pem') }).deliver(DOCUMENT);
    const unknown = await delivery(url).deliver(DOCUMENT);

    expect(believed).toEqual({ kind: 'taken' });
    expect(unknown).toMatchObject({ kind: 'failed', mayRepeat: true });
    expect(heard).toHaveLength(1);
  },
);

test('a webhook that answers with another protocol has not taken it', async () => {
  const server = createServer();
  server.on('upgrade', () => {});
  server.on('connection', (socket) =>
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n'),
    ),
  );
  const port = await listening(server);

  expect(await delivery(`http://127.0.0.1:${port}/`).deliver(DOCUMENT)).toEqual({
    kind: 'failed',
    cause: 'it answered 101',
    isTimeout: false,
    mayRepeat: false,
  });
});
