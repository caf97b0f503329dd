import { constants, type ServerHttp2Stream } from 'node:http2';
import { CALL_CODES, type CallError } from '../../platform/call-error.ts';
import { endOfStream } from '../../platform/envelopes.ts';
import type { ConnectRequest } from './connect-request.ts';

/** How long an answer may take to be read: milliseconds. */
const READ_TIME = 30_000;

/** An answer without a message. */
export function bare(
  stream: ServerHttp2Stream,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  finish(stream, { ':status': status, ...headers }, new Uint8Array(0));
}

export function fail(
  stream: ServerHttp2Stream,
  { isStream, contentType }: ConnectRequest,
  error: CallError,
): void {
  if (isStream) finish(stream, { ':status': 200, 'content-type': contentType }, endOfStream(error));
  else
    finish(
      stream,
      { ':status': CALL_CODES[error.code], 'content-type': 'application/json' },
      new TextEncoder().encode(JSON.stringify(error.json)),
    );
}

export function finish(
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, string | number>>,
  body: Uint8Array,
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond(headers);
  stream.end(body);
  closeSoon(stream);
}

/** RFC 9113 §8.1: a request whose answer is complete need not be sent to its end. Who does not read the answer is left. */
export function closeSoon(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), READ_TIME);
  stream.once('close', () => clearTimeout(timer));
  if (stream.readableEnded) return;
  stream.close(constants.NGHTTP2_NO_ERROR);
}
