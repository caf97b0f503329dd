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
import { CallError, STATUS } from './status-codes.ts';

/** A member that has not answered for so long is given up: milliseconds. Of TCP, TLS and HTTP/2 together. */
const CONNECT_MILLISECONDS = 2000;
/** After a call without an answer the connection is tested by an HTTP/2 PING, which must be answered within: milliseconds. */
const PING_MILLISECONDS = 1000;
/** What may come before it is read; a snapshot's pages come whole. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Node's own limit of a session, in megabytes, that calls on their way must never meet. */
const SESSION_MEGABYTES = 1024;

/** The member has ended the connection without a word. */
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
  /** Ends the attempt, or the connection. */
  readonly signal: AbortSignal;
}

/**
 * One connection to one member, over TCP, TLS and HTTP/2, made by hand: it goes by no proxy, whatever the environment
 * names, it has a deadline, and what goes wrong on the way is an error with a code and not a line of text.
 */
export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  /** When something came last: monotonic milliseconds. */
  #heardAt: number;
  #isAsked = false;

  private constructor(session: ClientHttp2Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
    session.on('error', () => undefined); // Each call on it hears of it.
    session.on('ping', () => this.#heard());
  }

  /** Rejects with what was met on the way, as it was. */
  static async open(parts: ConnectionParts): Promise<Connection> {
    const { clock, host, port, name, tls, signal } = parts;
    const tcp = connectTcp({ host, port, lookup: name.lookup, noDelay: true });
    tcp.on('error', () => undefined); // Also when nobody waits for it any more.
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

  /** False: it has been lost, or the member takes nothing more on it. */
  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Begins a call. Throws a CallError where it cannot be begun. */
  open(path: string, token: string, listener: StreamListener): GrpcStream {
    return new GrpcStream(this.#request(path, token), {
      message: (bytes) => {
        this.#heard();
        listener.message(bytes);
      },
      closed: (error) => listener.closed(error),
    });
  }

  /** Nothing was answered since then: tests the connection by a PING, and ends it without an answer. `since`: monotonic milliseconds. */
  suspect(since: number): void {
    if (this.#isAsked || this.#heardAt > since || !this.isUsable) return;
    this.#isAsked = true;
    const cancel = this.#clock.after(PING_MILLISECONDS, () => {
      this.#session.destroy(new Error('the member is silent'), constants.NGHTTP2_CANCEL);
    });
    this.#session.ping((error) => {
      this.#isAsked = false;
      cancel();
      if (error === null) this.#heard();
    });
  }

  close(): void {
    this.#session.destroy();
  }

  #heard(): void {
    this.#heardAt = this.#clock.monotonic();
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
      throw new CallError(STATUS.UNAVAILABLE, message, cause);
    }
  }
}

/** Shows our certificate if there is one, and holds the member's against its name or address. */
async function secure(tcp: Socket, { host, name, tls }: ConnectionParts): Promise<Socket> {
  const secured = connectTls({
    ...tls?.current,
    socket: tcp,
    // RFC 6066 §3: an address is no server name.
    servername: name.isAddress ? '' : host,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: true, // Whatever the environment says.
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  secured.on('error', () => undefined);
  await Promise.race([once(secured, 'secureConnect'), lossOf(secured, 'before-tls')]);
  return secured;
}

/** TLS 1.3 refuses a client's certificate only now: the connection is there when HTTP/2 has begun. */
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

/** Rejects when it breaks, or is closed by the member. */
function lossOf(connection: Socket | ClientHttp2Session, stage: ClosedError['stage']): Promise<never> {
  return new Promise((_resolve, reject) => {
    connection.once('error', reject);
    connection.once('close', () => setImmediate(() => reject(new ClosedError(stage)))); // An error says more.
  });
}

/**
 * Ends the socket when the signal says so. Node.js can do it too, but leaves its listener at the signal for ever, and with
 * it each socket that was tried.
 */
function endWith(signal: AbortSignal, socket: Socket): void {
  const end = () => socket.destroy(new Error('the client is closed'));
  signal.addEventListener('abort', end);
  socket.once('close', () => signal.removeEventListener('abort', end));
  if (signal.aborted) end();
}
