import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Clock } from '../../../lease/clock.ts';
import type { Certificates } from './certificates.ts';
import { GrpcStream, type StreamListener } from './grpc-stream.ts';
import type { MemberName } from './member-name.ts';
import { EtcdCallError, STATUS } from './status-codes.ts';

/** How long TCP, TLS and HTTP/2 together may take to connect: milliseconds. */
const CONNECT_MILLISECONDS = 2000;
/** After a call without an answer the connection is tested by an HTTP/2 PING, which must be answered within: milliseconds. */
const PING_MILLISECONDS = 1000;
/** Bytes that may arrive before they are read: a page of a snapshot fits. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Node's limit of a session's memory, in megabytes: calls under way must never reach it. */
const SESSION_MEGABYTES = 1024;

/** The member has closed the connection and sent no reason. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly stage: 'before-tls' | 'before-http2';

  constructor(stage: ClosedError['stage']) {
    super('the member has closed the connection');
    this.stage = stage;
  }
}

export interface ConnectionParts {
  readonly name: MemberName;
  readonly host: string;
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls: Certificates | undefined;
  readonly clock: Clock;
  /** Aborts the attempt, or the connection. */
  readonly signal: AbortSignal;
}

/**
 * One connection to one member over TCP, TLS and HTTP/2. It is made by hand: it uses no proxy, whatever the environment
 * names, it has a deadline, and a fault on the way is an error with a code, not a line of text.
 */
export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  /** When something arrived last: monotonic milliseconds. */
  #receivedAt: number;
  #isAsked = false;

  private constructor(session: ClientHttp2Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
    this.#receivedAt = clock.monotonic();
    session.on('error', () => undefined); // Each call on it gets the error.
    session.on('ping', () => this.#received());
  }

  /** @throws The error of TCP, TLS or HTTP/2, unchanged. */
  static async open(parts: ConnectionParts): Promise<Connection> {
    const { clock, host, port, name, tls, signal } = parts;
    const tcp = connectTcp({ host, port, lookup: name.lookup, noDelay: true });
    tcp.on('error', () => undefined); // Also when nobody waits for the connection any more.
    endWith(signal, tcp);
    let cancel = () => {};
    const tooLate = new Promise<never>((_resolve, reject) => {
      const words = `no answer to the connection within ${CONNECT_MILLISECONDS / 1000} s`;
      cancel = clock.after(CONNECT_MILLISECONDS, () => reject(new Error(words)));
    });
    const opened = once(tcp, 'connect')
      .then(() => (tls === undefined ? tcp : secure(tcp, parts)))
      .then((socket) => openSession(parts, socket));
    try {
      return new Connection(await Promise.race([opened, tooLate]), clock);
    } catch (error) {
      tcp.destroy();
      throw error;
    } finally {
      cancel();
    }
  }

  /** False: the connection is lost, or the member accepts no more calls on it. */
  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Begins a call. @throws EtcdCallError where it cannot begin. */
  open(path: string, token: string, listener: StreamListener): GrpcStream {
    return new GrpcStream(this.#request(path, token), {
      message: (bytes) => {
        this.#received();
        listener.message(bytes);
      },
      closed: (error) => listener.closed(error),
    });
  }

  /**
   * Call it if no answer came since then. Tests the connection by a PING, and ends it if that is not answered. `since`:
   * monotonic milliseconds.
   */
  suspect(since: number): void {
    if (this.#isAsked || this.#receivedAt > since || !this.isUsable) return;
    this.#isAsked = true;
    const cancel = this.#clock.after(PING_MILLISECONDS, () => {
      this.#session.destroy(new Error('the member is silent'), constants.NGHTTP2_CANCEL);
    });
    this.#session.ping((error) => {
      this.#isAsked = false;
      cancel();
      if (error === null) this.#received();
    });
  }

  close(): void {
    this.#session.destroy();
  }

  #received(): void {
    this.#receivedAt = this.#clock.monotonic();
  }

  #request(path: string, token: string): ClientHttp2Stream {
    try {
      return this.#session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(token === '' ? {} : { token }),
      });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new EtcdCallError(STATUS.UNAVAILABLE, message, cause);
    }
  }
}

/** Sends this gateway's certificate if there is one, and checks the member's against its name or address. */
async function secure(tcp: Socket, { host, name, tls }: ConnectionParts): Promise<Socket> {
  const secured = connectTls({
    ...tls?.current,
    socket: tcp,
    // RFC 6066 §3: an address is not a server name.
    servername: name.isAddress ? '' : host,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: true, // Whatever the environment says.
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  secured.on('error', () => undefined);
  await Promise.race([once(secured, 'secureConnect'), lossOf(secured, 'before-tls')]);
  return secured;
}

/** Resolves when HTTP/2 has begun. With TLS 1.3 a member refuses a client's certificate only after the handshake. */
async function openSession(
  { host, port, tls }: ConnectionParts,
  socket: Socket,
): Promise<ClientHttp2Session> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const session = connectHttp2(`${tls === undefined ? 'http' : 'https'}://${authority}`, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    maxSessionMemory: SESSION_MEGABYTES,
  });
  try {
    const lost = [lossOf(session, 'before-http2'), lossOf(socket, 'before-http2')];
    await Promise.race([once(session, 'remoteSettings'), ...lost]);
    session.setLocalWindowSize(WINDOW_BYTES);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** Rejects when the connection breaks, or the member closes it. */
function lossOf(connection: Socket | ClientHttp2Session, stage: ClosedError['stage']): Promise<never> {
  return new Promise((_resolve, reject) => {
    connection.once('error', reject);
    connection.once('close', () => setImmediate(() => reject(new ClosedError(stage)))); // An error says more.
  });
}

/**
 * Destroys the socket when the signal aborts. Node.js offers this too, but never removes its listener from the signal, which
 * would keep every socket that was tried in memory.
 */
function endWith(signal: AbortSignal, socket: Socket): void {
  const end = () => socket.destroy(new Error('the client is closed'));
  signal.addEventListener('abort', end);
  socket.once('close', () => signal.removeEventListener('abort', end));
  if (signal.aborted) end();
}
