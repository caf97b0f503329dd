import type { Decision } from '../engine/decision/decision.ts';
import type { Log } from '../log/log.ts';
import { Lasting } from './lasting.ts';

/** A pool has room again if no client was refused for so long: milliseconds. */
const CALM = 60_000;

/** That the pool is full, and has room again: told once a minute at most. */
export class PoolWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  /** Undefined: the pool has room. */
  #full: Lasting | undefined;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note({ reason }: Decision): void {
    if (reason === 'pool-full') this.#refused();
    else if (isForNewClient(reason)) this.#full?.mended();
  }

  /** To be called now and then. */
  check(): void {
    if (this.#full?.isOver(this.#monotonic()) !== true) return;
    this.#full = undefined;
    this.#log.warn({}, 'the pool has room again');
  }

  #refused(): void {
    this.#full ??= new Lasting(CALM);
    if (this.#full.met(this.#monotonic())) this.#log.warn({}, 'the pool is full: new clients get no address');
  }
}

function isForNewClient(reason: Decision['reason']): boolean {
  return reason === 'offered' || reason === 'offered-to-clone' || reason === 'bootp';
}
