import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

/** So many are waited for at once: further ones count as gone, so that those who leave keep no connection from others. */
const MOST = 256;
/** How long a read for one of them may take until its answer begins: milliseconds. */
const READ_TIME = 5000;

/**
 * Callers that have ended their side of the connection after their request, as `nc -N` does. Such a caller may wait for its answer
 * (RFC 9293 §3.6: who closes may still receive), or have closed all of it: the one looks like the other until something is
 * written. So some of them are answered, after all others. A stream of events, which only its caller ends, is over.
 */
export class EndedCallers {
  /** The newest response of each connection. */
  readonly #newest = new WeakMap<Socket, ServerResponse>();
  readonly #streams = new WeakSet<ServerResponse>();
  #count = 0;

  /** Call it before the server listens. */
  follow(server: Server | SecureServer): void {
    // Node would end its own side, too, and no answer would come through.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.on('connection', (socket: Socket) => socket.once('end', () => this.#noteEnd(socket)));
  }

  /** A request has come. */
  note({ socket }: IncomingMessage, outgoing: ServerResponse): void {
    this.#newest.set(socket, outgoing);
  }

  /** Its answer has no end. */
  noteStream(outgoing: ServerResponse): void {
    this.#streams.add(outgoing);
    if (outgoing.req.socket.readableEnded) outgoing.req.socket.destroy();
  }

  #noteEnd(socket: Socket): void {
    const newest = this.#newest.get(socket);
    // Node closes a connection on which no answer is awaited.
    if (newest === undefined || newest.destroyed) return;
    if (this.#count >= MOST || this.#streams.has(newest)) {
      socket.destroy();
      return;
    }
    this.#count += 1;
    const timer = setTimeout(() => {
      if (isRead(newest) && !newest.headersSent) socket.destroy();
    }, READ_TIME);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#count -= 1;
    });
  }
}

function isRead({ req }: ServerResponse): boolean {
  return req.method === 'GET' || req.method === 'HEAD';
}
