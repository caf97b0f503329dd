import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { CallError } from '../../platform/call-error.ts';
import { tooLarge } from '../../platform/envelopes.ts';
import type { PlatformAdmission } from './admission.ts';
import { ACCEPTED, type ConnectRequest, connectRequest } from './connect-request.ts';
import { dispatch, mistake } from './dispatch.ts';
import { bare, fail, finish } from './http2-answer.ts';
import { OctetBudget } from './octet-budget.ts';
import { callErrorOf } from './problem-error.ts';
import { type StreamCallParts, StreamCalls } from './stream-calls.ts';

/** The longest message that has a list, and the longest of all others: octets. */
const LONG_MESSAGE = 16 * 1024 * 1024;
const SHORT_MESSAGE = 64 * 1024;
/** What all messages that are being read may take together: octets. */
const MOST_READ = 64 * 1024 * 1024;
/** What all answers may take together that their callers have not read yet: octets. */
const MOST_UNREAD = 64 * 1024 * 1024;
/** How long a body may take to arrive: milliseconds. */
const BODY_TIME = 30_000;
/** How long a call may take; a list takes longer: milliseconds. */
const CALL_TIME = 30_000;
const LIST_TIME = 300_000;
/** Calls at work at once. */
const MOST_AT_WORK = 64;
const LISTS = 'SyncAllocations';

export interface ConnectServerParts extends StreamCallParts {
  readonly admission: PlatformAdmission;
}

/** The Connect protocol (https://connectrpc.com) of the platform's service, on streams of HTTP/2. */
export class ConnectServer {
  readonly #parts: ConnectServerParts;
  readonly #budget = new OctetBudget(MOST_READ);
  readonly #unread = new OctetBudget(MOST_UNREAD);
  readonly #streams: StreamCalls;
  #atWork = 0;

  constructor(parts: ConnectServerParts) {
    this.#parts = parts;
    this.#streams = new StreamCalls(parts);
  }

  take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (headers[':method'] !== 'POST') {
      bare(stream, 405, { allow: 'POST' });
      return;
    }
    const request = connectRequest(headers, headers[':path']?.endsWith(LISTS) ? LIST_TIME : CALL_TIME);
    if (request === undefined) {
      bare(stream, 415, { 'accept-post': ACCEPTED });
      return;
    }
    const remote = stream.session?.socket.remoteAddress ?? '';
    try {
      const author = this.#parts.admission.authorOf(request.secret, request.method, remote);
      if (request.fault !== undefined) throw request.fault;
      if (request.isStream) this.#streams.open(stream, request, author, remote);
      else void this.#unary(stream, request, author);
    } catch (error) {
      const failed = callErrorOf(error) ?? mistake(error, this.#parts.say);
      this.#parts.counts.count(request.method, failed.code);
      fail(stream, request, failed);
    }
  }

  async #unary(stream: ServerHttp2Stream, request: ConnectRequest, author: string): Promise<void> {
    const { method, codec, milliseconds, contentType } = request;
    const gone = new AbortController();
    stream.once('close', () => gone.abort(new DOMException('the caller has gone', 'AbortError')));
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(milliseconds)]);
    if (this.#atWork >= MOST_AT_WORK) {
      this.#parts.counts.count(method, 'unavailable');
      return fail(stream, request, new CallError('unavailable', 'too many calls are at work: send it again'));
    }
    this.#atWork += 1;
    try {
      const octets = await this.#body(stream, method === LISTS ? LONG_MESSAGE : SHORT_MESSAGE).catch(
        (error) => {
          this.#parts.counts.count(method, callErrorOf(error)?.code ?? 'canceled');
          throw error;
        },
      );
      const answer = await dispatch(this.#parts, method, codec, octets, { author, signal });
      this.#keepUntilRead(stream, answer);
      finish(stream, { ':status': 200, 'content-type': contentType }, answer);
    } catch (error) {
      fail(stream, request, callErrorOf(error) ?? mistake(error, this.#parts.say));
    } finally {
      this.#atWork -= 1;
    }
  }

  /**
   * A caller with a small window may leave an answer where it is.
   *
   * @throws CallError if there is too much of that.
   */
  #keepUntilRead(stream: ServerHttp2Stream, { length }: Uint8Array): void {
    if (stream.destroyed) return;
    if (!this.#unread.take(length))
      throw new CallError('resource_exhausted', 'too many answers are not read: read them first');
    stream.once('close', () => this.#unread.give(length));
  }

  /** @throws CallError */
  #body(stream: ServerHttp2Stream, most: number): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    let length = 0;
    return new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new CallError('deadline_exceeded', 'the request did not arrive in 30 s')),
        BODY_TIME,
      );
      const settle = () => clearTimeout(timer);
      stream.on('data', (part: Buffer) => {
        if (length + part.length > most) reject(tooLarge(most));
        else if (!this.#budget.take(part.length))
          reject(new CallError('resource_exhausted', 'too much is being received at once: send it again'));
        else {
          length += part.length;
          parts.push(part);
          return;
        }
        stream.pause();
      });
      stream.once('end', () => resolve(Buffer.concat(parts)));
      stream.once('close', () => {
        settle();
        reject(new CallError('canceled', 'the caller has gone'));
      });
    }).finally(() => {
      stream.removeAllListeners('data');
      this.#budget.give(length);
    });
  }
}
