import type { Decision } from '../engine/decision/decision.ts';
import type { Log } from '../log/log.ts';
import { LastingState } from './lasting-state.ts';
import { type PoolUse, poolRemedy } from './pool-use.ts';

/** A pool has room again when no client went without an address for this time: milliseconds. */
const QUIET_TIME = 60_000;

/** Logs that the pool is full, and that it has room again: at most once a minute. */
export class PoolWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #use: () => PoolUse | undefined;
  /** Undefined: the pool has room. */
  #full: LastingState | undefined;

  /** @param use How the pool is used now; undefined: that is not known. */
  constructor(log: Log, monotonic: () => number, use: () => PoolUse | undefined) {
    this.#log = log;
    this.#use = use;
    this.#monotonic = monotonic;
  }

  note({ reason }: Decision): void {
    if (reason === 'pool-full') this.#refused();
    else if (isForNewClient(reason)) this.#full?.notObserved();
  }

  /** Call it about once a second. */
  check(): void {
    if (this.#full?.isOver(this.#monotonic()) !== true) return;
    this.#full = undefined;
    this.#log.warn({}, 'the pool has room again');
  }

  #refused(): void {
    this.#full ??= new LastingState(QUIET_TIME);
    if (!this.#full.observed(this.#monotonic())) return;
    const use = this.#use();
    this.#log.warn(use === undefined ? {} : fieldsOf(use), 'the pool is full: new clients get no address');
  }
}

function fieldsOf(use: PoolUse) {
  const { left: free, leased, reserved, declined: quarantined, peers, offered } = use;
  return { free, leased, reserved, quarantined, peers, offered, remedy: poolRemedy(use) };
}

function isForNewClient(reason: Decision['reason']): boolean {
  return (
    reason === 'offered' || reason === 'offered-to-clone' || reason === 'offered-unheld' || reason === 'bootp'
  );
}
