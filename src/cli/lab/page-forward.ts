import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { refusePage } from './page-refusal.ts';

/** A gateway whose page is passed on. */
export interface PageGateway {
  /** Its page is below a path of this name: /node-1/. */
  readonly name: string;
  /** Its API's Unix socket. */
  readonly socket: string;
}

/** Who has made a change by the page, in the history. */
const AUTHOR = 'lab-page';
/**
 * RFC 9110 §7.6.1: of one connection alone. Cookies are the lab's own or of other programs on this machine, Node.js answers
 * `expect`, and a page does not say who the author is.
 */
const NOT_PASSED_ON = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'cookie', 'expect', 'x-author'],
]);

/** A connection to a gateway's socket; undefined: nobody listens there. */
export function connectTo({ socket: path }: PageGateway): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

/** Sends a request on over a connection, and its answer back, part by part. If one side breaks off, the other is ended too. */
export function forward(asked: IncomingMessage, answer: ServerResponse, path: string, socket: Socket): void {
  if (answer.destroyed) {
    socket.destroy();
    return;
  }
  const headers = { ...headersOf(asked), 'x-author': AUTHOR };
  const passed = request({ createConnection: () => socket, method: asked.method ?? 'GET', path, headers });
  answer.once('close', () => passed.destroy());
  passed.on('response', (told) => sendBack(told, asked, answer));
  // Once the head has been sent on, an error can only break the answer off.
  passed.on('error', () => answer.headersSent || answer.destroyed || refusePage(answer, 'noGateway'));
  asked.pipe(passed);
}

function headersOf(asked: IncomingMessage): OutgoingHttpHeaders {
  // A body without a length came in pieces, and goes on in pieces.
  const inPieces = asked.headers['transfer-encoding'] !== undefined;
  return { ...passedOn(asked.headers), ...(inPieces && { 'transfer-encoding': 'chunked' }) };
}

function sendBack(told: IncomingMessage, asked: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(told.statusCode ?? 502, passedOn(told.headers));
  // The head of a stream of events comes before its first event.
  answer.flushHeaders();
  // The browser must not take a part of an answer for the whole.
  told.on('error', () => answer.destroy());
  told.pipe(answer);
  // The gateway has answered: the rest of the request is read and not sent on.
  told.once('end', () => asked.unpipe().resume());
}

function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || NOT_PASSED_ON.has(name) || named.includes(name) ? [] : [[name, value]],
    ),
  );
}
