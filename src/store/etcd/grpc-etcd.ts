import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Clock } from '../../lease/clock.ts';
import { type Certificates, openChannel } from './channel.ts';
import {
  type Etcd,
  EtcdError,
  endOfPrefix,
  type MemberStatus,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchListener,
} from './etcd.ts';
import { GrpcWatch } from './grpc-watch.ts';
import * as messages from './messages.ts';
import { faultOf, isTokenRefused, textOf } from './status-codes.ts';

/** How long one call may take on one member: milliseconds. */
const CALL_MILLISECONDS = 1000;

export interface GrpcEtcdOptions {
  /** host:port of each member, one at least. */
  readonly endpoints: readonly string[];
  /** Absent: without TLS. */
  readonly tls?: Certificates;
  readonly user?: { readonly name: string; readonly password: string };
  readonly clock: Clock;
}

/** A call whose answer is one message, or one message of a stream. */
type Method = readonly [path: string, isStream: boolean];

const TXN: Method = ['/etcdserverpb.KV/Txn', false];
const RANGE: Method = ['/etcdserverpb.KV/Range', false];
const LEASE_GRANT: Method = ['/etcdserverpb.Lease/LeaseGrant', false];
const LEASE_REVOKE: Method = ['/etcdserverpb.Lease/LeaseRevoke', false];
const LEASE_KEEP_ALIVE: Method = ['/etcdserverpb.Lease/LeaseKeepAlive', true];
const STATUS: Method = ['/etcdserverpb.Maintenance/Status', false];
const AUTHENTICATE: Method = ['/etcdserverpb.Auth/Authenticate', false];
const WATCH = '/etcdserverpb.Watch/Watch';

/** etcd over gRPC, one member at a time: after a call whose outcome is unknown the next one goes to the next member. */
export class GrpcEtcd implements Etcd {
  readonly #endpoints: readonly string[];
  readonly #clients: readonly Client[];
  readonly #clock: Clock;
  readonly #user: GrpcEtcdOptions['user'];
  #current = 0;
  #token: Promise<string> | undefined;

  constructor({ endpoints, tls, user, clock }: GrpcEtcdOptions) {
    this.#endpoints = endpoints;
    this.#clients = endpoints.map((endpoint) => openChannel(endpoint, tls));
    this.#clock = clock;
    this.#user = user;
  }

  transact(transaction: Transaction): Promise<TransactionResult> {
    return this.#call(TXN, messages.encodeTransaction(transaction), (bytes) =>
      messages.decodeTransaction(bytes, transaction),
    );
  }

  range(first: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    return this.#call(RANGE, messages.encodeRange(first, end, options), messages.decodeRange);
  }

  watch(prefix: string, from: Revision, listener: WatchListener): Watch {
    const first = messages.encodeWatch(prefix, endOfPrefix(prefix), from);
    const place = this.#current;
    const open = async (): Promise<ClientDuplexStream<Uint8Array, Buffer>> => {
      const metadata = await this.#metadata();
      return this.#clientAt(place).makeBidiStreamRequest(WATCH, toBuffer, asItIs, metadata);
    };
    return new GrpcWatch(open, first, this.#clock, {
      events: (events, revision) => listener.events(events, revision),
      ended: (why, message) => {
        if (why === 'lost') this.#leave(place);
        listener.ended(why, message);
      },
    });
  }

  grantEtcdLease(seconds: number): Promise<string> {
    return this.#call(LEASE_GRANT, messages.encodeLeaseGrant(seconds), messages.decodeLeaseGrant);
  }

  async keepAlive(etcdLease: string): Promise<boolean> {
    const left = await this.#call(
      LEASE_KEEP_ALIVE,
      messages.encodeLeaseId(etcdLease),
      messages.decodeKeepAlive,
    );
    return left > 0;
  }

  async revokeEtcdLease(etcdLease: string): Promise<void> {
    await this.#call(LEASE_REVOKE, messages.encodeLeaseId(etcdLease), () => undefined);
  }

  status(): Promise<MemberStatus> {
    const endpoint = this.#endpoints[this.#current] ?? '';
    return this.#call(STATUS, new Uint8Array(0), (bytes) => messages.decodeStatus(bytes, endpoint));
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #call<Answer>(
    method: Method,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
  ): Promise<Answer> {
    const place = this.#current;
    try {
      return decode(await this.#ask(place, method, message));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'unknown') this.#leave(place);
      throw new EtcdError(fault, `etcd at ${this.#endpoints[place] ?? ''}: ${textOf(error)}`, error);
    }
  }

  /** A token that has run out was refused before anything happened: once, with a new one, it is asked again. */
  async #ask(place: number, method: Method, message: Uint8Array): Promise<Uint8Array> {
    const metadata = await this.#metadata();
    try {
      return await this.#send(place, method, message, metadata);
    } catch (error) {
      if (this.#user === undefined || !isTokenRefused(error)) throw error;
      this.#token = undefined;
      return this.#send(place, method, message, await this.#metadata());
    }
  }

  #send(
    place: number,
    [path, isStream]: Method,
    message: Uint8Array,
    metadata: Metadata,
  ): Promise<Uint8Array> {
    const client = this.#clientAt(place);
    return new Promise((resolve, reject) => {
      const options: CallOptions = {};
      const done = (error: ServiceError | null, answer?: Buffer): void => {
        cancelTimer();
        if (error !== null) reject(error);
        else if (answer === undefined) reject(new Error('no answer'));
        else resolve(answer);
      };
      const call = isStream
        ? firstOfStream(client, path, message, metadata, done)
        : client.makeUnaryRequest(path, toBuffer, asItIs, message, metadata, options, done);
      const cancelTimer = this.#clock.after(CALL_MILLISECONDS, () => call.cancel());
    });
  }

  async #metadata(): Promise<Metadata> {
    const metadata = new Metadata();
    const { name, password } = this.#user ?? {};
    if (name === undefined || password === undefined) return metadata;
    this.#token ??= this.#send(
      this.#current,
      AUTHENTICATE,
      messages.encodeAuthenticate(name, password),
      metadata,
    ).then(messages.decodeAuthenticate);
    try {
      metadata.set('token', await this.#token);
    } catch (error) {
      this.#token = undefined;
      throw error;
    }
    return metadata;
  }

  #clientAt(place: number): Client {
    const client = this.#clients[place];
    if (client === undefined) throw new EtcdError('refused', 'there are no endpoints');
    return client;
  }

  /** The next call goes to the next member, unless an earlier failure has seen to that. */
  #leave(place: number): void {
    if (place === this.#current) this.#current = (place + 1) % this.#clients.length;
  }
}

function firstOfStream(
  client: Client,
  path: string,
  message: Uint8Array,
  metadata: Metadata,
  done: (error: ServiceError | null, answer?: Buffer) => void,
): { cancel(): void } {
  const stream = client.makeBidiStreamRequest<Uint8Array, Buffer>(path, toBuffer, asItIs, metadata);
  stream.once('data', (answer: Buffer) => {
    stream.removeAllListeners('error');
    stream.on('error', () => undefined); // Its end, which we have asked for.
    stream.cancel();
    done(null, answer);
  });
  stream.once('error', (error: ServiceError) => done(error));
  stream.write(message);
  return stream;
}

function toBuffer(message: Uint8Array): Buffer {
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}
