import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Caller } from '../http/caller.ts';
import { badRequest } from '../http/problem.ts';
import { CALLER_PATIENCE, EndedCallers } from './ended-callers.ts';
import { RequestQueue } from './request-queue.ts';
import { refuseUnreadable } from './unreadable-input.ts';

/** The longest head of a request: octets. */
const HEADER_LIMIT = 8192;
/** Connections of one server: further ones are closed at once. As many may wait to be accepted. */
export const CONNECTION_LIMIT = 1024;
/** The head of a request, and all of it: milliseconds. A reconciliation has a long body. */
const HEAD_TIME = 10_000;
const REQUEST_TIME = 300_000;
/** A connection on which nothing is asked is closed after this time: milliseconds. */
const IDLE_TIME = 20_000;

/** Of an answer that only its caller ends. */
const ENDLESS = 'text/event-stream';

type Fetch = (request: Request, caller: Caller) => Response | Promise<Response>;

/** A server of Node's own for the app; it listens nowhere yet. */
export function httpServer(via: Caller['via'], fetch: Fetch, patience = CALLER_PATIENCE): Server {
  const options = { maxHeaderSize: HEADER_LIMIT, keepAliveTimeout: IDLE_TIME };
  const queue = new RequestQueue();
  const callers = new EndedCallers(patience, () => queue.refuseGivenUp());
  const server = limited(createServer(options, listenerOf(via, fetch, queue, callers)), callers);
  callers.follow(server);
  return server;
}

/**
 * The same by TLS. Until `setSecureContext` was called, no handshake succeeds. A caller that ends its side counts as gone:
 * Node.js closes both sides of a TLS connection then.
 */
export function httpsServer(fetch: Fetch): SecureServer {
  const options = { maxHeaderSize: HEADER_LIMIT, keepAliveTimeout: IDLE_TIME, handshakeTimeout: HEAD_TIME };
  const callers = new EndedCallers(CALLER_PATIENCE, () => {});
  const listener = listenerOf('tcp', fetch, new RequestQueue(), callers);
  return limited(createSecureServer(options, listener), callers);
}

function listenerOf(
  via: Caller['via'],
  fetch: Fetch,
  queue: RequestQueue,
  callers: EndedCallers,
): RequestListener {
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const answering = outgoing as ServerResponse;
      const remote = (incoming as IncomingMessage).socket.remoteAddress ?? '';
      const asked = callers.requestOf(answering);
      const answer = await asked.answer((gone) => fetch(request, { via, remote, gone }));
      if (answer.headers.get('content-type') === ENDLESS) callers.noteStream(answering);
      return answer;
    },
    {
      // Of a request of HTTP/1.0 without `Host`; the app refuses it by the header that is missing.
      hostname: 'localhost',
      errorHandler: () =>
        badRequest('the request cannot be read: its path or its `Host` is malformed').response(),
      overrideGlobalObjects: false,
    },
  );
  return (incoming, outgoing) => {
    const request = callers.requestOf(outgoing);
    queue.add({
      isGone: () => incoming.socket.destroyed,
      hasEnded: () => incoming.socket.readableEnded,
      isGivenUp: () => request.isGivenUp,
      begin: (done) => {
        request.whenDecided(done);
        void listener(incoming, outgoing);
      },
    });
  };
}

function limited<Made extends Server | SecureServer>(server: Made, callers: EndedCallers): Made {
  server.headersTimeout = HEAD_TIME;
  server.requestTimeout = REQUEST_TIME;
  server.maxConnections = CONNECTION_LIMIT;
  refuseUnreadable(server, callers);
  return server;
}
