import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { EtcdCallError, STATUS } from './status-codes.ts';

/** Before each message: one byte (1: compressed) and the length in four bytes. */
const PREFIX_BYTES = 5;
/** The most bytes of an answer. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface StreamListener {
  /** Called with one whole message; its bytes belong to the listener. */
  message(bytes: Buffer): void;
  /** Called once, as the last call. undefined: the member has ended the call without an error. Not called after `cancel`. */
  closed(error: EtcdCallError | undefined): void;
}

/** One call of gRPC: a stream of HTTP/2 with messages in both directions. */
export class GrpcStream {
  readonly #stream: ClientHttp2Stream;
  readonly #listener: StreamListener;
  /** The beginning of a message that has not arrived whole, its bytes so far, and the bytes that it needs. */
  #chunks: Buffer[] = [];
  #held = 0;
  #awaited = PREFIX_BYTES;
  #status: EtcdCallError | 'ok' | undefined;
  #isOver = false;

  constructor(stream: ClientHttp2Stream, listener: StreamListener) {
    this.#stream = stream;
    this.#listener = listener;
    stream.on('response', (headers) => this.#read(headers));
    stream.on('trailers', (headers) => this.#read(headers));
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('end', () => {
      if (this.#status !== undefined) this.#close();
    });
    stream.on('error', (error) => {
      this.#status ??= new EtcdCallError(STATUS.UNAVAILABLE, error.message, error);
    });
    stream.on('close', () => this.#close());
  }

  send(message: Uint8Array): void {
    if (this.#isOver || this.#stream.destroyed || this.#stream.writableEnded) return;
    const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
    framed[0] = 0;
    framed.writeUInt32BE(message.byteLength, 1);
    framed.set(message, PREFIX_BYTES);
    this.#stream.write(framed);
  }

  /** Ends the sending direction. */
  end(): void {
    this.#stream.end();
  }

  /** Cancels the call; the listener is not called any more. */
  cancel(): void {
    this.#isOver = true;
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #read(headers: IncomingHttpHeaders): void {
    const { ':status': http, 'grpc-status': code, 'grpc-message': message } = headers;
    if (code !== undefined) {
      this.#status = Number(code) === STATUS.OK ? 'ok' : new EtcdCallError(Number(code), textIn(message));
    } else if (http !== undefined && Number(http) !== 200) {
      this.#status = new EtcdCallError(
        STATUS.UNAVAILABLE,
        `HTTP status ${http}: this is no etcd, or not its port`,
      );
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver || this.#status instanceof EtcdCallError) return;
    this.#chunks.push(chunk);
    this.#held += chunk.byteLength;
    if (this.#held < this.#awaited) return; // Joined once: a page of a snapshot arrives in hundreds of parts.
    this.#take(this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held));
  }

  #take(joined: Buffer): void {
    let bytes = joined;
    this.#awaited = PREFIX_BYTES;
    while (bytes.byteLength >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + bytes.readUInt32BE(1);
      if (bytes[0] !== 0 || end > MOST_BYTES) {
        this.#break(bytes[0] === 0 ? 'an answer is too long' : 'an answer is compressed, unasked');
        return;
      }
      if (bytes.byteLength < end) {
        this.#awaited = end;
        break;
      }
      this.#listener.message(bytes.subarray(PREFIX_BYTES, end));
      if (this.#isOver) return;
      bytes = bytes.subarray(end);
    }
    this.#chunks = bytes.byteLength === 0 ? [] : [bytes];
    this.#held = bytes.byteLength;
  }

  #break(why: string): void {
    this.cancel();
    this.#listener.closed(new EtcdCallError(STATUS.UNAVAILABLE, why));
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const status = this.#status ?? new EtcdCallError(STATUS.UNAVAILABLE, 'the connection was lost');
    this.#listener.closed(status === 'ok' ? undefined : status);
  }
}

/** Decodes the status message, which is encoded as in a URL. */
function textIn(message: string | string[] | undefined): string {
  const text = String(message ?? '');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
