import type { Clock } from '../../../lease/clock.ts';
import type { Certificates } from './certificates.ts';
import { Channel, type OpenStream } from './channel.ts';
import {
  type Alarm,
  type AskedMember,
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
import type { StreamListener } from './grpc-stream.ts';
import { GrpcWatch } from './grpc-watch.ts';
import { Login } from './login.ts';
import * as messages from './messages.ts';
import { errorText, faultOf, isOfTheToken } from './status-codes.ts';

/** How long one call may take on one member: milliseconds. */
const CALL_MILLISECONDS = 1000;
/** How long a login may take, whose hash is slow on purpose: milliseconds. */
const LOGIN_MILLISECONDS = 2000;

export interface GrpcEtcdOptions {
  /** host:port of each member, at least one. */
  readonly endpoints: readonly string[];
  /** Absent: without TLS. */
  readonly tls?: Certificates;
  readonly user?: { readonly name: string; readonly password: string };
  readonly clock: Clock;
}

const TXN = '/etcdserverpb.KV/Txn';
const RANGE = '/etcdserverpb.KV/Range';
const LEASE_GRANT = '/etcdserverpb.Lease/LeaseGrant';
const LEASE_REVOKE = '/etcdserverpb.Lease/LeaseRevoke';
const LEASE_KEEP_ALIVE = '/etcdserverpb.Lease/LeaseKeepAlive';
const STATUS = '/etcdserverpb.Maintenance/Status';
const ALARM = '/etcdserverpb.Maintenance/Alarm';
const COMPACT = '/etcdserverpb.KV/Compact';
const AUTHENTICATE = '/etcdserverpb.Auth/Authenticate';
const WATCH = '/etcdserverpb.Watch/Watch';

/** etcd over gRPC, one member at a time. After a call with an unknown outcome the next call goes to the next member. */
export class GrpcEtcd implements Etcd {
  readonly #endpoints: readonly string[];
  readonly #channels: readonly Channel[];
  readonly #clock: Clock;
  readonly #tls: Certificates | undefined;
  /** undefined: no user is set. */
  readonly #login: Login | undefined;
  #current = 0;

  constructor({ endpoints, tls, user, clock }: GrpcEtcdOptions) {
    this.#endpoints = endpoints;
    this.#channels = endpoints.map((endpoint) => new Channel({ endpoint, tls, clock }));
    this.#clock = clock;
    this.#tls = tls;
    this.#login = user === undefined ? undefined : new Login(clock, () => this.#logIn(user));
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
    const index = this.#current;
    const open = async (heard: StreamListener): Promise<OpenStream> =>
      this.#channelAt(index).open(WATCH, await this.#token(), heard);
    return new GrpcWatch(open, first, this.#clock, {
      events: (events, revision) => listener.events(events, revision),
      ended: (why, message) => {
        if (why === 'lost') this.#leave(index);
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

  async statuses(): Promise<readonly AskedMember[]> {
    return await Promise.all(this.#endpoints.map((endpoint, index) => this.#askForStatus(endpoint, index)));
  }

  alarms(): Promise<readonly Alarm[]> {
    return this.#call(ALARM, new Uint8Array(0), messages.decodeAlarms);
  }

  compact(revision: Revision): Promise<void> {
    return this.#call(COMPACT, messages.encodeCompaction(revision), () => undefined);
  }

  /** Closes the connections, and stops looking at the certificates. */
  close(): void {
    for (const channel of this.#channels) channel.close();
    this.#tls?.close();
  }

  async #call<Answer>(
    path: string,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
  ): Promise<Answer> {
    const index = this.#current;
    try {
      return decode(await this.#ask(index, path, message));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'unknown') this.#leave(index);
      throw new EtcdError(fault, `etcd at ${this.#endpoints[index] ?? ''}: ${errorText(error)}`, error);
    }
  }

  /** Calls again, once and with a new token, where the old token was refused: then nothing has happened yet. */
  async #ask(index: number, path: string, message: Uint8Array): Promise<Uint8Array> {
    const channel = this.#channelAt(index);
    const login = this.#login;
    if (login === undefined) return channel.call(path, '', message, CALL_MILLISECONDS);
    const token = await login.token();
    try {
      return await channel.call(path, token, message, CALL_MILLISECONDS);
    } catch (error) {
      if (!isOfTheToken(error) || !login.refused(token)) throw error;
    }
    const next = await login.token();
    try {
      const answer = await channel.call(path, next, message, CALL_MILLISECONDS);
      login.helped(next, true);
      return answer;
    } catch (error) {
      if (isOfTheToken(error)) login.helped(next, false);
      throw error;
    }
  }

  async #askForStatus(endpoint: string, index: number): Promise<AskedMember> {
    const begin = this.#clock.monotonic();
    const status = await this.#ask(index, STATUS, new Uint8Array(0)).then(
      (bytes) => messages.decodeStatus(bytes, endpoint),
      () => undefined,
    );
    return { endpoint, status, roundTrip: this.#clock.monotonic() - begin };
  }

  async #token(): Promise<string> {
    return (await this.#login?.token()) ?? '';
  }

  async #logIn({ name, password }: NonNullable<GrpcEtcdOptions['user']>): Promise<string> {
    const message = messages.encodeAuthenticate(name, password);
    const channel = this.#channelAt(this.#current);
    return messages.decodeAuthenticate(await channel.call(AUTHENTICATE, '', message, LOGIN_MILLISECONDS));
  }

  #channelAt(index: number): Channel {
    const channel = this.#channels[index];
    if (channel === undefined) throw new EtcdError('refused', 'there are no endpoints');
    return channel;
  }

  /** Takes the next member for the next call, unless an earlier failure has done so. */
  #leave(index: number): void {
    if (index === this.#current) this.#current = (index + 1) % this.#channels.length;
  }
}
