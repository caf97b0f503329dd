import type { IncomingHttpHeaders } from 'node:http2';
import { CallError } from '../../platform/call-error.ts';
import { SERVICE } from '../../platform/messages.ts';
import { CODECS, type MessageCodec } from './dispatch.ts';

/** The content types of Connect's protocol that are read. */
const TYPE = /^application\/(connect\+)?(proto|json)$/;
export const ACCEPTED =
  'application/proto, application/json, application/connect+proto, application/connect+json';
const LONGEST_TIME = 300_000;

/** A request by its head alone. */
export interface ConnectRequest {
  readonly method: string;
  readonly isStream: boolean;
  /** As it is answered. */
  readonly contentType: string;
  readonly codec: MessageCodec;
  /** How long its caller waits: milliseconds. */
  readonly milliseconds: number;
  readonly secret: string | undefined;
  /** What is wrong with it; it is answered only to who has shown the secret. */
  readonly fault: CallError | undefined;
}

/** Undefined: its content type is none of the protocol. */
export function connectRequest(headers: IncomingHttpHeaders, longest: number): ConnectRequest | undefined {
  const contentType =
    /^[^;]*/
      .exec(headers['content-type'] ?? '')?.[0]
      .trim()
      .toLowerCase() ?? '';
  const [, stream, name] = TYPE.exec(contentType) ?? [];
  if (name !== 'proto' && name !== 'json') return undefined;
  const isStream = stream !== undefined;
  const path = headers[':path'] ?? '';
  const [, service, method = ''] = /^\/([^/?]+)\/([^/?]+)$/.exec(path) ?? [];
  return {
    method,
    isStream,
    contentType,
    codec: CODECS[name],
    milliseconds: timeOf(headers) ?? longest,
    secret: secretOf(headers),
    fault: faultOf(headers, isStream, service),
  };
}

function faultOf(
  headers: IncomingHttpHeaders,
  isStream: boolean,
  service: string | undefined,
): CallError | undefined {
  if (service !== SERVICE) return new CallError('unimplemented', `the service of this gateway is ${SERVICE}`);
  const version = headers['connect-protocol-version'];
  if (version !== undefined && version !== '1')
    return new CallError('invalid_argument', 'connect-protocol-version is not 1');
  const encoding = headers[isStream ? 'connect-content-encoding' : 'content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return new CallError('unimplemented', 'compressed messages are not read: the encoding is to be identity');
  if (timeOf(headers) === null)
    return new CallError('invalid_argument', 'connect-timeout-ms is not a number of milliseconds');
  return undefined;
}

/** Null: it cannot be read. Undefined: there is none. */
function timeOf(headers: IncomingHttpHeaders): number | null | undefined {
  const text = headers['connect-timeout-ms'];
  if (text === undefined) return undefined;
  return typeof text === 'string' && /^\d{1,10}$/.test(text) ? Math.min(Number(text), LONGEST_TIME) : null;
}

/** `x-api-secret`, or `Authorization: Bearer ...` as the API takes it; undefined: none is shown. */
function secretOf(headers: IncomingHttpHeaders): string | undefined {
  const shown = headers['x-api-secret'];
  if (typeof shown === 'string') return shown;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
