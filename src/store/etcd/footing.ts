import type { Clock } from '../../lease/clock.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { Mirror } from '../mirror.ts';
import { EtcdError } from './client/etcd.ts';
import { OtherLifeError } from './keys/birth.ts';
import type { Members } from './membership/members.ts';

/** Whether leases can be promised: a majority answers, takes what is written, and no other gateway contradicts. */
export class Footing {
  readonly #clock: Clock;
  readonly #table: LeaseTable;
  readonly #mirror: Mirror;
  readonly #members: Members;
  #failure: string | undefined = 'the leases have not been read yet';
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** False: etcd has refused a change, and has not taken a heartbeat since (no space, no permission). */
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

  /** When a majority answered last: monotonic milliseconds. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** A majority has answered. */
  confirm(): void {
    if (!this.#mayWrite) return;
    this.#failure = undefined;
    this.#confirmedAt = this.#clock.monotonic();
    this.#table.canPromise = this.#members.problem === undefined;
    this.#mirror.asked(true, this.#clock.now());
  }

  /** Nothing is promised until a majority answers again. */
  lose(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    this.#table.canPromise = false;
    this.#mirror.asked(false, this.#clock.now());
  }

  /** A change was not taken: where etcd answers and refuses, it is no better before it has taken a heartbeat. */
  notTaken(error: unknown): void {
    const isRefused = error instanceof EtcdError && error.fault === 'refused';
    if (isRefused && !(error instanceof OtherLifeError)) this.#mayWrite = false;
  }

  heartbeatTaken(): void {
    this.#mayWrite = true;
  }
}
