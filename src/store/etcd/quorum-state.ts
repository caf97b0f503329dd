import type { Clock } from '../../lease/clock.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Mirror } from '../mirror.ts';
import { EtcdError } from './client/etcd.ts';
import { OtherGenerationError } from './keys/generation.ts';
import type { Members } from './membership/members.ts';

/** An offer rests on an answer of a majority that is no older: milliseconds. */
const JUST_NOW = 1000;

/**
 * Whether this gateway may promise leases. It may while a majority of etcd's members answers and accepts its writes, and
 * no other gateway has the same address, name or different settings. It tells the table and the mirror.
 */
export class QuorumState {
  readonly #clock: Clock;
  readonly #table: LeaseTable;
  readonly #mirror: Mirror;
  readonly #members: Members;
  #failure: string | undefined = 'the leases have not been read yet';
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** Since when etcd gives no answer: monotonic milliseconds; undefined: it answers, or refuses. */
  #unansweredSince: number | undefined;
  /** False: etcd has refused a change (no space, no permission), and has not accepted a heartbeat since. */
  #mayWrite = true;

  constructor(clock: Clock, table: LeaseTable, mirror: Mirror, members: Members) {
    this.#clock = clock;
    this.#table = table;
    this.#mirror = mirror;
    this.#members = members;
    table.canPromise = false;
  }

  get failure(): string | undefined {
    return this.#failure ?? this.#members.problem;
  }

  get unansweredSince(): number | undefined {
    return this.#unansweredSince;
  }

  /** When a majority answered last: monotonic milliseconds. -Infinity: never. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** True: a majority has answered within the last second. */
  get hasJustAnswered(): boolean {
    return this.#table.canPromise && this.#clock.monotonic() - this.#confirmedAt < JUST_NOW;
  }

  /** Call it when a majority has answered. */
  majorityAnswered(): void {
    if (!this.#mayWrite) return;
    this.#failure = undefined;
    this.#unansweredSince = undefined;
    this.#confirmedAt = this.#clock.monotonic();
    this.#table.canPromise = this.#members.problem === undefined;
    this.#mirror.noteQuorum(true, this.#clock.now());
  }

  /** Call it when a call has failed: no lease is promised until a majority answers again. */
  askingFailed(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    const isUnanswered = error instanceof EtcdError && error.fault === 'unknown';
    this.#unansweredSince = isUnanswered ? (this.#unansweredSince ?? this.#clock.monotonic()) : undefined;
    this.#table.canPromise = false;
    this.#mirror.noteQuorum(false, this.#clock.now());
  }

  /** Call it when a change has failed. If etcd refused it, no lease is promised before etcd has accepted a heartbeat. */
  changeFailed(error: unknown): void {
    const isRefused = error instanceof EtcdError && error.fault === 'refused';
    if (isRefused && !(error instanceof OtherGenerationError)) this.#mayWrite = false;
  }

  /** Call it when etcd has accepted a heartbeat. */
  heartbeatWritten(): void {
    this.#mayWrite = true;
  }
}
