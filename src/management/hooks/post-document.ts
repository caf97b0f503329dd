import { createHmac } from 'node:crypto';
import { request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Delivery, DeliveryOutcome } from './outlet.ts';

/** RFC 9110 §15.5.9 and RFC 6585 §4: these ask for another try; other refusals would come again. */
const ASK_AGAIN: ReadonlySet<number> = new Set([408, 429]);

export interface WebhookOptions {
  readonly url: string;
  /** Undefined: requests are not signed. */
  readonly secret: string | undefined;
  /** PEM of the authorities that are believed in place of those that Node knows. */
  readonly ca: string | undefined;
  readonly milliseconds: number;
  readonly version: string;
  /** Wall-clock milliseconds. */
  now(): number;
}

/**
 * Sends each document by POST. Its headers are those of the Standard Webhooks specification: webhook-id, the same for each
 * try; webhook-timestamp; webhook-signature, by HMAC-SHA256 of both and the body.
 */
export function webhookDelivery(options: WebhookOptions): Delivery {
  const { url, secret, ca, milliseconds, version, now } = options;
  const target = new URL(url);
  const isSecure = target.protocol === 'https:';
  const ending = new AbortController();
  return {
    name: 'webhook',
    target: target.origin,
    deliver: ({ id, text }) => {
      const timestamp = String(Math.floor(now() / 1000));
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'user-agent': `vps-gateway/${version}`,
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        ...(secret !== undefined && { 'webhook-signature': signatureOf(secret, id, timestamp, text) }),
      };
      const limit = AbortSignal.timeout(milliseconds);
      const signal = AbortSignal.any([limit, ending.signal]);
      // A connection of its own each time: one that was kept may have died meanwhile.
      const settings = {
        method: 'POST',
        headers,
        signal,
        agent: false,
        ...(isSecure && ca !== undefined && { ca }),
      };
      return post(target, settings, isSecure, text, () => limit.aborted, milliseconds);
    },
    end: () => ending.abort(),
  };
}

function post(
  target: URL,
  settings: RequestOptions,
  isSecure: boolean,
  text: string,
  isOver: () => boolean,
  milliseconds: number,
): Promise<DeliveryOutcome> {
  return new Promise((resolve) => {
    const request = (isSecure ? secureRequest : plainRequest)(target, settings, (response) => {
      const { statusCode = 0 } = response;
      response.on('error', () => {});
      response.destroy(); // What it says beside its status is not needed, however long it is.
      resolve(outcomeOf(statusCode));
    });
    request.on('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve(outcomeOf(statusCode));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const cause = isOver()
        ? `no answer within ${milliseconds / 1000} seconds`
        : (error.code ?? error.message);
      resolve({ kind: 'failed', cause, isTimeout: isOver(), mayRepeat: true });
    });
    request.end(text);
  });
}

function outcomeOf(status: number): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const mayRepeat = status >= 500 || ASK_AGAIN.has(status);
  return { kind: 'failed', cause: `it answered ${status}`, isTimeout: false, mayRepeat };
}

/** A secret of that specification is whsec_ and base64; another one counts as its octets. */
function signatureOf(secret: string, id: string, timestamp: string, text: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`;
}
