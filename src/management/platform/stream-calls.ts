import { constants, type ServerHttp2Stream } from 'node:http2';
import { CallError } from '../../platform/call-error.ts';
import { EnvelopeReader, endOfStream, enveloped } from '../../platform/envelopes.ts';
import { GATEWAY_MESSAGE, REGISTER } from '../../platform/messages.ts';
import type { ConnectRequest } from './connect-request.ts';
import { carryOut, type DispatchParts, dispatch, isUnary, mistake, notCalledSo } from './dispatch.ts';
import { closeSoon } from './http2-answer.ts';
import type { PlatformCaller } from './platform-parts.ts';
import { callErrorOf } from './problem-error.ts';
import { Registration, type RegistrationParts } from './registration.ts';

/** The longest message: octets. */
const MESSAGE_LIMIT = 16 * 1024 * 1024;
/** What one stream may leave unread of what it was sent: octets. */
const MOST_UNREAD = 16 * 1024 * 1024;
/** How long a call may take; a list takes longer: milliseconds. */
const CALL_TIME = 30_000;
const LIST_TIME = 300_000;
/** Streams that are open at once. */
const MOST_STREAMS = 16;

export interface StreamCallParts extends DispatchParts {
  readonly registration: Omit<RegistrationParts, 'send' | 'end' | 'call' | 'sync' | 'remote'>;
}

/** The one call that is a stream both ways. */
export class StreamCalls {
  readonly #parts: StreamCallParts;
  #open = 0;

  constructor(parts: StreamCallParts) {
    this.#parts = parts;
  }

  /** @throws CallError if it is not opened. */
  open(stream: ServerHttp2Stream, request: ConnectRequest, author: string, remote: string): void {
    const { method, codec, contentType } = request;
    if (isUnary(method))
      throw new CallError('unimplemented', `${method} is no stream: send application/proto`);
    if (method !== REGISTER) throw notCalledSo(method);
    if (this.#open >= MOST_STREAMS)
      throw new CallError('resource_exhausted', `${MOST_STREAMS} streams are open already: close one`);
    this.#open += 1;
    stream.respond({ ':status': 200, 'content-type': contentType });
    const gone = new AbortController();
    const callerFor = (milliseconds: number): PlatformCaller => ({
      author,
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(milliseconds)]),
    });
    const ends = this.#endsOf(stream, request, () => registration.close());
    const registration = new Registration({
      ...this.#parts.registration,
      ...ends,
      remote,
      call: (called, payload) => dispatch(this.#parts, called, codec, payload, callerFor(CALL_TIME)),
      sync: (list) => {
        const caller = callerFor(LIST_TIME);
        const { calls } = this.#parts;
        return carryOut(this.#parts, 'SyncAllocations', caller.signal, () =>
          calls.SyncAllocations(list, caller),
        );
      },
    });
    const reader = new EnvelopeReader(MESSAGE_LIMIT);
    stream.on('data', (part: Buffer) => {
      try {
        for (const octets of reader.take(part)) registration.take(codec.read(GATEWAY_MESSAGE, octets));
      } catch (error) {
        ends.end(callErrorOf(error) ?? mistake(error, this.#parts.say));
      }
    });
    stream.once('end', () => ends.end());
    stream.once('close', () => {
      ends.end(new CallError('canceled', 'the caller has gone'));
      gone.abort(new DOMException('the caller has gone', 'AbortError'));
      this.#open -= 1;
    });
  }

  /** What a stream is written and ended by. */
  #endsOf(
    stream: ServerHttp2Stream,
    { method, codec }: ConnectRequest,
    ended: () => void,
  ): Pick<RegistrationParts, 'send' | 'end'> {
    let isEnded = false;
    const end = (error?: CallError) => {
      if (isEnded) return;
      isEnded = true;
      ended();
      this.#parts.counts.count(method, error?.code ?? 'ok');
      if (stream.destroyed || !stream.writable) return;
      stream.end(endOfStream(error));
      closeSoon(stream);
    };
    return {
      end,
      send: (message) => {
        if (isEnded || stream.destroyed || !stream.writable) return;
        stream.write(enveloped(codec.write(GATEWAY_MESSAGE, message)));
        if (stream.writableLength <= MOST_UNREAD) return;
        // Who reads nothing is not worth the memory.
        end(new CallError('resource_exhausted', 'what was sent is not read'));
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      },
    };
  }
}
