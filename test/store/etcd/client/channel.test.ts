import { getEventListeners, once } from 'node:events';
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/lease/system-clock.ts';
import { Channel } from '../../../../src/store/etcd/client/channel.ts';
import { Connection } from '../../../../src/store/etcd/client/connection.ts';
import { GrpcEtcd } from '../../../../src/store/etcd/client/grpc-etcd.ts';
import { MemberName } from '../../../../src/store/etcd/client/member-name.ts';
import { STATUS } from '../../../../src/store/etcd/client/status-codes.ts';

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
const PATIENCE = 5000;
const NOTHING = new Uint8Array(0);

/** A message with its prefix, by gRPC's own words. */
function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

test('an attempt to connect that has failed leaves nothing at the signal that would have ended it', async () => {
  const { signal } = new AbortController();
  const name = new MemberName('127.0.0.1', systemClock);

  for (let attempt = 0; attempt < 3; attempt += 1)
    await expect(
      Connection.open({ name, host: '127.0.0.1', port: 1, tls: undefined, clock: systemClock, signal }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });

  await expect.poll(() => getEventListeners(signal, 'abort')).toEqual([]);
});

test('an attempt to connect ends with its signal', async () => {
  const closing = new AbortController();
  const name = new MemberName('127.0.0.1', systemClock);
  closing.abort();

  await expect(
    Connection.open({
      name,
      host: '127.0.0.1',
      port: 1,
      tls: undefined,
      clock: systemClock,
      signal: closing.signal,
    }),
  ).rejects.toThrow('the client is closed');
});

