import type { Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { EndedCallers } from './ended-callers.ts';

/** Refuses what is no HTTP, or whose head is too large: it never reaches the app. Its connection ends. */
export function refuseUnreadable(server: Server | SecureServer, callers: EndedCallers): void {
  const refused = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else if (!refused.has(socket)) refuse(error, socket, callers.openOn(socket));
    // Whatever follows on the connection is unreadable too.
    refused.add(socket);
  });
}

/** RFC 9112 §9.3.2: answers go out in the order of the requests, so those before it are answered first. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, open: readonly ServerResponse[]): void {
  const before = open.filter(({ req }) => req.complete).at(-1);
  if (before === undefined) {
    end(error, socket, open);
    return;
  }
  before.once('close', () => {
    if (socket.writable) end(error, socket, open);
  });
}

function end({ code }: NodeJS.ErrnoException, socket: Socket, open: readonly ServerResponse[]): void {
  // The answer to a request whose body became unreadable has begun, and cannot be taken back.
  if (open.some(({ req, headersSent }) => !req.complete && headersSent)) {
    socket.destroy();
    return;
  }
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const [number] = status.split(' ');
  const body = JSON.stringify({ type: 'about:blank', title: status.slice(4), status: Number(number) });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}
