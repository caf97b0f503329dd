import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SERVICE } from '../../src/platform/messages.ts';
import { askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { call, platformClient, Tunnel } from '../support/platform-client.ts';
import { PlatformPeer } from '../support/platform-peer.ts';
import { describeSystem, TestSegment } from '../support/system.ts';

const SECRET = 'the-secret-of-the-platform';
const READER = 'a-secret-for-reading';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

describeSystem("the port of the platform's protocol, among strangers", [], () => {
  let segment: TestSegment;
  let gateway: GatewayProcess;
  let tunnel: Tunnel;
  const sessions: ClientHttp2Session[] = [];

  beforeAll(async () => {
    segment = await TestSegment.open();
    const folder = segment.folder();
    const secrets = `${folder}/secrets`;
    segment.node.run('sh', '-c', `printf 'panel:write:${SECRET}\\nshow:read:${READER}\\n' > ${secrets}`);
    gateway = await segment.gateway({
      GATEWAY_GRPC_PORT: '1537',
      GATEWAY_API_SECRET_FILE: secrets,
      GATEWAY_METRICS_PORT: 'off',
      GATEWAY_NODE_NAME: 'pve1',
    });
    await gateway.until('its port is open', () =>
      gateway.log.some(({ msg }) => msg === "the platform's protocol is served"),
    );
    tunnel = await Tunnel.open(segment.node, 1537);
  });
  afterEach(() => {
    for (const session of sessions.splice(0)) session.destroy();
  });
  afterAll(async () => {
    tunnel.close();
    await segment.endAll();
    await segment.close();
  });

  const session = () => {
    const opened = connect('http://gateway.test', { createConnection: () => tunnel.connect() });
    opened.on('error', () => {});
    sessions.push(opened);
    return opened;
  };
  const HEAD = {
    ':method': 'POST',
    ':path': `/${SERVICE}/AllocateIP`,
    'content-type': 'application/json',
    'x-api-secret': SECRET,
  };
  const ask = (headers: OutgoingHttpHeaders, body: Uint8Array | string = '{}'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const stream = session().request({ ...HEAD, ...headers });
      const parts: Buffer[] = [];
      let head: { readonly status: number; readonly type: string } = { status: 0, type: '' };
      stream.on('response', (found) => {
        head = { status: Number(found[':status']), type: String(found['content-type']) };
      });
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('error', (error: NodeJS.ErrnoException) => head.status === 0 && reject(error));
      stream.on('close', () => resolve({ ...head, body: Buffer.concat(parts) }));
      stream.end(body);
    });
  const codeOf = ({ body }: Answer) => (JSON.parse(body.toString()) as { code: string }).code;
  /** As the platform calls it, whatever was done to the port before. */
  const works = async () =>
    expect(await call(platformClient(tunnel, SECRET), 'GetGatewayInfo')).toMatchObject({
      dhcpStatus: 'running',
    });

  test('who shows no secret, or a wrong one, is refused, and the log says what to do', async () => {
    await expect(call(platformClient(tunnel), 'ListIPs')).rejects.toThrow(
      '[unauthenticated] x-api-secret is missing',
    );
    await expect(call(platformClient(tunnel, 'wrong'), 'ListIPs')).rejects.toThrow(
      '[unauthenticated] x-api-secret is not the secret',
    );
    const stream = new PlatformPeer(platformClient(tunnel, 'wrong'));
    await eventually('the stream was refused', () => stream.hasEnded);
    const large = await ask({ 'x-api-secret': 'wrong' }, Buffer.alloc(1 << 20, '{'));
    for (let time = 0; time < 10; time += 1) await ask({ 'x-api-secret': 'wrong' });

    expect(String(stream.error)).toContain('[unauthenticated]');
    expect([large.status, codeOf(large)]).toEqual([401, 'unauthenticated']);
    expect(codeOf(await ask({ 'x-api-secret': 'wrong' }))).toBe('resource_exhausted');
    expect(gateway.log.find(({ msg }) => msg === 'a call of the platform is refused')).toMatchObject({
      level: 'warn',
      remedy: expect.stringContaining('GATEWAY_API_SECRET'),
    });
    await works();
  });

  test('a secret for reading may list, and change nothing', async () => {
    const reader = platformClient(tunnel, READER);

    expect(await call(reader, 'ListIPs')).toMatchObject({ allocations: [] });
    await expect(call(reader, 'AllocateIP', { vpsId: 'a' })).rejects.toThrow(
      '[permission_denied] the secret show',
    );
    await expect(call(reader, 'SyncAllocations')).rejects.toThrow('[permission_denied]');
    const stream = new PlatformPeer(reader);
    await eventually('the stream was refused', () => stream.hasEnded);
    expect(String(stream.error)).toContain('[permission_denied]');
  });

  test.each([
    ['another method', { ':method': 'PUT' }, 405, undefined],
    ['another content type', { 'content-type': 'application/grpc' }, 415, undefined],
    ['no content type', { 'content-type': '' }, 415, undefined],
    ['another service', { ':path': '/grpc.health.v1.Health/Check' }, 501, 'unimplemented'],
    ['another path', { ':path': '/' }, 501, 'unimplemented'],
    ['a call that there is not', { ':path': `/${SERVICE}/toString` }, 501, 'unimplemented'],
    ['a compressed message', { 'content-encoding': 'gzip' }, 501, 'unimplemented'],
    ['another version', { 'connect-protocol-version': '2' }, 400, 'invalid_argument'],
    ['a time that is none', { 'connect-timeout-ms': 'soon' }, 400, 'invalid_argument'],
    ['a stream as one message', { ':path': `/${SERVICE}/RegisterGateway` }, 501, 'unimplemented'],
  ] as const)('%s is answered, and nothing else happens', async (_, headers, status, code) => {
    const answer = await ask(headers);

    expect(answer.status).toBe(status);
    if (code !== undefined) expect(codeOf(answer)).toBe(code);
  });

  test('octets and texts that are no messages are invalid arguments', async () => {
    const proto = { 'content-type': 'application/proto' };

    for (const [headers, body] of [
      [proto, Buffer.from('0a05', 'hex')],
      [proto, Buffer.from('ff'.repeat(20), 'hex')],
      [{}, 'no json'],
      [{}, '[]'],
      [{}, '{"vpsId": 7}'],
      [{}, Buffer.from([0xff, 0xfe])],
    ] as const) {
      const answer = await ask(headers, body);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_argument']);
    }
    await works();
  });

  test('messages that are too long are refused, as one and in pieces, and the memory stays', async () => {
    const before = gateway.residentBytes();
    const one = await ask({ 'content-type': 'application/proto' }, Buffer.alloc(65_537));
    const list = await ask(
      { ':path': `/${SERVICE}/SyncAllocations`, 'content-type': 'application/proto' },
      Buffer.alloc(17 * 1024 * 1024, Buffer.from([0x0a, 0x00])),
    );
    const members = await ask(
      { ':path': `/${SERVICE}/SyncAllocations`, 'content-type': 'application/proto' },
      Buffer.alloc(8 * 1024 * 1024, Buffer.from([0x0a, 0x00])),
    );

    expect([one, list, members].map(codeOf)).toEqual([
      'resource_exhausted',
      'resource_exhausted',
      'invalid_argument',
    ]);
    expect(gateway.residentBytes() - before).toBeLessThan(250 * 1024 * 1024);
    await works();
  });

  test('a head that is too large is refused', async () => {
    expect((await ask({ 'x-padding': 'x'.repeat(9_000) })).status).toBe(431);
    expect((await ask({ 'x-padding': 'x'.repeat(60_000) })).status).toBe(431);
    await works();
  });

  test('HTTP/1.1 is told what is spoken here, and octets that are nothing are hung up on', async () => {
    const said = (octets: string) =>
      new Promise<string>((resolve) => {
        const socket = tunnel.connect();
        let text = '';
        socket.on('data', (part: Buffer) => (text += part.toString()));
        socket.on('error', () => {});
        socket.on('close', () => resolve(text));
        socket.write(octets);
      });

    expect(await said('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 505 .*prior knowledge/s);
    expect(await said('\x16\x03\x01\x02\x00')).toBe('');
    expect(await said('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame at all')).not.toContain('HTTP/1.1');
    await works();
  });

  test('streams that are opened and left, and those that are cut off, hold nobody up', async () => {
    const open = session();
    const half = Array.from({ length: 40 }, () => open.request(HEAD));
    for (const stream of half) stream.on('error', () => {});
    for (const stream of half.slice(0, 20)) stream.write('{"vps');
    for (const stream of half.slice(0, 10)) stream.close(constants.NGHTTP2_CANCEL);
    await works();
    open.destroy();
    const peers = await Promise.all(
      [1, 2, 3].map(() => PlatformPeer.register(platformClient(tunnel, SECRET))),
    );

    expect(peers.map(({ hasEnded }) => hasEnded)).toEqual([false, false, false]);
    for (const peer of peers) peer.close();
    await works();
  });

  test('a stream whose peer dies is noticed, and the platform may come back', async () => {
    const dying = await Tunnel.open(segment.node, 1537);
    const peer = await PlatformPeer.register(platformClient(dying, SECRET), 'dying');
    dying.close();
    await gateway.until('its end was noticed', () =>
      gateway.log.some(({ msg, name }) => msg === 'the platform has gone' && name === 'dying'),
    );
    const again = await PlatformPeer.register(platformClient(tunnel, SECRET), 'dying');

    expect(peer.hasEnded).toBe(true);
    expect(await again.sync([])).toMatchObject({ success: true });
    again.close();
  });

  test('what is wrong on a stream ends it with the reason', async () => {
    const head = { ':path': `/${SERVICE}/RegisterGateway`, 'content-type': 'application/connect+proto' };
    const envelope = (octets: readonly number[]) => Buffer.from([0, 0, 0, 0, octets.length, ...octets]);
    const endOf = ({ body }: Answer) =>
      JSON.parse(body.subarray(5).toString()) as { error?: { code: string } };

    const malformed = await ask(head, envelope([0x0a, 0x05]));
    const noRegistration = await ask(head, envelope([0x0a, 8, ...Buffer.from('register')]));
    const huge = await ask(head, Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
    const compressed = await ask(head, Buffer.from([1, 0, 0, 0, 1, 1]));

    expect([malformed, noRegistration, huge, compressed].map((each) => endOf(each).error?.code)).toEqual([
      'invalid_argument',
      'invalid_argument',
      'resource_exhausted',
      'unimplemented',
    ]);
    await works();
  });

  test('while its port is taken, health says so and guests are served; then it is opened', async () => {
    const squatter = segment.node.spawn(
      process.execPath,
      ['-e', "require('node:net').createServer().listen(1538, '127.0.0.1', () => console.log('open'))"],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (squatter.stdout !== null) await new Promise((resolve) => squatter.stdout?.once('data', resolve));
    await gateway.end();
    gateway = await segment.gateway({
      GATEWAY_GRPC_PORT: '1538',
      GATEWAY_API_SECRET: SECRET,
      GATEWAY_METRICS_PORT: 'off',
    });
    const warned = await eventually('health told of it', async () => {
      const { text } = await askApi(gateway, '/api/v1/warnings').catch(() => ({ text: '' }));
      return text.includes('"platform"') && text;
    });
    const leased = await segment.client().lease('52:54:00:51:00:01');
    squatter.kill('SIGKILL');
    await gateway.until('the port was open', () =>
      gateway.log.some(({ msg }) => msg === "the platform's protocol is served"),
    );

    expect(warned).toContain('GATEWAY_GRPC_PORT');
    expect(leased.type).toBe(5);
    await eventually('nothing was wrong any more', async () => {
      const { text } = await askApi(gateway, '/api/v1/warnings');
      return !text.includes('"platform"');
    });
  });
});