describe('a call of gRPC to a server that speaks HTTP/2', () => {
  let server: Http2Server;
  let channel: Channel;
  let endpoint: string;
  let answer: (stream: ServerHttp2Stream, body: Buffer) => void;
  let sessions: number;

  beforeEach(async () => {
    sessions = 0;
    server = createServer();
    server.on('session', () => (sessions += 1));
    server.on('stream', (stream) => {
      const parts: Buffer[] = [];
      const reply = answer;
      stream.on('error', () => undefined);
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => reply(stream, Buffer.concat(parts)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    endpoint = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    channel = new Channel({ endpoint, tls: undefined, clock: systemClock });
  });
  afterEach(() => {
    channel.close();
    server.close();
  });

  const call = (message: Uint8Array = NOTHING) => channel.call('/a.B/C', 'secret', message, PATIENCE);

  /** Sends the pieces, one after the other has left, and the status behind them. */
  function sendAll(stream: ServerHttp2Stream, pieces: readonly Buffer[], status = '0'): void {
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    const [first, ...others] = pieces;
    if (first === undefined) stream.end();
    else stream.write(first, () => setImmediate(() => sendRest(stream, others)));
  }
  function sendRest(stream: ServerHttp2Stream, [next, ...others]: readonly Buffer[]): void {
    if (next === undefined) stream.end();
    else stream.write(next, () => setImmediate(() => sendRest(stream, others)));
  }

  test('sends the message with its prefix, and the token', async () => {
    const heard: unknown[] = [];
    server.on('stream', (_stream, headers) =>
      heard.push(headers[':path'], headers['content-type'], headers['te'], headers['token']),
    );
    answer = (stream, body) => {
      heard.push(body.toString('hex'));
      sendAll(stream, [framed(Buffer.from('yes'))]);
    };

    expect(Buffer.from(await call(Buffer.from([1, 2, 3]))).toString()).toBe('yes');
    expect(heard).toEqual(['/a.B/C', 'application/grpc', 'trailers', 'secret', '0000000003010203']);
  });

  test('reads an answer that comes byte by byte', async () => {
    const whole = framed(Buffer.from('an answer'));
    answer = (stream) =>
      sendAll(
        stream,
        [...whole.keys()].map((at) => whole.subarray(at, at + 1)),
      );

    expect(Buffer.from(await call()).toString()).toBe('an answer');
  });

  test('reads an answer of megabytes, and one of nothing', async () => {
    const large = Buffer.alloc(9_000_000, 7);
    answer = (stream) => sendAll(stream, [framed(large)]);
    expect(large.equals(await call())).toBe(true);

    answer = (stream) => sendAll(stream, [framed(Buffer.alloc(0))]);
    expect((await call()).byteLength).toBe(0);
  });

  test('reads several messages of one piece, each whole', async () => {
    answer = (stream) => {
      const [one, two] = [framed(Buffer.from('one')), framed(Buffer.from('two'))];
      sendAll(stream, [Buffer.concat([one, two.subarray(0, 6)]), two.subarray(6)]);
    };
    const heard: string[] = [];
    const ended = new Promise((resolve) => {
      void channel
        .open('/a.B/C', '', { message: (bytes) => heard.push(bytes.toString()), closed: resolve })
        .then(({ stream }) => stream.end());
    });

    expect(await ended).toBeUndefined();
    expect(heard).toEqual(['one', 'two']);
  });

  test.each<[string, (stream: ServerHttp2Stream) => void, number, string]>([
    [
      'a status without a body, its text as in a URL',
      (stream) =>
        stream.respond(
          { ...HEADERS, 'grpc-status': '7', 'grpc-message': 'no%20right: 100%25' },
          { endStream: true },
        ),
      STATUS.PERMISSION_DENIED,
      'no right: 100%',
    ],
    [
      'a status after a message',
      (stream) => sendAll(stream, [framed(Buffer.from('x'))], '14'),
      STATUS.UNAVAILABLE,
      '',
    ],
    ['no message', (stream) => sendAll(stream, []), STATUS.UNKNOWN, 'without a message'],
    [
      'a page of another server',
      (stream) => {
        stream.respond({ ':status': 404, 'content-type': 'text/html' });
        stream.end('<html>');
      },
      STATUS.UNAVAILABLE,
      'HTTP status 404',
    ],
    [
      'a message that is compressed',
      (stream) => sendAll(stream, [framed(Buffer.from('x'), 1)]),
      STATUS.UNAVAILABLE,
      'compressed',
    ],
    [
      'a message that would be too long',
      (stream) => sendAll(stream, [Buffer.from([0, 0x7f, 0xff, 0xff, 0xff])]),
      STATUS.UNAVAILABLE,
      'too long',
    ],
    [
      'a stream that is broken off',
      (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      STATUS.UNAVAILABLE,
      'NGHTTP2_INTERNAL_ERROR',
    ],
    [
      'half a message, and the end',
      (stream) => {
        stream.respond(HEADERS);
        stream.end(framed(Buffer.from('whole')).subarray(0, 7));
      },
      STATUS.UNAVAILABLE,
      'the connection was lost',
    ],
    ['a connection that is ended', (stream) => stream.session?.destroy(), STATUS.UNAVAILABLE, ''],
  ])('fails with %s', async (_title, reply, code, message) => {
    answer = reply;

    await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('has a new connection after a GOAWAY, and after one that was lost', async () => {
    answer = (stream) => {
      sendAll(stream, [framed(Buffer.from('yes'))]);
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
    };
    await call();
    answer = (stream) => stream.session?.destroy();
    await expect(call()).rejects.toMatchObject({ code: STATUS.UNAVAILABLE });
    answer = (stream) => sendAll(stream, [framed(Buffer.from('again'))]);

    expect(Buffer.from(await call()).toString()).toBe('again');
    expect(sessions).toBe(3);
  });

  test('that watches ends where the server sends what is no event', async () => {
    answer = () => undefined;
    server.on('stream', (stream) => {
      stream.respond(HEADERS);
      stream.write(framed(Buffer.from([0x5a, 0xff, 0xff, 0xff, 0xff])));
    });
    const etcd = new GrpcEtcd({ endpoints: [endpoint], clock: systemClock });

    const ended = await new Promise((resolve) => {
      etcd.watch('a/', 1, { events: () => undefined, ended: (why, message) => resolve([why, message]) });
    });
    etcd.close();

    expect(ended).toEqual(['lost', 'the member sends what is no event']);
  });

  test('shares one connection with the others, and with those that began while it was opened', async () => {
    answer = (stream) => sendAll(stream, [framed(Buffer.from('yes'))]);

    await Promise.all(Array.from({ length: 300 }, () => call()));

    expect(sessions).toBe(1);
  });
});
