import type { Clock } from '../../../lease/clock.ts';
import type { Certificates } from './certificates.ts';
import { causeOf } from './connect-failure.ts';
import { Connection } from './connection.ts';
import type { GrpcStream, StreamListener } from './grpc-stream.ts';
import { MemberName } from './member-name.ts';
import { EtcdCallError, STATUS } from './status-codes.ts';

/** Waiting time after a failed connection, longer after each: milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 500;

export interface ChannelParts {
  /** host:port; an IPv6 address is in brackets. */
  readonly endpoint: string;
  /** Absent: without TLS. */
  readonly tls: Certificates | undefined;
  readonly clock: Clock;
}

/** The stream of an open call, and a way to doubt its connection. */
export interface OpenStream {
  readonly stream: GrpcStream;
  /** Call it when nothing was answered since then: monotonic milliseconds. */
  suspect(since: number): void;
}

/** The way to one member: opens a connection when it is used, and a new one when it is lost. */
export class Channel {
  readonly #parts: ChannelParts;
  readonly #host: string;
  readonly #port: number;
  readonly #name: MemberName;
  #connection: Connection | undefined;
  #attempt: Promise<Connection> | undefined;
  #refusal = new EtcdCallError(STATUS.UNAVAILABLE, 'there was no connection yet');
  #pause = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  readonly #closing = new AbortController();

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    const colon = parts.endpoint.lastIndexOf(':');
    this.#host = parts.endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
    this.#port = Number(parts.endpoint.slice(colon + 1));
    this.#name = new MemberName(this.#host, parts.clock);
  }

  /** Sends one message and resolves to its one answer. @throws EtcdCallError, also when the milliseconds are over. */
  call(path: string, token: string, message: Uint8Array, milliseconds: number): Promise<Uint8Array> {
    const { clock } = this.#parts;
    const askedAt = clock.monotonic();
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined;
      let opened: OpenStream | undefined;
      let isOver = false;
      const end = (error?: unknown) => {
        isOver = true;
        cancelDeadline();
        if (error !== undefined) reject(error);
        else if (answer === undefined)
          reject(new EtcdCallError(STATUS.UNKNOWN, 'an answer without a message'));
        else resolve(answer);
      };
      const cancelDeadline = clock.after(milliseconds, () => {
        opened?.stream.cancel();
        opened?.suspect(askedAt);
        end(new EtcdCallError(STATUS.DEADLINE_EXCEEDED, 'no answer in time'));
      });
      const begin = (connection: Connection) => {
        if (isOver) return;
        opened = openOn(connection, path, token, {
          message: (bytes) => (answer = bytes),
          closed: end,
        });
        opened.stream.send(message);
        opened.stream.end();
      };
      this.#connect().then(begin).catch(end);
    });
  }

  /** Begins a call with many messages. @throws EtcdCallError */
  async open(path: string, token: string, listener: StreamListener): Promise<OpenStream> {
    return openOn(await this.#connect(), path, token, listener);
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
  }

  async #connect(): Promise<Connection> {
    if (this.#connection?.isUsable) return this.#connection;
    if (this.#attempt !== undefined) return this.#attempt;
    if (this.#closing.signal.aborted) throw new EtcdCallError(STATUS.CANCELLED, 'the client is closed');
    if (this.#parts.clock.monotonic() < this.#notBefore) throw this.#refusal;
    this.#attempt = this.#tryOnce().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #tryOnce(): Promise<Connection> {
    const { tls, clock } = this.#parts;
    const { signal } = this.#closing;
    try {
      await tls?.look(); // The member may ask for a certificate that was put there since.
      const parts = { name: this.#name, host: this.#host, port: this.#port, tls, clock, signal };
      const connection = await Connection.open(parts);
      if (signal.aborted) connection.close();
      this.#connection = connection;
      this.#pause = 0;
      return connection;
    } catch (error) {
      this.#pause = Math.min(Math.max(FIRST_PAUSE, 2 * this.#pause), LONGEST_PAUSE);
      this.#notBefore = clock.monotonic() + this.#pause;
      this.#refusal = new EtcdCallError(STATUS.UNAVAILABLE, causeOf(error, this.#host, tls), error);
      throw this.#refusal;
    }
  }
}

function openOn(connection: Connection, path: string, token: string, listener: StreamListener): OpenStream {
  const stream = connection.open(path, token, listener);
  return { stream, suspect: (since) => connection.suspect(since) };
}
