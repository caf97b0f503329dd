import type { Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { OpenRequest } from './open-request.ts';

/** So many are waited for at once: further ones are refused, so that those who leave keep no connection from others. */
const MOST = 256;

/** Of callers that have ended their side, in milliseconds. */
export interface Patience {
  /** How long a request of theirs may wait until it is begun, and a read for one of them until its answer begins. */
  readonly answer: number;
  /** After this time in which they have read nothing of an answer, or twice that, their connection is closed. */
  readonly unread: number;
}

/** Who reads an answer page by page has the time for one. */
export const CALLER_PATIENCE: Patience = { answer: 5000, unread: 60_000 };

/**
 * Callers that have ended their side of the connection after their request, as `nc -N` does. Such a caller may wait for its answer
 * (RFC 9293 §3.6: who closes may still receive), or have closed all of it: the one looks like the other until something is
 * written. So some of them are answered, after all others. A stream of events, which only its caller ends, is over.
 */
export class EndedCallers {
  readonly #patience: Patience;
  readonly #givenUp: () => void;
  readonly #requests = new WeakMap<ServerResponse, OpenRequest>();
  /** Those of each connection that are not answered, in their order. */
  readonly #open = new WeakMap<Socket, Set<OpenRequest>>();
  readonly #streams = new WeakSet<ServerResponse>();
  #count = 0;

  /** @param givenUp Called when requests have been given up: those that wait are refused. */
  constructor(patience: Patience, givenUp: () => void) {
    this.#patience = patience;
    this.#givenUp = givenUp;
  }

  /** Call it before the server listens. */
  follow(server: Server | SecureServer): void {
    // Node would end its own side, too, and no answer would come through.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.on('connection', (socket: Socket) => socket.once('end', () => this.#noteEnd(socket)));
    server.on('timeout', (socket: Socket) => {
      // With nothing left to be sent, it is the answer that is waited for.
      if (!socket.readableEnded || socket.writableLength > 0) socket.destroy();
    });
  }

  /** Call it when the request has come. */
  requestOf(outgoing: ServerResponse): OpenRequest {
    const known = this.#requests.get(outgoing);
    if (known !== undefined) return known;
    const request = new OpenRequest(outgoing);
    this.#requests.set(outgoing, request);
    const { socket } = outgoing.req;
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open.add(request));
    outgoing.once('close', () => open.delete(request));
    return request;
  }

  /** The answers that are awaited on a connection, in their order. */
  openOn(socket: Socket): readonly ServerResponse[] {
    return [...(this.#open.get(socket) ?? [])].map(({ outgoing }) => outgoing);
  }

  /** Its answer has no end. */
  noteStream(outgoing: ServerResponse): void {
    this.#streams.add(outgoing);
    if (outgoing.req.socket.readableEnded) outgoing.req.socket.destroy();
  }

  #noteEnd(socket: Socket): void {
    const open = [...(this.#open.get(socket) ?? [])];
    // Node closes a connection on which no answer is awaited.
    if (open.length === 0) return;
    if (open.some(({ outgoing }) => this.#streams.has(outgoing))) {
      socket.destroy();
      return;
    }
    socket.setTimeout(this.#patience.unread);
    if (this.#count >= MOST) {
      this.#giveUp(open);
      return;
    }
    this.#count += 1;
    const timer = setTimeout(() => this.#giveUp(open), this.#patience.answer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#count -= 1;
    });
  }

  #giveUp(open: readonly OpenRequest[]): void {
    for (const request of open) request.giveUp();
    this.#givenUp();
  }
}
