import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';

/** RFC 9113 §3.4: what every client of HTTP/2 sends first. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Connections; further ones are closed at once. */
const MOST_CONNECTIONS = 64;
/** Streams of one connection, and the largest head of one: octets. */
const MOST_STREAMS = 64;
const HEADER_LIMIT = 8192;
const MOST_HEADERS = 64;
/** What one connection may take at the most: megabytes. */
const SESSION_MEMORY = 32;
/** How long the first octets may take; and a connection on which nothing happens is closed: milliseconds. */
const PREFACE_TIME = 10_000;
const IDLE_TIME = 120_000;

export type TakeStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The door of the port: what is no HTTP/2 with prior knowledge is told so, and all else is bounded. */
export class Http2Door {
  readonly server: Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();

  constructor(take: TakeStream) {
    this.#http2 = createHttp2Server({
      maxHeaderListPairs: MOST_HEADERS,
      maxSessionMemory: SESSION_MEMORY,
      settings: { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize: HEADER_LIMIT, enablePush: false },
    });
    this.#http2.on('session', (session) => watch(session));
    this.#http2.on('sessionError', () => {});
    this.#http2.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      // Node announces the limit, and enforces a larger one.
      if (lengthOf(headers) > HEADER_LIMIT) {
        stream.respond({ ':status': 431 }, { endStream: true });
        stream.close(constants.NGHTTP2_NO_ERROR);
      } else take(stream, headers);
    });
    this.server = createServer((socket) => this.#greet(socket));
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  /** Ends all connections. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Looks at the first octets, for HTTP/2 has none in common with HTTP/1.1. */
  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const end = () => socket.destroy();
    socket.on('error', end);
    socket.setTimeout(PREFACE_TIME, end);
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) {
        end();
        return;
      }
      const length = Math.min(first.length, PREFACE.length);
      if (PREFACE.compare(first, 0, length, 0, length) !== 0) {
        refuse(socket, first);
        return;
      }
      socket.setTimeout(0);
      socket.removeListener('timeout', end);
      socket.unshift(first);
      this.#http2.emit('connection', socket);
    });
  }
}

/** RFC 9113 §6.5.2: 32 octets for each field, beside its name and its value. */
function lengthOf(headers: IncomingHttpHeaders): number {
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 32,
    0,
  );
}

function watch(session: ServerHttp2Session): void {
  session.on('error', () => {});
  session.setTimeout(IDLE_TIME, () => session.destroy());
}

function refuse(socket: Socket, first: Buffer): void {
  const isHttp1 = /^[A-Z]{3,10} \S/.test(first.toString('latin1', 0, 64));
  if (!isHttp1) {
    socket.destroy();
    return;
  }
  const body = 'This port takes HTTP/2 with prior knowledge only (curl --http2-prior-knowledge).\n';
  const head = `HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}
