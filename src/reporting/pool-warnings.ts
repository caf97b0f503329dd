import type { Decision } from '../engine/decision/decision.ts';
import type { Log } from '../log/log.ts';
import { LastingState } from './lasting-state.ts';

/** A pool has room again when no client was refused for this time: milliseconds. */
const QUIET_TIME = 60_000;

/** Logs that the pool is full, and that it has room again: at most once a minute. */
export class PoolWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  /** Undefined: the pool has room. */
  #full: LastingState | undefined;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
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
    if (this.#full.observed(this.#monotonic()))
      this.#log.warn({}, 'the pool is full: new clients get no address');
  }
}

function isForNewClient(reason: Decision['reason']): boolean {
  return (
    reason === 'offered' || reason === 'offered-to-clone' || reason === 'offered-unheld' || reason === 'bootp'
  );
}
